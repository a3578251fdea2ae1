"""Deciding about leaving: release, departure, other endings, cancelling."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from afterglow.chairside.alarms import list_active
from afterglow.chairside.commands import UNASSESSED
from afterglow.chairside.context import Deciding
from afterglow.chairside.dosing import find_phase, find_release, find_start
from afterglow.chairside.errors import Refused
from afterglow.chairside.events import Event
from afterglow.chairside.gates import find_release_role, is_overridable, judge_gates, list_open, measure_stay
from afterglow.chairside.guards import get_local_date, list_rule_findings
from afterglow.protocols.model import Pattern
from afterglow.terms import Finding, Override, Severity

ESCORT = "escort-present"
LEAVINGS = ("patient-left", "ending-recorded")
# what is done beside the person; a symptom or an adverse event may be told by telephone
DONE_AT_THE_CHAIR = (
    "vitals-recorded",
    "score-recorded",
    "comfort-recorded",
    "access-recorded",
    "drug-given",
    "device-given",
    "injection-given",
)


def sign_release(deciding: Deciding) -> dict[str, Any]:
    """Release comes before leaving: each gate met, or one that a prescriber's order may stand in for."""
    state, protocol = deciding.state, deciding.protocol
    if find_phase(state, protocol) != "observing":
        raise Refused("release-not-now", "Release is signed while a person is observed after the dose.")
    role = find_release_role(state, protocol)
    if role == "prescriber" and not deciding.by.is_prescriber:
        raise Refused("prescriber-needed", "A prescriber releases this person.")
    if not deciding.by.is_licensed and not deciding.by.is_prescriber:
        raise Refused("licensed-needed", "A licensed clinician releases a person.")
    standing = [alarm for alarm in list_active(state) if alarm.priority == "high"]
    if standing:
        raise Refused(
            "alarm-stands",
            " ".join(f"{alarm.title}: deal with it and acknowledge it, then the release." for alarm in standing),
        )
    open_gates = list_open(judge_gates(state, protocol, deciding.occurred_at))
    findings = [_to_finding(gate) for gate in open_gates]
    firm = [each for each, gate in zip(findings, open_gates, strict=True) if not is_overridable(gate)]
    if firm:
        raise Refused("gates-open", " ".join(f"{each.title}: {each.seen}." for each in firm), firm)
    if findings and not ("reason" in deciding.data and deciding.by.is_prescriber):
        message = "A prescriber's order with reason stands in for what is not met."
        raise Refused("release-reason-needed", message, findings)
    deciding.findings.extend(findings)
    extra: dict[str, Any] = {"gates_passed_by_order": [gate.gate.id for gate in open_gates]}
    if protocol.pattern is Pattern.DEVICES:
        extra["minutes_since_first_device"] = measure_stay(state, protocol, deciding.occurred_at)
    return extra


def _to_finding(gate: Any) -> Finding:
    citation = gate.gate.citation
    return Finding(
        gate.gate.id,
        Severity.STOP,
        gate.seen,
        gate.threshold,
        "Not yet.",
        gate.gate.override,
        citation.text,
        citation.grade,
        gate.gate.title,
    )


def record_left(deciding: Deciding) -> dict[str, Any]:
    """A departure is recorded as it happened; without a release before it, that is said."""
    released = find_release(deciding.state, deciding.protocol)
    if released is None:
        deciding.note(
            "left-without-release", "Left without release", "release, then leaving", "Tell the prescriber now."
        )
    elif deciding.occurred_at < released.occurred_at:
        deciding.note("left-before-release", "Left before the release", "release, then leaving", "Check the times.")
    if deciding.data.get(UNASSESSED):
        deciding.note(
            "left-not-assessed",
            "Left with an answer about suicide that is not assessed",
            "assessed, then leaving",
            "Tell the prescriber now; telephone the person.",
        )
    _judge_company(deciding)
    _judge_leaving(deciding, deciding.occurred_at)
    for alarm in list_active(deciding.state):
        if alarm.priority == "high":
            deciding.note("left-under-alarm", f"Left under an alarm: {alarm.title}", "none", "Tell the prescriber now.")
    return {}


def note_after_leaving(deciding: Deciding) -> None:
    """Say it when what is done at the chair is dated after the person left: a late entry that was given no time."""
    if is_done_at_chair(deciding.command.event_type, deciding.data):
        _judge_done(deciding, deciding.occurred_at)


def note_moved(deciding: Deciding, target: Event, at: datetime) -> None:
    """Say it when a correction dates what is done at the chair after the leaving, or the leaving before it."""
    if target.type in LEAVINGS:
        _judge_leaving(deciding, at)
    elif is_done_at_chair(target.type, target.data):
        _judge_done(deciding, at)


def is_done_at_chair(event_type: str, data: Mapping[str, Any]) -> bool:
    """Return whether an entry is of something done beside the person; one's own medicine may be taken at home."""
    return event_type in DONE_AT_THE_CHAIR and data.get("purpose") != "own"


def _judge_done(deciding: Deciding, at: datetime) -> None:
    left = deciding.state.find_last(*LEAVINGS)
    if left is not None and at > left.occurred_at:
        seen = f"Dated {_count_minutes(left.occurred_at, at)} min after the person left"
        asks = "If it was done in the room, correct its time; if it was not, write how it was known."
        deciding.note("after-leaving", seen, "at or before leaving", asks)


def _judge_leaving(deciding: Deciding, at: datetime) -> None:
    events = deciding.state.list(*DONE_AT_THE_CHAIR)
    last = max((each.occurred_at for each in events if is_done_at_chair(each.type, each.data)), default=at)
    if last > at:
        seen = f"An entry made at the chair is dated {_count_minutes(at, last)} min after this leaving"
        deciding.note("after-leaving", seen, "at or before leaving", "Check both times.")


def _count_minutes(since: datetime, until: datetime) -> int:
    """Return minutes, a begun one as a whole: none is none."""
    return ceil((until - since) / timedelta(minutes=1))


def _judge_company(deciding: Deciding) -> None:
    """Say it when somebody left alone, or when nobody recorded with whom: nobody leaves alone by default."""
    company, is_named = deciding.data.get("company"), bool(deciding.data.get("with"))
    gates = deciding.protocol.gates
    escort = next((each for each in gates if "what" in each.params and each.params["what"].value == ESCORT), None)
    citation, asked = None if escort is None else escort.citation, "an adult who takes the person home"
    if company == "alone":
        asks = "Tell the prescriber now; telephone the person, and write down how it was decided."
        deciding.note("left-alone", "Left alone", asked, asks, citation)
    elif company is None and not is_named:
        deciding.note(
            "left-company", "Not recorded with whom the person left", asked, "Ask who saw it; add it.", citation
        )
    elif company == "other" and not is_named:
        deciding.note("left-company", "Left with somebody whose name is not recorded", asked, "Add the name.", citation)


def record_ending(deciding: Deciding) -> dict[str, Any]:
    """No other ending is refused; what it should say and does not is said."""
    asked = {
        "last_vitals": "Last vitals not recorded",
        "told": "Not recorded who was told",
        "drug_reconciled": "Not recorded whether the drug is reconciled",
    }
    for name, words in asked.items():
        if name not in deciding.data:
            deciding.note("ending-incomplete", words, "time, last vitals, who was told, drug", "Add it as an addendum.")
    if deciding.data["kind"] == "transferred" and "to" not in deciding.data:
        deciding.note("ending-incomplete", "Not recorded where to", "where the person went", "Add it as an addendum.")
    _judge_leaving(deciding, deciding.occurred_at)
    return {}


def cancel_session(deciding: Deciding) -> dict[str, Any]:
    """A session is cancelled before the dose; after it, it ends."""
    if find_start(deciding.state) is not None:
        raise Refused("already-started", "A dose was given: the session ends, it is not cancelled.")
    if deciding.state.has("preparation-recorded") and not deciding.state.has("reconciliation-recorded"):
        deciding.note("drug-prepared", "Drug was prepared", "reconciled", "Reconcile what was prepared.")
    return {}


def override(deciding: Deciding) -> dict[str, Any]:
    """A rule is overridden by the role it names, with cause, mitigation and expiry; some by nobody."""
    rule = str(deciding.data["rule"])
    allowed = _find_override(deciding, rule, list_rule_findings(deciding.state, deciding.protocol, deciding.now))
    if allowed is Override.NONE:
        raise Refused("override-not-possible", f"Nobody may override {rule}.")
    if allowed is Override.MEDICAL_DIRECTOR and not deciding.by.is_director:
        raise Refused("override-role", f"{rule} is overridden by the medical director.")
    if allowed is Override.PRESCRIBER:
        deciding.need_prescriber("This override")
    if allowed is Override.SECOND_CLINICIAN:
        _need_uninvolved(deciding)
    if deciding.data["expires_on"] < get_local_date(deciding.state, deciding.now).isoformat():
        raise Refused("override-expired", "The override would end before it begins.")
    return {"override": str(allowed)}


def _find_override(deciding: Deciding, rule: str, findings: tuple[Finding, ...]) -> Override:
    for finding in findings:
        if finding.rule == rule and finding.severity in (Severity.STOP, Severity.MISSING):
            return finding.override
    for check in deciding.protocol.checks:
        if check.id == rule:
            return check.override
    raise Refused("override-not-needed", f"{rule} does not hold anything now.")


def _need_uninvolved(deciding: Deciding) -> None:
    """Two clinicians sign such an override, so that one of them is not the one who orders."""
    signers = (deciding.by, deciding.need_other_person("This override"))
    if not all(each.is_licensed for each in signers):
        raise Refused("override-role", "Two licensed clinicians must sign this override.")
