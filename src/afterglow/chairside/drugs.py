"""Drugs taken or given today as facts that interaction rules read: class, name, hours since."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from afterglow.chairside.events import Event
from afterglow.protocols.evaluate import build_context, evaluate_rules
from afterglow.protocols.medicines import UNCLASSIFIED
from afterglow.protocols.model import Protocol, Stage
from afterglow.terms import Finding, Severity

_LOUD = (Severity.STOP, Severity.CAUTION)


def list_drug_classes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the classes of a drug: the one that was named, and those its name stands for."""
    named = (data.get("class"), *(data.get("classes") or ()))
    return tuple(dict.fromkeys(str(each) for each in named if each))


def list_joined_findings(
    protocol: Protocol,
    facts: Mapping[str, Any],
    drug: Mapping[str, Any],
    at: datetime,
    now: datetime,
    *,
    has_begun: bool = False,
) -> list[Finding]:
    """Return the interaction rules that speak only because a drug has joined the others, stops and cautions alone.

    Once the dose has begun (`has_begun`), what asks for a gap before it says nothing any more; a rescue drug, which
    nobody plans, is asked only by the rows that hold at planning and on the day alike.
    """
    joined, context = join_drug(facts, drug, at, now), build_context(protocol)
    is_rescue = drug.get("purpose") == "rescue"
    rules = [
        rule
        for rule in protocol.rules
        if not has_begun or (Stage.SCREENING in rule.stages and (not is_rescue or Stage.PRE_SESSION in rule.stages))
    ]
    found: dict[str, Finding] = {}
    for stage in (Stage.SCREENING,) if has_begun else (Stage.SCREENING, Stage.PRE_SESSION):
        before = evaluate_rules(rules, facts, stage, context).findings
        known = {finding.rule for finding in before if finding.severity in _LOUD}
        for finding in evaluate_rules(rules, joined, stage, context).findings:
            is_new = finding.rule not in known and finding.rule not in found
            if is_new and finding.rule.startswith("D-") and finding.severity in _LOUD:
                found[finding.rule] = finding
    return list(found.values())


def join_drugs(facts: Mapping[str, Any], given: Iterable[Event], now: datetime) -> dict[str, Any]:
    """Return the facts with today's drugs among the medicines; a list that is not known stays not known."""
    joined = dict(facts)
    if joined.get("medication.classes") is None:
        return joined
    for event in given:
        joined = join_drug(joined, event.data, event.occurred_at, now)
    return joined


def join_drug(facts: Mapping[str, Any], data: Mapping[str, Any], at: datetime, now: datetime) -> dict[str, Any]:
    """Return the facts with one more drug; of two doses of a class the later counts."""
    joined = dict(facts)
    hours = Decimal(str(max(0.0, (now - at).total_seconds()) / 3600)).quantize(Decimal("0.1"))
    for drug_class in list_drug_classes(data) or (UNCLASSIFIED,):
        named, since = f"medication.named.{drug_class}", f"medication.hours_since.{drug_class}"
        joined["medication.classes"] = sorted({*(joined.get("medication.classes") or ()), drug_class})
        joined[named] = tuple(dict.fromkeys([*(joined.get(named) or ()), str(data["drug"])]))
        last = f"medication.last_taken.{drug_class}"
        before = None if joined.get(since) is None else Decimal(str(joined[since]))
        if before is None or hours <= before:
            # those whose time is not known are not said to have been taken then
            same = joined.get(last) or () if hours == before else ()
            joined[last] = tuple(dict.fromkeys([*same, str(data["drug"])]))
        elif last not in joined:
            # a session opened before the names of the last were kept
            joined[last] = facts.get(named)
        joined[since] = hours if before is None else min(hours, before)
    return joined
