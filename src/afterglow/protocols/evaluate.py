"""The evaluator: rules and facts in, findings out.

Every rule is answered yes, no or not known. Yes gives its finding, no puts it on the cleared list with what
was seen, not known gives a `missing` finding that names what to ask. Nothing unknown is ever a pass.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from afterglow.protocols.conditions import Condition, Facts, Truth, check_condition, iterate_fact_names
from afterglow.protocols.facts import find_fact, load_facts, render_value
from afterglow.protocols.model import Protocol, Rule, Stage
from afterglow.terms import Finding, Severity, Verdict, calculate_verdict

# `{bp.systolic_mmhg}` is the value; `{160 - bp.systolic_mmhg}` is the distance to a limit
PLACEHOLDER = re.compile(r"\{(?:(\d+(?:\.\d+)?) - )?([a-z0-9_.-]+)\}")

_GAP = "Not recorded: "
_SEVERITY_ORDER = {Severity.STOP: 0, Severity.CAUTION: 1, Severity.MISSING: 2, Severity.INFO: 3}


@dataclass(frozen=True, slots=True)
class ClearedRule:
    """A rule that was asked and answered no, with what was seen."""

    rule: str
    title: str
    seen: str

    def to_json(self) -> dict[str, str]:
        """Return the three texts by name."""
        return {"rule": self.rule, "title": self.title, "seen": self.seen}


@dataclass(frozen=True, slots=True)
class EvaluatedRules:
    """The answer of a list of rules: findings by severity and id, and what was cleared."""

    findings: tuple[Finding, ...]
    cleared: tuple[ClearedRule, ...]

    @property
    def verdict(self) -> Verdict:
        """The reading of the findings as a whole."""
        return calculate_verdict(self.findings)


def evaluate_rules(
    rules: Protocol | Iterable[Rule],
    facts: Facts,
    stage: Stage,
    context: Facts | None = None,
) -> EvaluatedRules:
    """Return findings and cleared rules of one stage.

    Given a protocol, its drug, route, indication and profiles are facts too; `context` adds or replaces facts.
    """
    known = dict(facts)
    if isinstance(rules, Protocol):
        known = build_context(rules) | known
        rules = rules.rules
    if context:
        known |= context
    asked = [rule for rule in rules if stage in rule.stages]
    outcomes = [_ask(rule, known) for rule in asked]
    findings = _merge_missing(outcome for outcome in outcomes if isinstance(outcome, Finding))
    not_cleared = {finding.rule for finding in findings} | _find_waiting_rules(asked, outcomes, known)
    cleared = {
        outcome.rule: outcome
        for outcome in reversed(outcomes)
        if isinstance(outcome, ClearedRule) and outcome.rule not in not_cleared
    }
    return EvaluatedRules(
        findings=tuple(sorted(findings, key=_finding_order)),
        cleared=tuple(sorted(cleared.values(), key=lambda item: order_rule_id(item.rule))),
    )


def build_context(protocol: Protocol) -> dict[str, Any]:
    """Return what a protocol itself states as facts: drug, route, pattern, indication, profiles."""
    context: dict[str, Any] = {
        **{spec.name: spec.default for spec in load_facts().values() if spec.default},
        "protocol": protocol.id,
        "drug": str(protocol.drug),
        "route": str(protocol.route),
        "pattern": str(protocol.pattern),
    }
    if protocol.indication:
        context["indication"] = protocol.indication
    if "jurisdiction" in protocol.settings:
        context["jurisdiction"] = protocol.setting("jurisdiction")
    for axis, choice in protocol.profiles.items():
        context[f"profile.{axis.replace('-', '_')}"] = choice
    return context


def find_undecided_facts(condition: Condition, facts: Facts) -> Iterator[str]:
    """Yield the unknown facts that keep a condition from being answered, and no others."""
    if check_condition(condition, facts) is not None:
        return
    for key in ("all", "any"):
        for part in condition.get(key, ()):
            yield from find_undecided_facts(part, facts)
    if "not" in condition:
        yield from find_undecided_facts(condition["not"], facts)
    for key in ("fact", "than"):
        if key in condition and facts.get(condition[key]) is None:
            yield condition[key]


def render_text(text: str, facts: Facts) -> str:
    """Return a rule's text with its `{fact}` placeholders filled; an unknown fact reads "not recorded"."""

    def fill(match: re.Match[str]) -> str:
        limit, name = match.groups()
        value = facts.get(name)
        if limit is not None and value is not None:
            value = Decimal(limit) - Decimal(str(value))
        return render_value(name, value)

    return PLACEHOLDER.sub(fill, text) if "{" in text else text


@cache
def order_rule_id(rule_id: str) -> tuple[str, int, str]:
    """Return a key that sorts C-2 before C-10 and keeps families together."""
    prefix, _, rest = rule_id.partition("-")
    digits = re.match(r"\d+", rest)
    return prefix, int(digits[0]) if digits else 10_000, rest


def _ask(rule: Rule, facts: Facts) -> Finding | ClearedRule | None:
    """Return the rule's finding, its clearance, or None when it does not apply or stays silent."""
    applies: Truth = True if rule.applies is None else check_condition(rule.applies, facts)
    if applies is False:
        return None
    speaks = check_condition(rule.when, facts)
    if speaks is False:
        return ClearedRule(rule.id, rule.title, render_text(rule.cleared, facts)) if applies and rule.cleared else None
    if applies and speaks:
        return _build_finding(rule, facts)
    return None if rule.missing == "silent" else _build_missing(rule, facts)


def _find_waiting_rules(asked: list[Rule], outcomes: list[Finding | ClearedRule | None], facts: Facts) -> set[str]:
    """Return ids of which a silent variant cannot be told while the rule that asks in its place still asks.

    Such an id is not cleared by another of its variants: no alcohol today clears no list of medicines.
    """
    asking = {
        rule.key
        for rule, outcome in zip(asked, outcomes, strict=True)
        if isinstance(outcome, Finding) and outcome.severity is Severity.MISSING
    }
    return {
        rule.id
        for rule, outcome in zip(asked, outcomes, strict=True)
        if outcome is None and rule.asked_by in asking and check_condition(rule.when, facts) is None
    }


def _build_finding(rule: Rule, facts: Facts) -> Finding:
    return Finding(
        rule=rule.id,
        severity=rule.severity,
        seen=render_text(rule.seen, facts),
        threshold=render_text(rule.threshold, facts),
        asks=render_text(rule.asks, facts),
        override=rule.override,
        source=rule.citation.text,
        grade=rule.citation.grade,
        title=rule.title,
        facts=tuple(dict.fromkeys(iterate_fact_names(rule.when))),
    )


def _build_missing(rule: Rule, facts: Facts) -> Finding:
    conditions = [rule.when] if rule.applies is None else [rule.applies, rule.when]
    names = tuple(dict.fromkeys(name for part in conditions for name in find_undecided_facts(part, facts)))
    asks = rule.asks_when_missing or _join_questions(names)
    return Finding(
        rule=rule.id,
        severity=Severity.MISSING,
        seen=_name_missing(names),
        threshold=render_text(rule.threshold, facts),
        asks=asks,
        override=rule.override,
        source=rule.citation.text,
        grade=rule.citation.grade,
        title=rule.title,
        facts=names,
    )


def _merge_missing(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings with one `missing` per rule id, which then names every fact its variants lack."""
    kept: list[Finding] = []
    gaps: dict[str, int] = {}
    for finding in findings:
        if finding.severity is not Severity.MISSING:
            kept.append(finding)
        elif finding.rule not in gaps:
            gaps[finding.rule] = len(kept)
            kept.append(finding)
        else:
            at = gaps[finding.rule]
            kept[at] = _join_missing(kept[at], finding)
    return kept


def _join_missing(first: Finding, second: Finding) -> Finding:
    names = tuple(dict.fromkeys(first.facts + second.facts))
    if first.seen.startswith(_GAP) and second.seen.startswith(_GAP):
        seen = _GAP + "; ".join(dict.fromkeys([*_split_gap(first.seen), *_split_gap(second.seen)]))
    else:
        seen = _join_once(first.seen, second.seen, "; ")
    return replace(
        first,
        facts=names,
        seen=seen,
        asks=_join_once(first.asks, second.asks, " "),
        threshold=_join_once(first.threshold, second.threshold, "; "),
    )


def _split_gap(text: str) -> list[str]:
    return text.removeprefix(_GAP).split("; ")


def _join_once(first: str, second: str, glue: str) -> str:
    return first if second in first else f"{first}{glue}{second}"


def _name_missing(names: tuple[str, ...]) -> str:
    return _GAP + "; ".join(dict.fromkeys(_get_label(name) for name in names))


def _join_questions(names: tuple[str, ...]) -> str:
    specs = [find_fact(name) for name in names]
    return " ".join(dict.fromkeys(spec.question for spec in specs if spec))


def _get_label(name: str) -> str:
    spec = find_fact(name)
    return spec.label if spec else name


def _finding_order(finding: Finding) -> tuple[int, tuple[str, int, str], str]:
    return _SEVERITY_ORDER[finding.severity], order_rule_id(finding.rule), finding.seen


def group_findings(findings: Iterable[Finding]) -> Mapping[Severity, list[Finding]]:
    """Return findings by severity, worst first, empty groups left out."""
    groups: dict[Severity, list[Finding]] = {}
    for finding in sorted(findings, key=_finding_order):
        groups.setdefault(finding.severity, []).append(finding)
    return groups
