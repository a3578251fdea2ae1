"""What stands between now and an intention: each blocker with its code, its words and who may override it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.chairside.alarms import find_blocking, list_active
from afterglow.chairside.dosing import (
    calculate_dose_mg,
    count_dosed_devices,
    find_next_device_at,
    find_phase,
    find_start,
    sum_injections,
)
from afterglow.chairside.drugs import join_drugs
from afterglow.chairside.orders import (
    Order,
    count_allowed_devices,
    find_order,
    find_preparation,
    find_time_out,
    find_weight,
    is_too_strong,
)
from afterglow.chairside.readings import find_latest, find_symptoms
from afterglow.chairside.screens import MAY_PROCEED, Screened, find_screened
from afterglow.chairside.state import SessionState, write_hour
from afterglow.protocols.dose_limits import check_limits
from afterglow.protocols.evaluate import build_context, evaluate_rules
from afterglow.protocols.model import Check, Pattern, Protocol, Stage
from afterglow.protocols.schedule import check_frequency
from afterglow.terms import Finding, Override, Severity

# the alarm of a lost SpO2 signal
LOST = "A-06L"
GIVING = ("start", "give-injection", "give-device")
# what must be known before the first dose; other gaps are shown and recorded with the start, they do not hold it
ESSENTIAL = frozenset(
    {
        "bp.systolic_mmhg",
        "bp.diastolic_mmhg",
        "hr.per_min",
        "spo2.percent",
        "rr.per_min",
        "fasting.solids_h",
        "fasting.clear_liquids_h",
        "suicide.ideation",
        "suicide.behaviour",
        "allergy.to_ketamine",
    }
)


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason against an intention. `rule` is what an override names; `override` says who may."""

    code: str
    message: str
    rule: str = ""
    override: Override = Override.NONE
    finding: Finding | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the blocker for a screen."""
        return {
            "code": self.code,
            "asks": self.message,
            "rule": self.rule,
            "override": str(self.override),
            "finding": None if self.finding is None else self.finding.to_json(),
        }


def find_blockers(state: SessionState, protocol: Protocol, command: str, now: datetime) -> list[Blocker]:
    """Return everything that holds an intention back now, overridden rules left out."""
    found: list[Blocker] = []
    if command in GIVING and find_start(state) is None:
        found += _check_gates_of_dose(state, protocol, now)
        found += list_rule_blockers(state, protocol, now)
        found += _check_time_out(state, protocol, now)
    if command in (*GIVING, "record-resume"):
        found += _check_standing(state, protocol, command, now)
    if command == "record-resume":
        found += _check_next_bag(state, protocol, now)
    if command == "give-device":
        found += _check_device(state, protocol, now)
    if command == "give-injection":
        found += _check_injection(state)
    if command == "sign-time-out":
        found += _check_gates_of_dose(state, protocol, now)
    overridden = find_overridden(state, now)
    return [blocker for blocker in found if not is_lifted(blocker, overridden)]


def find_overridden(state: SessionState, now: datetime) -> dict[str, Override]:
    """Return the rules with an override that still holds on the clinic's calendar, and how strictly it was signed."""
    today = get_local_date(state, now)
    found: dict[str, Override] = {}
    for event in state.list("rule-overridden"):
        level = Override(event.data["override"])
        if date.fromisoformat(event.data["expires_on"]) >= today:
            found[str(event.data["rule"])] = max(level, found.get(str(event.data["rule"]), level), key=_STRICT.index)
    return found


# from what is signed most easily to what nobody may sign
_STRICT = (Override.PRESCRIBER, Override.SECOND_CLINICIAN, Override.MEDICAL_DIRECTOR, Override.NONE)


def is_lifted(blocker: Blocker, overridden: dict[str, Override]) -> bool:
    """Return whether an override lifts a blocker: one signed as strictly as the rule asks at what it sees now."""
    if not blocker.rule or blocker.rule not in overridden or blocker.override is Override.NONE:
        return False
    return _STRICT.index(overridden[blocker.rule]) >= _STRICT.index(blocker.override)


def get_local_date(state: SessionState, now: datetime) -> date:
    """Return the date at the clinic."""
    return now.astimezone(ZoneInfo(str(state.header.get("timezone") or "UTC"))).date()


def _check_gates_of_dose(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    """Return what no override lifts: identity, consent, order, preparation, suicide risk, and open checks."""
    found = []
    confirmed = state.find_first("identity-confirmed")
    # what is dated after the dose was not known at the dose
    if confirmed is None or confirmed.occurred_at > now:
        found.append(Blocker("identity-missing", "Confirm identity with two identifiers."))
    found += check_consent(state, now)
    found += check_suicide(state, protocol, now)
    found += _check_order(state, protocol, now)
    found += _check_open_checks(state, protocol, now)
    return found


def check_consent(state: SessionState, at: datetime | None) -> list[Blocker]:
    """Return what is missing of consent: a valid signature that covers this, and today's yes, no later than `at`."""
    known = state.header.get("consent") or {}
    today = state.effective.get("consent-confirmed", ())
    if not known.get("is_valid") and find_signed_consent(state) is None:
        reason = str(known.get("reason") or "no valid consent covers this route and dose")
        return [Blocker("consent-not-valid", f"Consent: {reason}. Once it is signed, ask again today.")]
    if not today:
        return [Blocker("consent-not-confirmed", "Ask again today whether the person agrees.")]
    if not today[-1].data["agrees"]:
        return [Blocker("consent-withdrawn", "The person does not agree today.")]
    if at is not None and not any(event.data["agrees"] and event.occurred_at <= at for event in today):
        return [Blocker("consent-not-confirmed", "The person's yes of today is dated after this.")]
    return []


def find_signed_consent(state: SessionState) -> str | None:
    """Return the consent that stands under this session: of its opening, or one signed later and confirmed today."""
    known = state.header.get("consent") or {}
    opened = [known["consent"]] if known.get("is_valid") and known.get("consent") else []
    answers = state.effective.get("consent-confirmed", ())
    stands = [*opened, *(event.data["consent"] for event in answers if "consent" in event.data)]
    return str(stands[-1]) if stands else None


def check_suicide(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    """Return how the suicide screens hold the dose: not asked, too old, or one since the last assessment positive."""
    screened = find_screened(state, protocol)
    found = _check_asked(state, protocol, screened, now)
    if screened.is_waiting:
        found.append(
            Blocker("suicide-assessment-missing", "A licensed clinician assesses and decides before any dose.")
        )
    elif screened.outcome not in ("", MAY_PROCEED):
        found.append(Blocker("suicide-assessment-holds", "The clinician's assessment holds the dose today."))
    return found


def _check_asked(state: SessionState, protocol: Protocol, screened: Screened, now: datetime) -> list[Blocker]:
    """Return whether the last screen is missing, not whole, or too old."""
    if screened.last is None:
        return [Blocker("suicide-screen-missing", "Ask the suicide-risk questions since last contact.")]
    if not screened.is_last_whole:
        return [Blocker("suicide-screen-incomplete", "A question was not answered; ask again in person.")]
    age = now - screened.last.occurred_at
    if age > timedelta(minutes=float(protocol.setting("suicide_screen.max_age_min"))) and find_start(state) is None:
        return [Blocker("suicide-screen-old", "Ask the suicide-risk questions again; the answers are too old.")]
    return []


def _check_order(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    order = find_order(state)
    if order is None:
        return [Blocker("order-missing", "A prescriber signs today's order.")]
    found = []
    weight = find_weight(state)
    if order.weight_kg is not None and protocol.pattern is not Pattern.DEVICES:
        if weight is None:
            found.append(Blocker("weight-missing", "Record today's weight."))
        elif weight[0] != order.weight_kg:
            found += _check_weight(protocol, order, weight[0])
    if protocol.pattern is Pattern.INFUSION or protocol.pattern is Pattern.INJECTION:
        found += _check_preparation(state, protocol, order.ordered_mg, now)
    return found


def _check_weight(protocol: Protocol, order: Order, weight_kg: Decimal) -> list[Blocker]:
    """Return what another weight makes of a signed order: a change that is too large, or a limit that it now passes."""
    change = abs(weight_kg - order.weight_kg) / order.weight_kg * 100 if order.weight_kg else Decimal(0)
    if change > Decimal(str(protocol.setting("weight.change_percent"))):
        return [Blocker("weight-changed", "The weight has changed since the order; sign it again.")]
    per_kg = order.ordered_mg / weight_kg
    passed = check_limits(protocol, {"dose.mg_per_kg": per_kg})
    hard = [each for each in passed if each.severity is Severity.STOP and each.override is Override.NONE]
    return [Blocker("weight-changed", f"By today's weight: {each.seen}; sign another order.") for each in hard]


def _check_preparation(state: SessionState, protocol: Protocol, ordered_mg: Decimal, now: datetime) -> list[Blocker]:
    preparation = find_preparation(state)
    if preparation is None or preparation.prepared_mg is None:
        return [Blocker("preparation-missing", "Record the vial and what was drawn from it.")]
    limit = ordered_mg * (1 + Decimal(str(protocol.setting("draw.rounding_max_percent"))) / 100)
    if preparation.prepared_mg > limit:
        message = f"Prepared {preparation.prepared_mg:f} mg, ordered {ordered_mg:f} mg; prepare again."
        return [Blocker("preparation-exceeds-order", message)]
    strength, total = preparation.vial_mg_per_ml, preparation.total_ml
    if protocol.pattern is Pattern.INFUSION and strength and total:
        drawn = preparation.prepared_mg / strength
        if is_too_strong(protocol, drawn_ml=drawn, diluent_ml=total - drawn, strength_mg_per_ml=strength):
            message = f"A vial of {strength:f} mg/mL needs at least its own volume of diluent; prepare again."
            return [Blocker("preparation-too-strong", message)]
    expires = (state.effective["preparation-recorded"][-1].data).get("expires_on")
    if expires and date.fromisoformat(expires) < get_local_date(state, now):
        return [Blocker("preparation-expired", "The vial is past its expiry date.")]
    return []


def _check_time_out(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    signed = find_time_out(state, protocol)
    # a start that is dated before the time-out has none
    if signed is None or signed.occurred_at > now:
        return [Blocker("time-out-missing", "Sign the time-out for this order and preparation.")]
    if now - signed.occurred_at > timedelta(minutes=float(protocol.setting("time_out.max_age_min"))):
        return [Blocker("time-out-old", "The time-out is too old; sign it again.")]
    return []


def _check_open_checks(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    found = []
    for check in protocol.checks:
        condition = describe_check(state, protocol, check, now)
        if check.required and condition["state"] in ("open", "failed") and check.kind not in _ELSEWHERE:
            code = "check-failed" if condition["state"] == "failed" else "check-open"
            found.append(Blocker(code, f"{check.title}: {check.asks}", check.id, check.override))
    return found


# these have blockers of their own
_ELSEWHERE = frozenset({"identity", "consent", "suicide-screen"})


def describe_check(state: SessionState, protocol: Protocol, check: Check, now: datetime) -> dict[str, Any]:
    """Return one pre-session check with its state (met, failed, open, overridden) and when it was met."""
    met_at, is_failed = _judge_check(state, protocol, check, now)
    if check.id in find_overridden(state, now):
        kind = "overridden"
    else:
        kind = "failed" if is_failed else ("met" if met_at is not None else "open")
    return {
        "id": check.id,
        "kind": check.kind,
        "title": check.title,
        "asks": check.asks,
        "required": check.required,
        "state": kind,
        "at": None if met_at is None else met_at.isoformat(),
        "override": str(check.override),
        "source": check.citation.text,
        "grade": str(check.citation.grade),
        "grade_label": check.citation.grade.label,
        "command": _CHECK_COMMANDS.get(check.kind, "record-check"),
    }


_CHECK_COMMANDS = {
    "identity": "confirm-identity",
    "consent": "confirm-consent",
    "suicide-screen": "record-suicide-screen",
    "weight": "record-weight",
    "baseline-vitals": "record-vitals",
}


def _judge_check(state: SessionState, protocol: Protocol, check: Check, now: datetime) -> tuple[datetime | None, bool]:
    """Return when a check was met, and whether it failed."""
    recorded = [e for e in state.effective.get("check-recorded", ()) if e.data["check"] == check.id]
    if recorded:
        last = recorded[-1]
        return (last.occurred_at, False) if last.data["passed"] else (None, True)
    if check.kind == "identity":
        return _when(state, "identity-confirmed"), False
    if check.kind == "consent":
        said = state.effective.get("consent-confirmed", ())
        return (said[-1].occurred_at, False) if said and said[-1].data["agrees"] else (None, bool(said))
    if check.kind == "suicide-screen":
        return _when(state, "suicide-screen-recorded"), False
    if check.kind == "weight":
        return _judge_weight(state, check, now)
    if check.kind == "baseline-vitals":
        return _judge_baseline(state, check, now)
    if check.kind == "score-recent":
        return _judge_score(state, check, now)
    return None, False


def _when(state: SessionState, event_type: str) -> datetime | None:
    found = state.effective.get(event_type, ())
    return found[-1].occurred_at if found else None


def _judge_weight(state: SessionState, check: Check, now: datetime) -> tuple[datetime | None, bool]:
    weight = find_weight(state)
    if weight is None:
        return None, False
    limit = timedelta(days=float(check.params["max_age_d"].value))
    return (weight[1], False) if now - weight[1] <= limit else (None, True)


def _judge_baseline(state: SessionState, check: Check, now: datetime) -> tuple[datetime | None, bool]:
    """Baseline vitals are met once every reading of the baseline was taken recently enough."""
    started = find_start(state) or now
    limit = timedelta(minutes=float(check.params["max_age_min"].value))
    times = []
    for key in ("bp", "heart_rate", "spo2", "resp_rate", "sedation"):
        latest = find_latest(state, key)
        if latest is None or (find_start(state) is None and started - latest.at > limit):
            return None, False
        times.append(latest.at)
    return max(times), False


def _judge_score(state: SessionState, check: Check, now: datetime) -> tuple[datetime | None, bool]:
    scale, limit = str(check.params["scale"].value), int(check.params["max_age_d"].value)
    for score in state.header.get("scores") or []:
        if score.get("scale") == scale and score.get("on"):
            taken = date.fromisoformat(str(score["on"])[:10])
            if (get_local_date(state, now) - taken).days <= limit:
                zone = ZoneInfo(str(state.header.get("timezone") or "UTC"))
                return datetime.combine(taken, datetime.min.time(), tzinfo=zone), False
    return None, False


def list_rule_findings(state: SessionState, protocol: Protocol, now: datetime) -> tuple[Finding, ...]:
    """Return what the protocol's pre-session rules find in the chart's facts and today's answers."""
    facts = build_visit_facts(state, protocol, now)
    findings = list(evaluate_rules(protocol, facts, Stage.PRE_SESSION, build_context(protocol)).findings)
    dates = [date.fromisoformat(str(each)[:10]) for each in state.header.get("session_dates") or []]
    findings += check_frequency(protocol, dates, get_local_date(state, now))
    return tuple(findings)


def list_rule_blockers(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    """Return the rules that hold the first dose: stops, and gaps in what must be known."""
    found = []
    for finding in list_rule_findings(state, protocol, now):
        is_gap = finding.severity is Severity.MISSING and bool(ESSENTIAL & set(finding.facts))
        if finding.severity is Severity.STOP:
            found.append(Blocker("rule-stops", finding.asks, finding.rule, finding.override, finding))
        elif is_gap:
            found.append(Blocker("rule-missing", finding.asks, finding.rule, finding.override, finding))
    return found


def build_visit_facts(
    state: SessionState, protocol: Protocol, now: datetime, *, with_later: bool = False
) -> dict[str, Any]:
    """Return the facts of this visit: the chart's, today's readings, fasting, answers and suicide screen.

    The drugs of the day are those before the dose; `with_later` adds those given once it had begun.
    """
    facts: dict[str, Any] = dict(state.header.get("facts") or {})
    pressure = find_latest(state, "bp")
    if pressure is not None:
        facts["bp.systolic_mmhg"], facts["bp.diastolic_mmhg"] = pressure.value["systolic"], pressure.value["diastolic"]
    for key, name in (
        ("heart_rate", "hr.per_min"),
        ("spo2", "spo2.percent"),
        ("resp_rate", "rr.per_min"),
        ("temperature", "temperature.cel"),
    ):
        latest = find_latest(state, key)
        if latest is not None:
            facts[name] = latest.value
    warning = {"chest-pain", "severe-headache", "dyspnoea", "focal-neurology", "visual-loss", "seizure"}
    levels = {kind: level for kind, level in find_symptoms(state).items() if kind in warning}
    if any(level != "none" for level in levels.values()):
        facts["bp.is_symptomatic"] = True
    elif levels or _passed(state, "since-last"):
        facts["bp.is_symptomatic"] = False
    facts.update(_read_answers(state))
    facts.update(_read_screen(state, protocol))
    given, begun = state.list("drug-given"), find_start(state)
    if not with_later:
        given = tuple(e for e in given if (e.occurred_at <= now if begun is None else e.occurred_at < begun))
    return join_drugs(facts, given, now)


_VISIT_FACTS = (
    "visit.new_diagnosis",
    "visit.new_medicine",
    "visit.may_be_pregnant",
    "visit.urinary_symptoms",
    "visit.fall",
    "visit.misuse",
    "visit.mood_worse",
    "visit.fever_or_blocked_nose",
)


def _read_answers(state: SessionState) -> dict[str, Any]:
    """Return the facts that today's checks state. A check that passed states that nothing it asks for is so."""
    facts: dict[str, Any] = {}
    if _passed(state, "since-last"):
        facts.update(dict.fromkeys(_VISIT_FACTS, False))
        if any(row.get("is_crisis") for row in state.header.get("told") or ()):
            # thoughts of suicide that the person told are not taken back by a check that somebody ticks
            facts["visit.mood_worse"] = True
    if _passed(state, "reconciliation"):
        facts["use.alcohol_or_sedatives_24h"] = False
    for event in state.effective.get("check-recorded", ()):
        if event.data["check"] == "fasting":
            if "solids_h" in event.data:
                facts["fasting.solids_h"] = event.data["solids_h"]
                facts["fasting.solids_kind"] = event.data.get("solids_kind", "fatty")
            if "fluids_h" in event.data:
                facts["fasting.clear_liquids_h"] = event.data["fluids_h"]
        facts.update(event.data.get("details") or {})
    return facts


def _passed(state: SessionState, check_id: str) -> bool:
    recorded = [e for e in state.effective.get("check-recorded", ()) if e.data["check"] == check_id]
    return bool(recorded and recorded[-1].data["passed"])


def _read_screen(state: SessionState, protocol: Protocol) -> dict[str, Any]:
    """Return the worst of the screens that count, and whether a clinician has assessed it."""
    screened = find_screened(state, protocol)
    if not screened.told:
        return {}
    facts: dict[str, Any] = {}
    if screened.level is not None:
        facts["suicide.ideation"] = screened.level
    if screened.behaviour is not None:
        facts["suicide.behaviour"] = "recent" if screened.behaviour else "none"
    facts["suicide.is_assessed"] = screened.is_assessed
    return facts


def _say_way_out(state: SessionState, row: str) -> str:
    """Return what ends an alarm that holds the dose: a lost signal by a reading alone, another also by answering it."""
    if row == LOST:
        return "enter SpO2 by hand"
    answered = {alarm.row for alarm in list_active(state) if alarm.acknowledged_at is not None}
    return "deal with it and measure again" if row in answered else "deal with it and acknowledge it"


def _check_standing(state: SessionState, protocol: Protocol, command: str, now: datetime) -> list[Blocker]:
    """Return the standing alarms and the consent and assessment that hold a further dose."""
    found = [
        Blocker("alarm-stands", f"{title}: {_say_way_out(state, row)}, then the dose.", row)
        for row, title in find_blocking(state, protocol, command, now).items()
    ]
    if find_start(state) is not None:
        found += check_consent(state, None)
        found += check_suicide(state, protocol, now)
        if find_phase(state, protocol) not in ("dosing", "paused"):
            found.append(Blocker("dosing-over", "Giving has ended; a further dose is another session."))
    return found


def _check_next_bag(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    """Return whether a bag prepared during the pause would pass the order, together with what was given already."""
    order, bag = find_order(state), find_preparation(state)
    running = state.find_last("dosing-started", "resume-recorded")
    if order is None or bag is None or bag.prepared_mg is None or running is None or bag.at <= running.occurred_at:
        return []
    given = calculate_dose_mg(state, protocol, now) or Decimal(0)
    limit = order.ordered_mg * (1 + Decimal(str(protocol.setting("draw.rounding_max_percent"))) / 100)
    if given + bag.prepared_mg <= limit:
        return []
    message = f"{given:.1f} mg given and {bag.prepared_mg:f} mg in the bag, ordered {order.ordered_mg:f} mg."
    return [Blocker("preparation-exceeds-order", message)]


def _check_device(state: SessionState, protocol: Protocol, now: datetime) -> list[Blocker]:
    found = []
    if count_dosed_devices(state) >= count_allowed_devices(state):
        message = "Every ordered device is used; a lost spray is not replaced without an order."
        found.append(Blocker("device-beyond-order", message))
    opens = find_next_device_at(state, protocol)
    if opens is not None and now < opens:
        found.append(
            Blocker("device-too-soon", f"The rest between devices ends at {write_hour(state, opens, seconds=True)}.")
        )
    return found


def _check_injection(state: SessionState) -> list[Blocker]:
    order = find_order(state)
    if order is not None and sum_injections(state, None) >= order.ordered_mg:
        return [Blocker("dose-beyond-order", "The ordered dose is given.")]
    return []
