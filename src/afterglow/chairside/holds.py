"""What a rule holds against a check that was asked: the answer is there, and it stops the dose all the same."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from afterglow.chairside.dosing import find_start
from afterglow.chairside.guards import (
    build_visit_facts,
    describe_check,
    find_overridden,
    is_lifted,
    list_rule_blockers,
)
from afterglow.chairside.state import SessionState
from afterglow.protocols.evaluate import build_context, evaluate_rules
from afterglow.protocols.model import Check, Protocol, Stage
from afterglow.terms import Finding, Severity

MET = ("met", "overridden")
FOOD, LIQUID = "fasting.solids_h", "fasting.clear_liquids_h"
# which check asks for a fact of a rule: by the fact's first word, the check's id or kind
_ASKED_BY = {
    "fasting": "fasting",
    "bp": "baseline-vitals",
    "hr": "baseline-vitals",
    "spo2": "baseline-vitals",
    "rr": "baseline-vitals",
    "temperature": "baseline-vitals",
    "suicide": "suicide-screen",
}
# no fasting limit is finer than half an hour, and none is longer than a day
_STEP, _LONGEST = Decimal("0.5"), Decimal(24)


def list_checks(state: SessionState, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    """Return the pre-session checks; before the dose one that was asked, and that a rule stops on, with that stop."""
    checks = [describe_check(state, protocol, check, now) for check in protocol.checks]
    if find_start(state) is not None:
        return checks
    found = _list_stops(state, protocol, now)
    for described, check in zip(checks, protocol.checks, strict=True):
        held = [each for each in found if _is_about(each, check)]
        if held and described["state"] == "met":
            described["held"] = [_describe(each, state, protocol, now) for each in held]
    return checks


def is_settled(check: dict[str, Any]) -> bool:
    """Return whether a check is behind: answered or overridden, and no stop held against its answer."""
    return check["state"] in MET and not check.get("held")


def _list_stops(state: SessionState, protocol: Protocol, now: datetime) -> list[Finding]:
    overridden = find_overridden(state, now)
    blockers = [each for each in list_rule_blockers(state, protocol, now) if not is_lifted(each, overridden)]
    return [each.finding for each in blockers if each.finding is not None and each.finding.severity is Severity.STOP]


def _is_about(finding: Finding, check: Check) -> bool:
    asked = {_ASKED_BY.get(name.split(".")[0]) for name in finding.facts}
    return bool(asked & {check.id, check.kind})


def _describe(finding: Finding, state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return a stop as the check shows it; of fasting also when it was, what is asked and from when it is enough."""
    return {**finding.to_json(), "wait": find_fasted(finding, state, protocol, now)}


def find_fasted(finding: Finding, state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any] | None:
    """Return what was eaten or drunk when, the hours that the rule asks, and from when they have passed."""
    facts = build_visit_facts(state, protocol, now)
    asked = [e for e in state.list("check-recorded") if e.data["check"] == "fasting"]
    told = {"solids_h": FOOD, "fluids_h": LIQUID}
    for event in reversed(asked):
        hours = {
            name: Decimal(str(facts[name]))
            for key, name in told.items()
            if key in event.data and name in facts and name in finding.facts
        }
        waits = []
        for name, since_h in hours.items():
            least = _find_least(finding.rule, name, facts, protocol)
            if least is not None and least > since_h:
                waits.append((least - since_h, name, least))
        if not waits:
            continue
        left_h, name, least = max(waits)
        return {
            "what": "food" if name == FOOD else "liquid",
            "kind": str(facts.get("fasting.solids_kind") or "") if name == FOOD else "",
            "at": (event.occurred_at - timedelta(hours=float(hours[name]))).isoformat(),
            "asked_h": f"{least.normalize():f}",
            "not_before": (event.occurred_at + timedelta(hours=float(left_h))).isoformat(),
        }
    return None


def _find_least(rule: str, name: str, facts: dict[str, Any], protocol: Protocol) -> Decimal | None:
    """Return the fewest hours of one fact with which the rule stops nothing, everything else being long enough."""
    rules = [each for each in protocol.rules if each.id == rule]
    known = build_context(protocol) | facts | dict.fromkeys((FOOD, LIQUID), _LONGEST)
    tried = Decimal(0)
    while tried <= _LONGEST:
        outcome = evaluate_rules(rules, {**known, name: tried}, Stage.PRE_SESSION)
        if not any(each.severity is Severity.STOP for each in outcome.findings):
            return tried
        tried += _STEP
    return None
