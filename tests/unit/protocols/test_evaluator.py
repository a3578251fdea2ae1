"""The evaluator: three answers, texts with values, one missing finding per rule, a fixed order."""

from dataclasses import replace

from afterglow.protocols.evaluate import (
    evaluate_rules,
    find_undecided_facts,
    order_rule_id,
    render_text,
)
from afterglow.protocols.model import Stage
from afterglow.protocols.rules import load_rules, parse_rules
from afterglow.terms import Severity, Verdict

RULES = """
[[rule]]
id = "X-10"
title = "Ten"
stages = ["screening", "dose"]
severity = "caution"
override = "prescriber"
seen = "Age {person.age_years}, {65 - person.age_years} to go, weight {weight.kg}"
threshold = "65 or more"
asks = "act"
cleared = "Age {person.age_years}"
source = "SITE"
locator = "test"
grade = "P"
[[rule.variants]]
variant = "age"
when = { fact = "person.age_years", op = ">=", value = 65 }
[[rule.variants]]
variant = "women"
applies = { fact = "person.sex", is = "female" }
when = { fact = "person.breastfeeding", is = true }

[[rule]]
id = "X-2"
title = "Two"
stages = ["screening"]
severity = "stop"
override = "none"
when = { fact = "history.porphyria", is = true }
seen = "Porphyria"
threshold = "any"
asks = "act now"
source = "SITE"
locator = "test"
grade = "P"
"""
TWO = parse_rules({"x.toml": RULES})


def test_findings_come_by_severity_then_by_number() -> None:
    facts = {"person.age_years": 70, "person.sex": "male", "history.porphyria": True}
    answer = evaluate_rules(TWO, facts, Stage.SCREENING)
    assert [(found.rule, found.severity) for found in answer.findings] == [("X-2", "stop"), ("X-10", "caution")]
    assert answer.verdict is Verdict.STOP


def test_texts_carry_values_distances_and_what_is_not_recorded() -> None:
    answer = evaluate_rules(TWO, {"person.age_years": 70, "person.sex": "male"}, Stage.DOSE)
    assert answer.findings[0].seen == "Age 70, -5 to go, weight not recorded"


def test_variants_of_one_row_share_one_missing_finding_that_names_all() -> None:
    answer = evaluate_rules(TWO, {}, Stage.DOSE)
    (missing,) = answer.findings
    assert missing.facts == ("person.age_years", "person.sex", "person.breastfeeding")
    assert missing.seen == "Not recorded: age; sex; breastfeeding"
    assert "Ask the date of birth." in missing.asks


def test_a_rule_that_may_apply_is_not_cleared_by_not_knowing_whether_it_does() -> None:
    answer = evaluate_rules(TWO, {"person.age_years": 40, "person.breastfeeding": True}, Stage.DOSE)
    assert [found.severity for found in answer.findings] == [Severity.MISSING]
    assert answer.cleared == ()


def test_a_row_is_cleared_only_when_none_of_its_variants_speaks() -> None:
    facts = {"person.age_years": 40, "person.sex": "female", "person.breastfeeding": True}
    assert evaluate_rules(TWO, facts, Stage.DOSE).cleared == ()
    facts["person.breastfeeding"] = False
    assert [item.seen for item in evaluate_rules(TWO, facts, Stage.DOSE).cleared] == ["Age 40"]


def test_only_rules_of_the_stage_are_asked() -> None:
    assert [found.rule for found in evaluate_rules(TWO, {}, Stage.DOSE).findings] == ["X-10"]
    assert evaluate_rules(TWO, {}, Stage.IN_SESSION).findings == ()


def test_only_the_facts_that_decide_are_asked_for() -> None:
    condition = {
        "any": [
            {"all": [{"fact": "a", "is": False}, {"fact": "b", "is": True}]},
            {"not": {"fact": "c", "is": True}},
        ]
    }
    assert list(find_undecided_facts(condition, {"a": True})) == ["c"]
    assert list(find_undecided_facts(condition, {"a": False})) == ["b", "c"]
    assert list(find_undecided_facts(condition, {"c": False})) == []


def test_rule_ids_sort_as_people_count() -> None:
    ids = ["C-10", "C-2", "B-5", "F-ESK", "LT-1"]
    assert sorted(ids, key=order_rule_id) == ["B-5", "C-2", "C-10", "F-ESK", "LT-1"]


def test_a_finding_says_its_grade_in_words() -> None:
    rule = next(rule for rule in load_rules() if rule.key == "C-01/esketamine")
    rule = replace(rule, applies=None)
    (found,) = evaluate_rules([rule], {"history.aneurysm": True}, Stage.SCREENING).findings
    assert found.to_json()["grade_label"] == "checked against the source"
    assert found.source == "SPR-US, section 4 Contraindications, row C-01"


def test_text_without_placeholders_is_left_alone() -> None:
    assert render_text("above 140/90", {}) == "above 140/90"
