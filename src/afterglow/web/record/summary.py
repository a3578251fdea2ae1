"""The printed summary of a chart: what another clinic, or this one without power, needs to know of a person."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.lookups import list_sessions
from afterglow.clinic.measures.risk import list_open
from afterglow.terms import Grade
from afterglow.web.present.due import build_due
from afterglow.web.present.glance import (
    GAD7_FACT,
    PHQ9_FACT,
    describe_consent_state,
    list_scores,
)
from afterglow.web.present.head import describe_hold, describe_person, describe_suicide, describe_weight
from afterglow.web.present.history import build_history
from afterglow.web.present.plans import describe_dose, describe_protocol
from afterglow.web.presenting import describe_source
from afterglow.web.record.sheet import DASH, get_page_language
from afterglow.web.templatetags.words import day
from afterglow.web.views.home import describe_phase

LEFT = "left"


def build_summary(patient: Any, *, now: datetime, by: Any) -> dict[str, Any]:
    """Return the data of the summary as the chart stands at `now`; sessions only for who may read them."""
    history = build_history(patient, now)
    run = patient.screening_runs.order_by("-recorded_at", "-pk").first()
    parts = [
        _list_entries(_("Diagnoses"), history["problems"], _("None recorded.")),
        _list_entries(_("Allergies"), history["allergies"], history["allergies_words"]),
        _list_entries(_("Medication"), history["medication"], history["medication_words"] or _("None recorded.")),
        _list_entries(_("Past trials"), history["trials"], history["trials_words"] or _("None recorded.")),
        _build_suicide(patient, now),
        _build_plan(patient),
        _build_consents(patient, now),
        _build_scores(patient),
    ]
    if policy.allow(by, "session.read", patient):
        parts.append(_build_sessions(patient))
    parts.append(_build_findings(run, patient, now))
    return {
        **_build_frame(patient, now=now, by=by),
        "identity": _build_identity(patient, history, now),
        "parts": parts,
        "signatures": _list_signatures(patient, by, now),
    }


def _build_frame(patient: Any, *, now: datetime, by: Any) -> dict[str, Any]:
    site, born = patient.site, formats.date_format(patient.birth_on, "j M Y")
    printed = formats.date_format(now.astimezone(ZoneInfo(site.timezone)), "j M Y H:i")
    return {
        "title": _("Summary of the chart"),
        "subtitle": f"{patient.display_name}, {describe_person(patient)}",
        "language": get_page_language(),
        "paper": site.paper,
        "demonstration": _("Invented person, demonstration data") if site.is_demonstration else None,
        "clinic": {"name": site.name, "address": ". ".join(part for part in (site.address, site.phone) if part)},
        "running": {
            "identity": _("%(name)s, born %(born)s, no. %(number)s")
            % {"name": patient.display_name, "born": born, "number": patient.number},
            "clinic": site.name,
        },
        "footer": {
            "left": _("As the chart stood. Not printed: answers of the history, and single readings."),
            "printed": _("Printed %(at)s by %(who)s.") % {"at": printed, "who": getattr(by, "signature_name", str(by))},
            "page": _("Page"),
            "of": _("of"),
            "lines": [_("Confidential. Medicines, allergies and weight are asked again before any dose.")],
        },
    }


def _build_identity(patient: Any, history: dict[str, Any], now: datetime) -> list[list[list[str]]]:
    weight, weight_age = describe_weight(patient, now)
    escorts = ", ".join(row["name"] for row in history["escorts"])
    return [
        [[_("Patient"), patient.display_name], [_("Born"), formats.date_format(patient.birth_on, "j M Y")]],
        [[_("Number"), patient.number], [_("Telephone"), patient.phone or DASH]],
        [[_("Weight"), f"{weight}, {weight_age}"], [_("Escort"), escorts or DASH]],
    ]


def _part(title: str, *, note: str = "", empty: str = "", **more: Any) -> dict[str, Any]:
    return {"title": title, "note": note, "columns": [], "rows": [], "lines": [], "empty": empty, **more}


def _list_entries(title: str, rows: list[dict[str, Any]], empty: str) -> dict[str, Any]:
    """Return entries of the chart as rows, those told and not confirmed marked."""
    mark = _("told, not confirmed")
    shown = [
        [row["name"], row["note"] or DASH, f"{row['when']}, {mark}" if row["is_told"] else row["when"]] for row in rows
    ]
    columns = [[_("What"), LEFT], [_("More"), LEFT], [_("Recorded"), LEFT]]
    return _part(title, empty=empty, columns=columns, rows=shown)


def _build_suicide(patient: Any, now: datetime) -> dict[str, Any]:
    """Return the newest C-SSRS as the chart's head says it, and first what holds a dose."""
    alerts = list_open(patient)
    lines = [describe_hold(patient, alerts)] if alerts else []
    return _part(
        _("Suicide risk"), lines=[*lines, describe_suicide(patient, alerts, list_sessions(patient), now).words]
    )


def _build_plan(patient: Any) -> dict[str, Any]:
    plan = patient.plans.filter(state="signed").select_related("signed_by").first()
    if plan is None:
        return _part(_("Plan"), empty=_("No signed plan."))
    lines = [f"{describe_protocol(plan.protocol)}, {describe_dose(plan)}"]
    if plan.induction_sessions and plan.sessions_per_week:
        given = {"n": plan.induction_sessions, "w": plan.sessions_per_week}
        lines.append(_("Induction: %(n)d sessions, %(w)d a week") % given)
    if plan.maintenance_every_wk:
        lines.append(_("Upkeep starts every %(n)d weeks") % {"n": plan.maintenance_every_wk})
    if plan.notes:
        lines.append(plan.notes)
    note = _("v%(n)d, signed %(day)s") % {"n": plan.number, "day": day(plan.signed_at)}
    return _part(_("Plan"), note=note, lines=lines)


def _build_consents(patient: Any, now: datetime) -> dict[str, Any]:
    today = timezone.localtime(now).date()
    consents = patient.consents.select_related("text").order_by("-signed_at", "-pk")
    rows = [[row.text.title, day(row.signed_at), describe_consent_state(row, today)["value"]] for row in consents]
    columns = [[_("Text"), LEFT], [_("Signed"), LEFT], [_("Stands"), LEFT]]
    return _part(_("Consents"), columns=columns, rows=rows, empty=_("No consent on file."))


def _build_scores(patient: Any) -> dict[str, Any]:
    """Return the scores by day, oldest first, a column for each scale."""
    scales = (("PHQ-9", list_scores(patient, PHQ9_FACT)), ("GAD-7", list_scores(patient, GAD7_FACT)))
    days = sorted({point.on for _name, points in scales for point in points})
    values = [{point.on: f"{point.value:g}" for point in points} for _name, points in scales]
    rows = [[day(on), *(found.get(on, DASH) for found in values)] for on in days]
    columns = [[_("Day"), LEFT], *([name, "right"] for name, _points in scales)]
    return _part(_("Course of scores"), columns=columns, rows=rows, empty=_("No score recorded."))


def _build_sessions(patient: Any) -> dict[str, Any]:
    sessions = patient.sessions.select_related("protocol").order_by("opened_at", "pk")
    rows = [
        [
            day(row.opened_at),
            describe_protocol(row.protocol.protocol),
            row.place or DASH,
            f"{describe_phase(row.phase)}, {_('record closed') if row.is_closed else _('record open')}",
        ]
        for row in sessions
    ]
    columns = [[_("Day"), LEFT], [_("Protocol"), LEFT], [_("Place"), LEFT], [_("Stands"), LEFT]]
    return _part(_("Sessions"), columns=columns, rows=rows, empty=_("No session yet."))


def _build_findings(run: Any, patient: Any, now: datetime) -> dict[str, Any]:
    """Return what the last screening found and what the long-term screens ask, each with rule, source and grade."""
    lines = [_write_finding(item) for item in (run.findings if run is not None else [])]
    lines += [_write_finding(row["item"]) for row in build_due(patient, now)["rows"]]
    note = _("screened %(day)s") % {"day": day(run.recorded_at)} if run is not None else _("not screened yet")
    return _part(_("Findings"), note=note, lines=lines, empty=_("No finding."))


def _write_finding(item: Any) -> str:
    def read(name: str) -> str:
        return str((item.get(name) if isinstance(item, dict) else getattr(item, name, "")) or "")

    said = ", ".join(part for part in (read("seen") or read("title"), read("threshold")) if part)
    grade = Grade(read("grade")).label if read("grade") in set(Grade) else ""
    basis = "; ".join(part for part in (describe_source(read("source")), grade) if part)
    return f"{said} ({read('rule')}. {basis})"


def _list_signatures(patient: Any, by: Any, now: datetime) -> list[dict[str, Any]]:
    """Return who signed the plan and witnessed the last consent, and who printed this."""
    found = []
    plan = patient.plans.filter(state="signed").select_related("signed_by", "second_signed_by").first()
    if plan is not None and plan.signed_by is not None:
        found.append(_sign(plan.signed_by, _("plan signed"), plan.signed_at, strong=True))
        if plan.second_signed_by is not None:
            found.append(_sign(plan.second_signed_by, _("plan signed second"), plan.signed_at))
    consent = patient.consents.select_related("witnessed_by").order_by("-signed_at", "-pk").first()
    if consent is not None:
        found.append(_sign(consent.witnessed_by, _("consent witnessed"), consent.signed_at))
    found.append(_sign(by, _("printed"), now))
    return found


def _sign(user: Any, act: str, at: datetime, *, strong: bool = False) -> dict[str, Any]:
    when = formats.date_format(timezone.localtime(at), "j M Y H:i")
    return {"name": getattr(user, "signature_name", str(user)), "act": act, "when": when, "strong": strong}
