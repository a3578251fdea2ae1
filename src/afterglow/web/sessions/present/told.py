"""What the person answered before the visit, in words and beside the check that asks the same in person."""

from collections import defaultdict
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinicday.checkin import describe_told, find_told_finding
from afterglow.web.sessions.present.words import MONTHS, read_instant, write_hour

View = dict[str, Any]


def build_told(view: View) -> dict[str, list[View]]:
    """Return the told answers by the check they belong to; those of no check of this protocol stand under ``""``."""
    known = {str(check.get("id")) for check in view.get("checks") or []}
    told: dict[str, list[View]] = defaultdict(list)
    for row in view.get("told") or []:
        check = str(row.get("check") or "")
        told[check if check in known else ""].append(_describe(row, view.get("now")))
    return dict(told)


def _describe(row: View, now: Any) -> View:
    question, answer = describe_told(row)
    finding = find_told_finding(row)
    if row.get("time"):
        answer = _write_moment(row["time"], now)
    if row.get("is_declined"):
        answer = _("rather not say")
    if row.get("has_words"):
        answer = _("%(answer)s (more in words, on the check-in page)") % {"answer": answer}
    if changed := row.get("changed"):
        later = _("rather not say") if changed.get("is_declined") else describe_told(changed)[1]
        said = {"answer": answer, "later": later, "at": _write_moment(changed.get("at"), now)}
        answer = _("%(answer)s (changed at %(at)s to: %(later)s; the worse answer counts)") % said
    origin = _("answered with staff") if row.get("with") == "staff" else _("told by phone link")
    return {
        "question": question,
        "answer": answer,
        "origin": f"{origin} {_write_moment(row.get('at'), now)}",
        "asks": finding.asks if finding is not None else "",
        "is_loud": finding is not None or bool(row.get("is_crisis")),
    }


def _write_moment(value: Any, now: Any) -> str:
    """Return the clock time, with the day before it when that is not today's."""
    at, today = read_instant(value), read_instant(now)
    if at is None or today is None:
        return write_hour(value)
    local, here = timezone.localtime(at), timezone.localtime(today)
    return write_hour(at) if local.date() == here.date() else f"{local.day} {MONTHS[local.month - 1]} {write_hour(at)}"
