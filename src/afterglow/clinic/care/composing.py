"""The words of an update letter as a draft: what was given, the course, the scores, the medicines, what is asked.

Everything comes from the record; what the record does not say is said to be missing. People edit the draft.
"""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.care.courses import CareCourse, load_care_course
from afterglow.clinic.care.facts import Given, Score, gather_given, gather_medicines, gather_scores
from afterglow.clinic.care.models import MedicationChange, OutsideClinician, StepDownPlan
from afterglow.clinic.care.models.letters import AFTER_INDUCTION, STOPPING
from afterglow.protocols.catalogue import get_effective
from afterglow.terms import InvalidInput


def compose_letter(patient: Any, kind: str, addressee: OutsideClinician, now: datetime) -> str:
    """Return the draft of a letter in paragraphs."""
    course = load_care_course(patient, now)
    parts = [
        _("Dear %(name)s,") % {"name": addressee.name},
        _open(patient, kind, course),
        _tell_given(gather_given(course)),
        _tell_scores(gather_scores(patient, _list_scales(course))),
        _tell_medicines(gather_medicines(patient)),
        *_tell_changes(patient),
        *(_tell_stepping_down(patient) if kind == STOPPING else ()),
        _ask(patient, addressee),
        _("With kind regards,"),
    ]
    return "\n\n".join(part for part in parts if part)


def write_day(value: date | None) -> str:
    """Return a day as letters write it."""
    return formats.date_format(value, "j F Y") if value is not None else ""


def find_title(course: CareCourse) -> tuple[str, str]:
    """Return the titles of the protocol and of the indication; empty without a plan."""
    if course.plan is None:
        return "", ""
    title = course.protocol.title if course.protocol is not None else course.plan.protocol
    try:
        details = get_effective(course.plan.protocol, indication=course.plan.indication or None).indication_details
    except InvalidInput:
        details = {}
    return title, str(_bare(details.get("title", "")))


def _open(patient: Any, kind: str, course: CareCourse) -> str:
    title, indication = find_title(course)
    if not title:
        return _("we write about this person's treatment here. No plan is signed.")
    words = {"name": title, "why": indication or _("the agreed indication")}
    if kind == AFTER_INDUCTION:
        return _("the first series of this treatment is complete: %(name)s for %(why)s.") % words
    if kind == STOPPING:
        stopped = course.plan if course.plan is not None and course.plan.state == "stopped" else None
        sentence = _("this treatment has ended or is being stepped down: %(name)s for %(why)s.") % words
        if stopped is not None and stopped.superseded_at is not None:
            day = write_day(stopped.superseded_at.date())
            sentence += " " + _("Stopped on %(day)s. Reason: %(why)s") % {"day": day, "why": stopped.stop_reason}
        return sentence
    return _("we treat this person with %(name)s for %(why)s and write how it goes.") % words


def _tell_given(given: Given) -> str:
    if not given.count or given.first_on is None:
        return _("Given: no session yet.")
    words = {"n": given.count, "a": write_day(given.first_on), "b": write_day(given.last_on)}
    text = (
        ngettext("Given: %(n)d session, on %(a)s.", "Given: %(n)d sessions, from %(a)s to %(b)s.", given.count) % words
    )
    if given.doses_mg:
        low, high = f"{min(given.doses_mg):.1f}", f"{max(given.doses_mg):.1f}"
        doses = {"a": low, "b": high, "n": len(given.doses_mg), "all": given.count}
        text += " " + (
            _("Dose per session %(a)s mg (recorded for %(n)d of %(all)d).") % doses
            if low == high
            else _("Dose per session %(a)s to %(b)s mg (recorded for %(n)d of %(all)d).") % doses
        )
    else:
        text += " " + _("The doses are not worked out in the records.")
    if given.stopped_early:
        text += " " + ngettext("%(n)d was stopped early.", "%(n)d were stopped early.", given.stopped_early) % {
            "n": given.stopped_early
        }
    return text


def _tell_scores(scores: list[Score]) -> str:
    if not scores:
        return _("Scores: none recorded.")
    lines = [_("Scores:")]
    for score in scores:
        words = {
            "scale": score.label,
            "a": f"{score.first:f}",
            "from": write_day(score.first_on),
            "b": f"{score.last:f}",
            "to": write_day(score.last_on),
        }
        if score.is_single:
            lines.append(_("%(scale)s %(a)s on %(from)s, asked once") % words)
        else:
            lines.append(_("%(scale)s %(a)s on %(from)s, %(b)s on %(to)s") % words)
    return "\n".join(lines)


def _tell_medicines(medicines: list[str] | None) -> str:
    if medicines is None:
        return _("Medicines: not asked here.")
    if not medicines:
        return _("Medicines: none, as told to us.")
    return _("Medicines, as told to us: %(list)s.") % {"list": "; ".join(medicines)}


def _tell_changes(patient: Any) -> Iterator[str]:
    rows = list(patient.medication_changes.exclude(state="dropped").select_related("owner", "outside_owner"))
    if not rows:
        return
    yield "\n".join([_("Changes of medicines:"), *(_tell_change(row) for row in rows)])


def _tell_change(row: MedicationChange) -> str:
    owner = row.outside_owner.name if row.outside_owner is not None else row.owner.display_name if row.owner else ""
    states = {
        "proposed": _("proposed"),
        "agreed": _("agreed on %(day)s") % {"day": write_day(row.agreed_on)},
        "done": _("done on %(day)s") % {"day": write_day(row.done_on)},
    }
    words = {"drug": row.medicine, "what": row.proposal, "owner": owner, "state": states.get(row.state, row.state)}
    return _("%(drug)s: %(what)s; owner %(owner)s; %(state)s") % words


def _tell_stepping_down(patient: Any) -> Iterator[str]:
    plan = StepDownPlan.objects.filter(patient=patient, state="signed").first()
    if plan is None:
        return
    lines = [_("Steps:")]
    lines += [
        _("%(day)s: %(what)s; watched by %(who)s")
        % {"day": write_day(step.on), "what": step.what, "who": step.watched_by}
        for step in plan.steps.all()
    ]
    yield "\n".join(lines)
    yield _("Signs of relapse: %(words)s") % {"words": plan.relapse_signs}
    yield _("What to do then: %(words)s") % {"words": plan.what_to_do}


def _ask(patient: Any, addressee: OutsideClinician) -> str:
    rows = patient.medication_changes.filter(outside_owner=addressee, state__in=("proposed", "agreed"))
    asks = [_("%(drug)s: %(what)s") % {"drug": row.medicine, "what": row.proposal} for row in rows]
    if not asks:
        return _("We ask you: please tell us of new diagnoses, new medicines and anything that worries you.")
    return "\n".join([_("We ask you, as the owner of these changes, to tell us whether you agree:"), *asks])


def _list_scales(course: CareCourse) -> list[str]:
    if course.plan is None:
        return []
    try:
        details = get_effective(course.plan.protocol, indication=course.plan.indication or None).indication_details
    except InvalidInput:
        return []
    scales = _bare(details.get("scales", ()))
    return [str(name) for name in scales]


def _bare(value: Any) -> Any:
    return getattr(value, "value", value)
