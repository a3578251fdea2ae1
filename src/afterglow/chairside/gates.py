"""Leaving: each discharge gate with what was seen, whether it is met, and when it can be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.dosing import TIMED, find_release, list_rescues
from afterglow.chairside.intervals import find_anchor
from afterglow.chairside.readings import find_baseline, find_latest, list_readings
from afterglow.chairside.screens import find_screened
from afterglow.chairside.state import SessionState, write_hour
from afterglow.protocols.model import Gate, Protocol, Value
from afterglow.terms import Finding, Override

MET, OPEN, MISSING = "met", "open", "missing"
SIGN_OFF = "sign-off"


@dataclass(frozen=True, slots=True)
class GateState:
    """One gate: `state` is met, open (seen, not there yet) or missing (not seen at all)."""

    gate: Gate
    state: str
    seen: str
    threshold: str
    earliest_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the gate for screen and paper."""
        citation = self.gate.citation
        return {
            "id": self.gate.id,
            "kind": self.gate.kind,
            "title": self.gate.title,
            "state": self.state,
            "seen": self.seen,
            "threshold": self.threshold,
            "source": citation.text,
            "grade": str(citation.grade),
            "grade_label": citation.grade.label,
            "override": str(self.gate.override),
            "earliest_at": None if self.earliest_at is None else self.earliest_at.isoformat(),
        }


def describe_gate(finding: Finding) -> dict[str, Any]:
    """Return what the chart holds a release with as a gate that is open, for screen and paper."""
    return {
        "id": finding.rule,
        "kind": "finding",
        "title": finding.title,
        "state": OPEN,
        "seen": finding.seen,
        "threshold": f"{finding.threshold}. {finding.asks}",
        "source": finding.source,
        "grade": str(finding.grade),
        "grade_label": finding.grade.label,
        "override": str(finding.override),
        "earliest_at": None,
    }


def judge_gates(state: SessionState, protocol: Protocol, now: datetime) -> list[GateState]:
    """Return every gate of the protocol as it stands; of two alternatives one that is met settles both."""
    judged = {gate.id: _JUDGES[gate.kind](state, protocol, gate, now) for gate in protocol.gates}
    for gate_id, found in list(judged.items()):
        other = found.gate.params.get("alternative")
        if other is not None and found.state != MET and judged.get(str(other.value), found).state == MET:
            judged[gate_id] = GateState(found.gate, MET, f"met by {other.value}", found.threshold)
    return list(judged.values())


def find_earliest(gates: list[GateState]) -> datetime | None:
    """Return when the gates that wait for time alone are open, or None when none of them can say."""
    waits = [gate.earliest_at for gate in gates if gate.earliest_at is not None]
    return max(waits) if waits else None


def list_open(gates: list[GateState]) -> list[GateState]:
    """Return the gates that are not met, the sign-off itself left out."""
    return [gate for gate in gates if gate.state != MET and gate.gate.kind != SIGN_OFF]


def _number(params: Mapping[str, Value], name: str) -> Decimal:
    return Decimal(str(params[name].value))


def _judge_stay(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    minutes = _number(gate.params, "minutes")
    threshold = f"{minutes} min"
    anchor = find_anchor(state, protocol, str(gate.params["anchor"].value))
    if anchor is None:
        return GateState(gate, OPEN, "giving has not ended", threshold)
    found = _judge_wait(gate, anchor, minutes, threshold, now)
    moved = _write_moved(state, anchor)
    return replace(found, seen=f"{found.seen}{moved}") if moved else found


def _write_moved(state: SessionState, anchor: datetime) -> str:
    """Return that the time which a stay counts from was corrected, with the hour that was entered first; or nothing."""
    hours = []
    for event in state.list(*TIMED):
        first = state.find_seq(event.seq)
        if first is None or first.occurred_at == event.occurred_at:
            continue
        if event.occurred_at == anchor or first.occurred_at > anchor:
            hours.append(first.occurred_at)
    return f", time corrected, was {write_hour(state, max(hours))}" if hours else ""


def measure_stay(state: SessionState, protocol: Protocol, now: datetime) -> int | None:
    """Return the whole minutes of stay that a form reports: from the gate's own anchor of reporting to the release."""
    for gate in protocol.gates:
        anchor = gate.params.get("report_anchor")
        since = find_anchor(state, protocol, str(anchor.value)) if anchor is not None else None
        if since is not None:
            released = find_release(state, protocol)
            until = released.occurred_at if released is not None else now
            return max(0, int((until - since).total_seconds() // 60))
    return None


def _judge_wait(gate: Gate, anchor: datetime, minutes: Decimal, threshold: str, now: datetime) -> GateState:
    earliest = anchor + timedelta(minutes=float(minutes))
    seen = f"{int((now - anchor).total_seconds() // 60)} min"
    return GateState(gate, MET if now >= earliest else OPEN, seen, threshold, earliest)


def _judge_pressure(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    """Two readings after the dose: the later not above the earlier, both within the baseline band and the limits."""
    params = gate.params
    threshold = (
        f"{params['readings'].value} readings, falling, within {params['within_percent'].value} % of baseline, "
        f"below {params['systolic_below'].value}/{params['diastolic_below'].value}, "
        f"systolic at least {params['systolic_at_least'].value}"
    )
    baseline = find_baseline(state, "bp")
    after = [reading for reading in list_readings(state, "bp") if _is_after_giving(state, reading.at)]
    needed = int(params["readings"].value)
    if baseline is None:
        return GateState(gate, MISSING, "no baseline pressure", threshold)
    if len(after) < needed:
        return GateState(gate, MISSING, f"{len(after)} of {needed} readings", threshold)
    last = _pick_apart(after, needed, timedelta(minutes=float(_number(params, "readings_apart_min"))))
    seen = ", ".join(f"{reading.value['systolic']}/{reading.value['diastolic']}" for reading in last)
    if len(last) < needed:
        return GateState(gate, OPEN, f"{seen}; readings too close together", threshold)
    old = _write_if_old(state, protocol, last[-1].at, now)
    is_met = all(_is_pressure_fine(reading.value, baseline.value, params) for reading in last) and not old
    is_falling = last[-1].value["systolic"] <= last[0].value["systolic"] or not params["falling"].value
    return GateState(gate, MET if is_met and is_falling else OPEN, f"{seen}{old}", threshold)


def _pick_apart(readings: list[Any], needed: int, apart: timedelta) -> list[Any]:
    """Return the latest readings that lie at least `apart` from each other, in order of time."""
    picked = [readings[-1]]
    for reading in reversed(readings[:-1]):
        if len(picked) == needed:
            break
        if picked[-1].at - reading.at >= apart:
            picked.append(reading)
    return picked[::-1]


def _is_after_giving(state: SessionState, at: datetime) -> bool:
    ended = state.find_last("stop-recorded", "completion-recorded", "injection-given", "device-given")
    return ended is not None and at >= ended.occurred_at


def _is_pressure_fine(value: Mapping[str, int], baseline: Mapping[str, int], params: Mapping[str, Value]) -> bool:
    percent = _number(params, "within_percent")
    for part in ("systolic", "diastolic"):
        if abs(Decimal(value[part]) - baseline[part]) * 100 > percent * baseline[part]:
            return False
    return (
        value["systolic"] < _number(params, "systolic_below")
        and value["diastolic"] < _number(params, "diastolic_below")
        and value["systolic"] >= _number(params, "systolic_at_least")
    )


def _find_moment(state: SessionState, protocol: Protocol, now: datetime) -> datetime:
    """Return when leaving was judged: at the release or the departure where there was one, else now."""
    released, left = find_release(state, protocol), state.find_last("patient-left", "ending-recorded")
    return min([now, *(event.occurred_at for event in (released, left) if event is not None)])


def _write_if_old(state: SessionState, protocol: Protocol, at: datetime, now: datetime) -> str:
    """Return the age of a reading that is too old to leave on, or nothing."""
    limit = protocol.settings.get("release.reading_max_age_min")
    age = _find_moment(state, protocol, now) - at
    if limit is None or age <= timedelta(minutes=float(limit.value)):
        return ""
    return f", {int(age.total_seconds() // 60)} min old; read again"


def _judge_breathing(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    least_spo2 = _number(gate.params, "spo2_percent_at_least")
    least_rate = _number(gate.params, "resp_rate_per_min_at_least")
    threshold = f"SpO2 at least {least_spo2} %, respiration at least {least_rate}"
    readings = {}
    for key in ("spo2", "resp_rate"):
        after = [reading for reading in list_readings(state, key) if _is_after_giving(state, reading.at)]
        if not after:
            return GateState(gate, MISSING, "not recorded since the dose", threshold)
        readings[key] = after[-1]
    old = _write_if_old(state, protocol, min(reading.at for reading in readings.values()), now)
    spo2, rate = readings["spo2"].value, readings["resp_rate"].value
    seen = f"SpO2 {spo2:f} %, respiration {rate:f}{old}"
    is_met = spo2 >= least_spo2 and rate >= least_rate and not old
    return GateState(gate, MET if is_met else OPEN, seen, threshold)


def _judge_score(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    scale, least = str(gate.params["scale"].value), _number(gate.params, "minimum")
    threshold = f"at least {least}"
    after = [r for r in list_readings(state, scale) if _is_after_giving(state, r.at)]
    if not after:
        return GateState(gate, MISSING, "not recorded since the dose", threshold)
    old = _write_if_old(state, protocol, after[-1].at, now)
    is_met = after[-1].value >= least and not old
    return GateState(gate, MET if is_met else OPEN, f"{after[-1].value:f}{old}", threshold)


def _judge_near_baseline(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    scale, within = str(gate.params["scale"].value), _number(gate.params, "within")
    threshold = f"no more than {within} above baseline"
    baseline = find_baseline(state, scale)
    after = [r for r in list_readings(state, scale) if _is_after_giving(state, r.at)]
    if baseline is None or not after:
        what = "no baseline" if baseline is None else "not recorded since the dose"
        return GateState(gate, MISSING, what, threshold)
    old = _write_if_old(state, protocol, after[-1].at, now)
    seen = f"{after[-1].value:f}, baseline {baseline.value:f}{old}"
    is_met = after[-1].value <= baseline.value + within and not old
    return GateState(gate, MET if is_met else OPEN, seen, threshold)


def _judge_observed(state: SessionState, _protocol: Protocol, gate: Gate, _now: datetime) -> GateState:
    what = str(gate.params["what"].value)
    seen = [event for event in state.effective.get("check-recorded", ()) if event.data["check"] == what]
    if what == "iv-removed":
        removed = state.find_last("access-recorded")
        if removed is not None and removed.data["state"] == "removed":
            return GateState(gate, MET, f"removed {write_hour(state, removed.occurred_at)}", "seen")
    if not seen:
        return GateState(gate, MISSING, "not recorded", "seen")
    return GateState(gate, MET if seen[-1].data["passed"] else OPEN, "yes" if seen[-1].data["passed"] else "no", "seen")


def _judge_recorded(state: SessionState, protocol: Protocol, gate: Gate, _now: datetime) -> GateState:
    """The suicide-risk questions are asked again after the dose, and whatever was positive is assessed."""
    screens = [e for e in state.effective.get("suicide-screen-recorded", ()) if _is_after_giving(state, e.occurred_at)]
    threshold = "asked after the dose"
    if not screens:
        return GateState(gate, MISSING, "not asked since the dose", threshold)
    screened = find_screened(state, protocol)
    last = screens[-1]
    level, behaviour = last.data.get("level"), last.data.get("behaviour")
    if level is None or behaviour is None:
        return GateState(gate, MISSING, "a question was not answered", threshold)
    if not screened.is_waiting and screened.outcome != "emergency":
        return GateState(gate, MET, _write_screen(int(level), bool(behaviour)), threshold)
    words = _write_screen(screened.level, bool(screened.behaviour))
    told = "not yet assessed" if screened.is_waiting else "assessed as an emergency"
    return GateState(gate, OPEN, f"{words}, {told}", threshold)


def _write_screen(level: int | None, behaviour: bool) -> str:
    return ("level not answered" if level is None else f"level {level}") + (", behaviour" if behaviour else "")


def _judge_scale(state: SessionState, protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    scale, wanted = str(gate.params["scale"].value), _number(gate.params, "value")
    latest = find_latest(state, scale)
    if latest is None or not _is_after_giving(state, latest.at):
        return GateState(gate, MISSING, "not recorded since the dose", f"{wanted}")
    old = _write_if_old(state, protocol, latest.at, now)
    is_met = latest.value == wanted and not old
    return GateState(gate, MET if is_met else OPEN, f"{latest.value:f}{old}", f"{wanted}")


def _judge_rescue(state: SessionState, _protocol: Protocol, gate: Gate, now: datetime) -> GateState:
    minutes, classes = _number(gate.params, "minutes"), frozenset(gate.params["classes"].value)
    threshold = f"{minutes} min after the last"
    given = list_rescues(state, classes)
    if not given:
        return GateState(gate, MET, "none given", threshold)
    return _judge_wait(gate, given[-1].occurred_at, minutes, threshold, now)


def _judge_sign_off(state: SessionState, protocol: Protocol, gate: Gate, _now: datetime) -> GateState:
    signed = find_release(state, protocol)
    who = str(gate.params["role"].value).replace("-", " ")
    if signed is None:
        return GateState(gate, MISSING, "not signed", who)
    return GateState(gate, MET, f"signed {write_hour(state, signed.occurred_at)}", who)


def find_release_role(state: SessionState, protocol: Protocol) -> str:
    """Return who may release: a prescriber after a rescue drug or where the protocol says so, else a clinician."""
    roles = {str(gate.params["role"].value) for gate in protocol.gates if gate.kind == SIGN_OFF}
    for gate in protocol.gates:
        if gate.kind == "rescue-observation":
            classes = frozenset(gate.params["classes"].value)
            if list_rescues(state, classes):
                roles.add(str(gate.params["role"].value))
    return "prescriber" if "prescriber" in roles else "licensed-clinician"


def is_overridable(gate: GateState) -> bool:
    """Return whether a prescriber's order with reason may stand in for a gate."""
    return gate.gate.override is Override.PRESCRIBER


_JUDGES: Mapping[str, Callable[[SessionState, Protocol, Gate, datetime], GateState]] = {
    "minimum-stay": _judge_stay,
    "blood-pressure": _judge_pressure,
    "vitals-within": _judge_breathing,
    "score-at-least": _judge_score,
    "near-baseline": _judge_near_baseline,
    "observed": _judge_observed,
    "recorded": _judge_recorded,
    "scale-equals": _judge_scale,
    "rescue-observation": _judge_rescue,
    SIGN_OFF: _judge_sign_off,
}
