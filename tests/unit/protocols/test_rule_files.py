"""The packaged rules: complete, cited, and refused at load when anything about them could not be trusted."""

import re

import pytest

from afterglow.protocols.evaluate import PLACEHOLDER
from afterglow.protocols.facts import load_facts, load_families
from afterglow.protocols.medicines import load_medicine_classes
from afterglow.protocols.rules import load_rules, parse_rules
from afterglow.terms import Grade, InvalidInput, Override, Severity, get_source

RULE = """
[[rule]]
id = "X-1"
title = "A test rule"
stages = ["screening"]
when = { fact = "history.porphyria", is = true }
severity = "stop"
override = "none"
seen = "seen {person.age_years}"
threshold = "a threshold"
asks = "an act"
cleared = "nothing"
source = "SPR-US"
locator = "section 4"
grade = "V"
"""


def codes(text: str) -> set[str]:
    """Return the problem codes a rule file is refused with."""
    with pytest.raises(InvalidInput) as error:
        parse_rules({"x.toml": text})
    return {problem.code for problem in error.value.problems}


def test_a_good_rule_is_read() -> None:
    (rule,) = parse_rules({"x.toml": RULE})
    assert (rule.key, rule.severity, rule.citation.grade) == ("X-1", Severity.STOP, Grade.V)


@pytest.mark.parametrize("key", ["source", "grade", "locator", "threshold", "seen", "override", "severity", "when"])
def test_a_rule_without_a_needed_key_is_refused(key: str) -> None:
    assert "key-missing" in codes(re.sub(rf"(?m)^{key} = .*\n", "", RULE))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"SPR-US"', '"NOBODY"', "source-unknown"),
        ('"section 4"', '" "', "source-unknown"),
        ('"V"', '"excellent"', "choice-unknown"),
        ('"history.porphyria", is = true', '"history.porfiria", is = true', "fact-unknown"),
        ("is = true", 'is = "yes"', "condition-misfit"),
        ("is = true", 'op = ">", value = 3', "condition-misfit"),
        ("is = true", "equals = true", "condition-malformed"),
        ("{person.age_years}", "{person.age}", "fact-unknown"),
        ("{person.age_years}", "{PERSON}", "placeholder-malformed"),
        ('"an act"', '""', "text-missing"),
        ('grade = "V"', 'grade = "V"\nweight = 3', "key-unknown"),
        ('cleared = "nothing"', 'cleared = "nothing"\nmissing = "silent"', "silence-unexplained"),
        ('cleared = "nothing"', 'cleared = "nothing"\nmissing = "silent"\nasked_by = "X-9"', "silence-unexplained"),
    ],
)
def test_a_faulty_rule_is_refused(old: str, new: str, code: str) -> None:
    assert code in codes(RULE.replace(old, new))


def test_an_unknown_word_of_a_code_is_refused() -> None:
    condition = '{ fact = "history.child_pugh", is = "D" }'
    assert "condition-misfit" in codes(RULE.replace('{ fact = "history.porphyria", is = true }', condition))


def test_a_rule_written_twice_is_refused() -> None:
    assert "rule-repeated" in codes(RULE + RULE)


def test_all_faults_of_a_file_are_told_at_once() -> None:
    faulty = RULE.replace('"SPR-US"', '"NOBODY"').replace("is = true", "equals = true")
    assert {"source-unknown", "condition-malformed"} <= codes(faulty)


@pytest.mark.parametrize(
    ("prefix", "count"), [("C", 30), ("D", 14), ("W", 10), ("LT", 13), ("B", 7)], ids=lambda item: str(item)
)
def test_every_row_of_the_sheet_has_a_rule(prefix: str, count: int) -> None:
    expected = {f"{prefix}-{number:02d}" if prefix in "CD" else f"{prefix}-{number}" for number in range(1, count + 1)}
    assert expected <= {rule.id for rule in load_rules()}


def test_every_fasting_profile_has_a_rule() -> None:
    assert {"F-ESK", "F-ASA", "F-ART", "F-ICAPS", "F-PO"} <= {rule.id for rule in load_rules()}


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.key)
def test_rule_carries_source_grade_and_locator(rule) -> None:
    source = get_source(rule.citation.source)
    assert rule.citation.locator.strip()
    assert rule.citation.grade.label
    assert source.url or source.doi or source.kind == "policy"
    if source.key == "SITE":
        assert rule.citation.grade is Grade.P


def test_site_policy_never_borrows_a_guidelines_name() -> None:
    borrowed = [r.key for r in load_rules() if r.citation.grade is Grade.P and r.citation.source != "SITE"]
    named = {"C-07/symptom-led", "B-4", "F-ICAPS"}
    assert set(borrowed) <= named


def test_labelled_contraindications_of_esketamine_have_no_override() -> None:
    rules = {rule.key: rule.override for rule in load_rules()}
    labelled = ["C-01/esketamine", "C-02/esketamine", "C-03/esketamine", "C-04/esketamine", "C-06/esketamine-eu"]
    assert {rules[key] for key in labelled} == {Override.NONE}


def test_no_text_calls_anything_forbidden() -> None:
    texts = [f"{r.seen} {r.threshold} {r.asks} {r.cleared}" for r in load_rules()]
    assert not [text for text in texts if re.search(r"forbid|prohibit|not allowed", text, re.IGNORECASE)]


def test_every_stop_and_caution_says_what_to_do() -> None:
    acting = (Severity.STOP, Severity.CAUTION)
    assert all(len(rule.asks) > 10 for rule in load_rules() if rule.severity in acting)


def test_every_fact_in_a_text_is_in_the_vocabulary() -> None:
    known, families = load_facts(), tuple(load_families())
    for rule in load_rules():
        for text in (rule.seen, rule.threshold, rule.asks, rule.cleared):
            for _, name in PLACEHOLDER.findall(text):
                assert name in known or name.startswith(families), f"{rule.key}: {name}"


def test_the_classes_rules_name_are_those_medicines_have() -> None:
    declared = set(load_facts()["medication.classes"].choices) - {"unclassified"}
    assert declared == set(load_medicine_classes())
