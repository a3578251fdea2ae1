"""What must hold for any facts: unknown is never a pass, forgetting never helps, and no input breaks the reader."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from afterglow.protocols.cases import flatten_case, list_case_paths
from afterglow.protocols.conditions import check_condition, iterate_fact_names
from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.facts import FactSpec, find_fact
from afterglow.protocols.model import Rule, Stage
from afterglow.protocols.rules import load_rules
from afterglow.terms import Severity, Verdict

STAGES = (Stage.SCREENING, Stage.DOSE, Stage.PRE_SESSION, Stage.SURVEILLANCE)
CONTEXT = ("drug", "route", "indication", "jurisdiction", "profile.")


def values_of(spec: FactSpec) -> st.SearchStrategy[Any]:
    """Return a strategy of values a fact may hold."""
    if spec.type == "bool":
        return st.booleans()
    if spec.type == "code":
        return st.sampled_from(spec.choices) if spec.choices else st.just("x")
    if spec.type == "codes":
        return st.lists(st.sampled_from(spec.choices or ("x",)), max_size=4, unique=True).map(tuple)
    low = int(spec.min if spec.min is not None else 0)
    return st.integers(low, int(spec.max if spec.max is not None else 500)).map(Decimal)


@cache
def list_facts(stage: Stage) -> tuple[str, ...]:
    """Return every fact the rules of a stage read."""
    names: dict[str, None] = {}
    for rule in rules_of(stage):
        for part in (rule.applies, rule.when):
            names |= dict.fromkeys(iterate_fact_names(part) if part is not None else ())
    return tuple(sorted(names))


@cache
def rules_of(stage: Stage) -> tuple[Rule, ...]:
    """Return the rules of a stage."""
    return tuple(rule for rule in load_rules() if stage in rule.stages)


@cache
def list_optional_facts() -> frozenset[str]:
    """Return facts that are asked of some people only: the rule that asks for them applies to fewer."""
    by_key = {rule.key: rule for rule in load_rules()}
    optional: set[str] = set()
    for rule in load_rules():
        asker = by_key.get(rule.asked_by)
        if asker is not None and asker.applies is not None and asker.applies != rule.applies:
            optional |= set(iterate_fact_names(rule.when))
    return frozenset(optional | {"scales.ymrs.total", "scales.asrm.total"})


@st.composite
def known_facts(draw: st.DrawFn, stage: Stage) -> dict[str, Any]:
    """Draw facts of a stage; the protocol's context is always complete, the rest is partly unknown."""
    facts: dict[str, Any] = {}
    for name in list_facts(stage):
        spec = find_fact(name)
        assert spec is not None
        if name.startswith(CONTEXT) or draw(st.booleans()):
            facts[name] = draw(values_of(spec))
    return facts


def find_states(facts: Mapping[str, Any], stage: Stage) -> dict[str, str]:
    """Return, per rule, whether it does not apply, is passed, speaks, or is not known."""
    states = {}
    for rule in rules_of(stage):
        applies = True if rule.applies is None else check_condition(rule.applies, facts)
        speaks = check_condition(rule.when, facts)
        if applies is False or speaks is False:
            states[rule.key] = "passed"
        else:
            states[rule.key] = "speaks" if applies and speaks else "unknown"
    return states


@given(data=st.data(), stage=st.sampled_from(STAGES))
def test_forgetting_a_fact_never_turns_a_finding_into_a_pass(data: st.DataObject, stage: Stage) -> None:
    facts = data.draw(known_facts(stage))
    forgettable = sorted(set(facts) - {name for name in facts if name.startswith(CONTEXT)} - list_optional_facts())
    if not forgettable:
        return
    forgotten = data.draw(st.sets(st.sampled_from(forgettable), min_size=1, max_size=3))
    fewer = {name: value for name, value in facts.items() if name not in forgotten}
    before, after = evaluate_rules(rules_of(stage), facts, stage), evaluate_rules(rules_of(stage), fewer, stage)
    if before.verdict is not Verdict.CLEAR:
        assert after.verdict is not Verdict.CLEAR
    if before.verdict in (Verdict.STOP, Verdict.INCOMPLETE):
        assert after.verdict in (Verdict.STOP, Verdict.INCOMPLETE)
    assert {item.rule for item in after.cleared} <= {item.rule for item in before.cleared} | {
        finding.rule for finding in before.findings if finding.severity is Severity.INFO
    }


@given(data=st.data(), stage=st.sampled_from(STAGES))
def test_a_condition_that_is_answered_keeps_its_answer_when_more_is_known(data: st.DataObject, stage: Stage) -> None:
    facts = data.draw(known_facts(stage))
    more = dict(facts)
    for name in list_facts(stage):
        spec = find_fact(name)
        if name not in more and spec is not None:
            more[name] = data.draw(values_of(spec))
    for rule in rules_of(stage):
        if any("known" in str(part) for part in (rule.when, rule.applies)):
            continue
        fewer_answer, more_answer = check_condition(rule.when, facts), check_condition(rule.when, more)
        assert more_answer is not None
        assert fewer_answer in (None, more_answer), rule.key


@given(data=st.data(), stage=st.sampled_from(STAGES))
def test_every_rule_is_answered_one_way_and_findings_are_in_order(data: st.DataObject, stage: Stage) -> None:
    facts = data.draw(known_facts(stage))
    answer = evaluate_rules(rules_of(stage), facts, stage)
    found = {finding.rule for finding in answer.findings}
    assert not found & {item.rule for item in answer.cleared}
    order = [list(Severity).index(finding.severity) for finding in answer.findings]
    assert order == sorted(order)
    states = find_states(facts, stage)
    for rule in rules_of(stage):
        is_asked = states[rule.key] == "speaks" or (states[rule.key] == "unknown" and rule.missing != "silent")
        assert not is_asked or rule.id in found, rule.key
    again = evaluate_rules(tuple(reversed(rules_of(stage))), facts, stage)
    assert {f.rule for f in again.findings} == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(case=JSON)
def test_any_json_value_is_read_or_answered_with_problems(case: object) -> None:
    answer = flatten_case(case)
    assert answer.problems
    assert all(json.dumps(problem.to_json()["message"]) for problem in answer.problems)


@given(data=st.data())
def test_any_value_at_any_path_is_read_or_answered_with_problems(data: st.DataObject) -> None:
    case: dict[str, Any] = {"today": "2026-11-17", "context": {"protocol": "iv-racemic"}}
    places = [
        *list_case_paths(),
        "allergies",
        "medications",
        "trials",
        "measurements.blood_pressure",
        "today",
        "context",
    ]
    for path in data.draw(st.lists(st.sampled_from(places), max_size=5, unique=True)):
        *parents, last = path.split(".")
        node: Any = case
        for parent in parents:
            if not isinstance(node, dict):
                break
            node = node.setdefault(parent, {})
        if isinstance(node, dict):
            node[last] = data.draw(JSON | st.lists(st.dictionaries(st.sampled_from(["name", "drug", "weeks"]), JSON)))
    answer = flatten_case(case)
    assert answer.problems or answer.facts is not None
