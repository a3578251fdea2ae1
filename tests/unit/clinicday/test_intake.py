"""The questions of the intake form: both languages, strict reading, nothing assumed from what was not answered."""

from datetime import date
from typing import Any

import pytest

from afterglow.clinicday import told
from afterglow.clinicday.intake import LANGUAGES, get_number, is_crisis, load_intake, read_intake

TODAY = date(2026, 11, 17)
FULL: dict[str, Any] = {
    "given_name": " Rowan ",
    "family_name": "Demo",
    "birth_on": "1988-03-03",
    "phone": "(555) 0142",
    "may_call": "yes",
    "asks": "Resistant\tdepression",
}


def test_every_question_and_choice_has_both_languages() -> None:
    intake = load_intake()
    for section in intake.sections:
        assert set(section.title) == set(LANGUAGES)
        for item in section.fields:
            assert all(item.label[language].strip() for language in LANGUAGES), item.name
            assert all(choice.label[language].strip() for choice in item.choices for language in LANGUAGES), item.name


def test_the_crisis_questions_come_first_and_number_as_they_stand() -> None:
    first = load_intake().sections[0]
    assert first.key == "crisis"
    assert get_number("crisis_today") == 3
    assert [item.level for item in first.fields] == ["crisis", "urgent", "crisis"]


def test_the_public_form_asks_nothing_that_only_a_letter_says() -> None:
    public = {item.name for section in load_intake().list_sections() for item in section.fields}
    staff = {item.name for section in load_intake().list_sections(is_staff=True) for item in section.fields}
    assert "phq9_total" in staff - public
    assert public < staff


def test_what_is_given_is_read_and_what_is_blank_stays_absent() -> None:
    reading = read_intake({**FULL, "email": "  ", "bp_systolic": "128,5", "trial_1_weeks": "8"}, today=TODAY)
    assert reading.problems == []
    assert reading.answers == {
        **FULL,
        "given_name": "Rowan",
        "asks": "Resistant depression",
        "bp_systolic": 128.5,
        "trial_1_weeks": 8,
    }


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("phone", "call me", "phone-malformed"),
        ("email", "rowan@", "email-malformed"),
        ("birth_on", "3 March 1988", "date-malformed"),
        ("birth_on", "2026-11-18", "day-not-accepted"),
        ("may_call", "maybe", "word-unknown"),
        ("bp_systolic", "1e3", "number-malformed"),
        ("bp_systolic", "NaN", "number-malformed"),
        ("bp_systolic", "301", "number-out-of-range"),
        ("asks", "x" * 161, "text-too-long"),
        ("history", "a\x00b", "text-unprintable"),
        ("insurance_last4", "44711", "text-too-long"),
        ("allergies", "\n".join("abc" for _ in range(41)), "lines-too-many"),
        ("nonsense", "1", "field-unknown"),
        ("phq9_total", "20", "field-unknown"),
        ("has_no_trials", "yes", "answers-contradict"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field(name: str, value: str, code: str) -> None:
    given = {**FULL, "trial_1_drug": "Sertraline", name: value}
    found = [problem for problem in read_intake(given, today=TODAY).problems if problem.path == name]
    assert [problem.code for problem in found] == [code]


def test_a_pressure_upside_down_is_refused() -> None:
    reading = read_intake({**FULL, "bp_systolic": "80", "bp_diastolic": "120"}, today=TODAY)
    assert [problem.code for problem in reading.problems] == ["pressure-inverted"]


def test_required_answers_differ_for_a_person_a_letter_and_a_crisis() -> None:
    def missing(**options: bool) -> set[str]:
        return {problem.path for problem in read_intake({}, today=TODAY, **options).problems}

    assert missing() == {"given_name", "family_name", "birth_on", "phone", "may_call", "asks"}
    assert missing(is_staff=True) == {"given_name", "family_name", "asks"}
    assert missing(is_partial=True) == set()


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"crisis_today": "yes"}, True),
        ({"crisis_harm": "yes"}, True),
        ({"crisis_thoughts": "yes"}, False),
        ({"crisis_today": "no"}, False),
        ({"crisis_today": "unknown"}, False),
        ({}, False),
    ],
)
def test_a_crisis_is_what_asks_for_a_call_now(answers: dict[str, str], expected: bool) -> None:
    assert is_crisis(answers) is expected


def test_not_known_is_neither_yes_nor_no_and_what_was_not_asked_is_absent() -> None:
    facts = told.list_facts({"aneurysm": "unknown", "psychosis": "no", "pregnant": "yes"})
    assert facts == {"history.aneurysm": None, "history.psychosis": False, "person.pregnant": True}


def test_trials_and_medicines_keep_what_is_not_known_open() -> None:
    answers = {"trial_2_drug": "Lithium", "trial_2_weeks": 7.5, "trial_3_weeks": 3, "medicine_1_name": "Lithium"}
    (trial,) = told.list_trials(answers)
    assert (trial.drug, trial.dose_mg, str(trial.weeks), trial.outcome) == ("Lithium", None, "7.5", "")
    assert told.list_medicines(answers)[0].dose == ""


def test_the_rules_judge_what_was_told_and_say_nothing_of_what_was_not() -> None:
    from afterglow.protocols.catalogue import get_effective

    protocol = get_effective("iv-racemic", indication="trd")
    answers = {"birth_on": "1982-01-01", "bp_systolic": 176, "bp_diastolic": 104, "has_no_allergies": "yes"}
    found = told.judge_told(answers, protocol, TODAY)
    assert "C-07" in {finding.rule for finding in found}
    assert told.judge_told({"birth_on": "1982-01-01"}, protocol, TODAY) == []


def test_a_told_pregnancy_and_psychosis_stop_by_the_protocols_own_rules() -> None:
    from afterglow.protocols.catalogue import get_effective

    protocol = get_effective("iv-racemic", indication="trd")
    stops = told.judge_told({"pregnant": "yes", "psychosis": "yes"}, protocol, TODAY)
    assert {finding.facts[0] for finding in stops if finding.severity == "stop"} >= {"history.psychosis"}
