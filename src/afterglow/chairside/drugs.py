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
    protocol: Protocol, facts: Mapping[str, Any], drug: Mapping[str, Any], at: datetime, now: datetime
) -> list[Finding]:
    """Return the interaction rules that speak only because a drug has joined the others, stops and cautions alone."""
    joined, context = join_drug(facts, drug, at, now), build_context(protocol)
    found: dict[str, Finding] = {}
    for stage in (Stage.SCREENING, Stage.PRE_SESSION):
        before = evaluate_rules(protocol, facts, stage, context).findings
        known = {finding.rule for finding in before if finding.severity in _LOUD}
        for finding in evaluate_rules(protocol, joined, stage, context).findings:
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
        before = joined.get(since)
        joined[since] = hours if before is None else min(hours, Decimal(str(before)))
    return joined
