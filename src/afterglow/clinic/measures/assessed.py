"""One assessment in two places: the page of the answers and the session each know what was recorded at the other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterglow.chairside.fields import LONGEST_TEXT
from afterglow.chairside.screens import ASSESSMENT, find_screened
from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.fold import load_notes, load_protocol, load_state, load_states
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.dosing_sessions.texts import put_texts
from afterglow.clinic.errors import Refused
from afterglow.clinic.measures.models import RiskAlert, RiskAssessment
from afterglow.clinicday.screens import find_one_is_enough

OUTCOMES: Mapping[str, str] = {"may-go-on": "may-proceed", "hold": "no-dose-today", "emergency": "emergency"}
RECORD, COMMAND = "session.record", "record-suicide-assessment"
# the words that open what a session keeps of an assessment made elsewhere
FROM_PAGE = "Recorded on the page of the answers about suicide. "


@dataclass(frozen=True, slots=True)
class InSession:
    """An assessment as a session recorded it; `is_carried` where it came from the page of the answers."""

    session: Session
    at: datetime
    by: str
    outcome: str
    reason: str
    is_carried: bool


def list_in_sessions(patient: Any) -> list[InSession]:
    """Return the assessments that a person's sessions recorded, the newest first; one taken back is none."""
    sessions = {row.pk: row for row in Session.objects.filter(patient=patient)}
    made = {
        (at, str(by)) for at, by in RiskAssessment.objects.filter(patient=patient).values_list("made_at", "made_by")
    }
    found = []
    for key, state in load_states(sessions.values()).items():
        events = state.list(ASSESSMENT)
        notes = load_notes(sessions[key]) if events else {}
        for event in events:
            data = put_texts(dict(event.data), notes)
            reason = str(data.get("reason") or "")
            row = InSession(
                session=sessions[key],
                at=event.occurred_at,
                by=event.by,
                outcome=str(data["outcome"]),
                reason=reason.removeprefix(FROM_PAGE),
                is_carried=(event.occurred_at, event.by) in made,
            )
            found.append(row)
    return sorted(found, key=lambda row: row.at, reverse=True)


def list_seen(patient: Any, assessments: Iterable[RiskAssessment]) -> dict[str, list[RiskAlert]]:
    """Return the alerts that each assessment had in view: those that held the dose when it was made, oldest first."""
    rows = RiskAlert.objects.filter(patient=patient, holds_dose=True).select_related("form", "release__assessment")
    alerts = list(rows.order_by("raised_at", "pk"))
    return {each.pk: [alert for alert in alerts if _was_open(alert, each)] for each in assessments}


def _was_open(alert: RiskAlert, assessment: RiskAssessment) -> bool:
    release = getattr(alert, "release", None)
    if release is not None and release.assessment_id == assessment.pk:
        return True
    is_later = release is None or release.assessment.made_at > assessment.made_at
    return alert.raised_at <= assessment.made_at and is_later


def lock_live(patient: Any) -> list[Session]:
    """Return a person's live sessions, locked: a session is locked before its person, as its own commands do."""
    rows = Session.objects.select_for_update(of=("self",)).select_related("site", "patient")
    return list(rows.filter(patient=patient, phase__in=LIVE_PHASES, is_closed=False).order_by("pk"))


def carry(assessment: RiskAssessment, sessions: Iterable[Session], *, by: Any, now: datetime) -> None:
    """Record an assessment in the live sessions that ask for one, or hold one that this one replaces.

    What was not assessed in person answers nothing that a session asks; an emergency always counts.
    """
    if find_one_is_enough() is None or not (assessment.is_in_person or assessment.decision == "emergency"):
        return
    from afterglow.clinic.dosing_sessions.actions import submit_command

    # the whole note stands with the assessment itself
    reason = (FROM_PAGE + assessment.note)[:LONGEST_TEXT]
    data = {"outcome": OUTCOMES[assessment.decision], "reason": reason}
    for session in sessions:
        screened = find_screened(load_state(session), load_protocol(session))
        if not (screened.is_waiting or screened.outcome) or not policy.allow(by, RECORD, session):
            continue
        try:
            submit_command(session=session, type=COMMAND, data=data, by=by, now=now)
        except Refused:
            # the session asks for its own then, and the page says that it was not recorded there
            continue
