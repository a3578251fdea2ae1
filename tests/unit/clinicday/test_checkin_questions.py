"""The check-in's questions: how an answer is read, what it states, and what the protocol's rows find in it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterglow.clinicday.checkin import (
    LANGUAGES,
    collect_facts,
    describe_answer,
    find_question,
    is_crisis,
    judge_answers,
    list_questions,
    load_checkin,
    read_answer,
)
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.model import Protocol
from afterglow.terms import InvalidInput

VIENNA = ZoneInfo("Europe/Vienna")
NOW = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)  # 07:00 in Vienna
PLANNED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
# what point 30 of the clinic's requirements asks for, and what else a dose needs
ASKED = {
    "thoughts", "fall", "diagnosis", "outside", "last-day", "fever", "pressure-tablets", "diabetes",
    "food", "drink", "escort", "medicines", "pregnancy",
}  # fmt: skip


@pytest.fixture(scope="module")
def infusion() -> Protocol:
    return get_effective("iv-racemic", indication="trd")


def read(question: str, now: datetime = NOW, **given: Any) -> dict[str, Any]:
    asked = find_question(load_checkin().questions, question)
    assert asked is not None
    lists = {name: [value] if isinstance(value, str) else value for name, value in given.items()}
    return read_answer(asked, lists, now=now, zone=VIENNA)


def list_codes(question: str, **given: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidInput) as refused:
        read(question, **given)
    return {(problem.path, problem.code) for problem in refused.value.problems}


def judge(infusion: Protocol, chart: dict[str, Any] | None = None, **answers: dict[str, Any]) -> set[tuple[str, str]]:
    named = {name.replace("_", "-"): value for name, value in answers.items()}
    found = judge_answers(named, protocol=infusion, chart=chart or {}, planned_at=PLANNED)
    return {(each.rule, str(each.severity)) for each in found}


def test_a_dosing_visit_asks_everything_and_a_talk_asks_nothing_of_food_and_escort() -> None:
    dosing = {question.id for question in list_questions("dosing", can_become_pregnant=None)}
    talk = {question.id for question in list_questions("integration", can_become_pregnant=None)}
    assert dosing >= ASKED
    assert talk & {"food", "meal", "drink", "escort", "pressure-tablets"} == set()
    assert "thoughts" in talk


def test_pregnancy_is_asked_unless_it_is_known_not_to_be_possible() -> None:
    for known, is_asked in ((True, True), (None, True), (False, False)):
        names = {question.id for question in list_questions("dosing", can_become_pregnant=known)}
        assert ("pregnancy" in names) is is_asked


def test_every_text_has_both_languages_and_the_spanish_one_says_that_nobody_reviewed_it() -> None:
    text = load_checkin()
    assert text.translations["es"] == "provisional: not reviewed by a translator"
    for question in text.questions:
        texts = [question.short, question.text, *(each.text for each in question.options)]
        texts += [each.text for each in question.parts]
        texts += [question.hint] if question.hint else []
        for each in texts:
            assert all(each[language].strip() for language in LANGUAGES), question.id


def test_an_answer_is_kept_as_it_was_given() -> None:
    assert read("fall", choice="yes") == {"choices": ["yes"]}
    assert read("last-day", choice=["alcohol", "cannabis"]) == {"choices": ["alcohol", "cannabis"]}
    assert read("fall", declined="yes", choice="no") == {"declined": True}
    kept = read("escort", choice="named", name=" Ivy ", phone="0660 1234")
    assert kept == {"choices": ["named"], "name": "Ivy", "phone": "0660 1234"}


def test_a_part_is_kept_only_with_the_answer_it_belongs_to() -> None:
    assert read("diagnosis", choice="no", note="nothing") == {"choices": ["no"]}
    assert read("diagnosis", choice="yes", note="asthma")["note"] == "asthma"


@pytest.mark.parametrize(
    ("question", "given", "expected"),
    [
        ("fall", {}, ("choice", "choice-missing")),
        ("fall", {"choice": "perhaps"}, ("choice", "choice-unknown")),
        ("fall", {"choice": ["yes", "no"]}, ("choice", "choice-unknown")),
        ("last-day", {"choice": ["alcohol", "none"]}, ("choice", "choice-contradicts")),
        ("food", {"choice": "today"}, ("clock", "time-malformed")),
        ("food", {"choice": "today", "clock": "25:00"}, ("clock", "time-malformed")),
        ("food", {"choice": "today", "clock": "0x:10"}, ("clock", "time-malformed")),
        ("food", {"choice": "today", "clock": "²²:10"}, ("clock", "time-malformed")),
        ("food", {"choice": "today", "clock": "07:01"}, ("clock", "time-to-come")),
        ("escort", {"choice": "named", "phone": "0660 1234"}, ("name", "text-missing")),
        ("escort", {"choice": "named", "name": "Ivy", "phone": "none"}, ("phone", "phone-too-short")),
        ("escort", {"choice": "named", "name": "I" * 121, "phone": "0660 1234"}, ("name", "text-too-long")),
        ("diagnosis", {"choice": "yes", "note": "\ud800"}, ("note", "text-unprintable")),
        ("diagnosis", {"choice": "yes", "note": "a\x00b"}, ("note", "text-unprintable")),
    ],
)
def test_what_cannot_be_an_answer_is_refused_by_its_field(question: str, given: Any, expected: tuple[str, str]) -> None:
    assert expected in list_codes(question, **given)


def test_the_hours_of_a_fast_run_to_the_planned_dose() -> None:
    food, drink = read("food", choice="today", clock="06:30"), read("drink", choice="today", clock="7:00")
    facts = collect_facts({"food": food, "drink": drink}, planned_at=PLANNED)
    assert (float(facts["fasting.solids_h"]), float(facts["fasting.clear_liquids_h"])) == (3.5, 3.0)


def test_the_hours_are_right_across_the_change_of_clocks() -> None:
    morning = datetime(2026, 3, 29, 5, 0, tzinfo=UTC)  # 07:00, five hours after the clock went forward
    food = read("food", now=morning, choice="yesterday", clock="22:00")
    facts = collect_facts({"food": food}, planned_at=morning + timedelta(hours=2))
    assert float(facts["fasting.solids_h"]) == 10.0  # the clock on the wall says eleven


def test_yesterday_is_the_day_before_at_the_site_not_in_utc() -> None:
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)  # 00:30 on 3 March in Vienna
    assert read("food", now=late, choice="yesterday", clock="20:00")["at"] == "2026-03-02T19:00:00+00:00"


@pytest.mark.parametrize(
    ("question", "given", "rule", "severity"),
    [
        ("thoughts", {"choice": "thoughts"}, "S-2", "caution"),
        ("thoughts", {"choice": "act"}, "CI-1", "stop"),
        ("thoughts", {"declined": "yes"}, "CI-2", "missing"),
        ("mood", {"choice": "worse"}, "S-2", "caution"),
        ("fall", {"choice": "yes"}, "S-2", "caution"),
        ("diagnosis", {"choice": "yes"}, "S-2", "caution"),
        ("medicines", {"choice": "yes"}, "S-2", "caution"),
        ("urinary", {"choice": "yes"}, "S-2", "caution"),
        ("outside", {"choice": "yes"}, "S-2", "caution"),
        ("fever", {"choice": "yes"}, "S-2", "caution"),
        ("pregnancy", {"choice": "yes"}, "S-2", "stop"),
        ("last-day", {"choice": "cannabis"}, "D-02", "stop"),
        ("last-day", {"choice": "alcohol"}, "D-02", "stop"),
        ("last-day", {"choice": "sedative"}, "D-02", "stop"),
        ("food", {"choice": "today", "clock": "06:30"}, "F-ASA", "stop"),
        ("drink", {"choice": "today", "clock": "07:00"}, None, ""),
        ("pressure-tablets", {"choice": "left-out"}, "CI-5", "caution"),
        ("diabetes", {"choice": "glp1"}, "D-15", "caution"),
        ("diabetes", {"choice": "insulin"}, "CI-6", "caution"),
        ("escort", {"choice": "nobody"}, "CI-3", "stop"),
        ("escort", {"choice": "someone"}, "CI-4", "caution"),
    ],
)
def test_each_answer_meets_the_row_that_judges_it(
    infusion: Protocol, question: str, given: Any, rule: str | None, severity: str
) -> None:
    found = judge(infusion, **{question: read(question, **given)})
    also = {("S-2", "caution")} if rule == "CI-1" else set()
    assert found == ({(rule, severity)} | also if rule else set())


@pytest.mark.parametrize(
    ("question", "choice"),
    [("fall", "no"), ("last-day", "none"), ("diabetes", "none"), ("pressure-tablets", "taken"), ("mood", "better")],
)
def test_a_quiet_answer_finds_nothing(infusion: Protocol, question: str, choice: str) -> None:
    assert judge(infusion, **{question: read(question, choice=choice)}) == set()


def test_both_sides_of_the_fast_before_an_infusion(infusion: Protocol) -> None:
    def told(clock: str, meal: str) -> set[tuple[str, str]]:
        food = read("food", choice="today", clock=clock, now=PLANNED)
        return judge(infusion, food=food, meal=read("meal", choice=meal))

    assert told("04:00", "light") == set()  # six hours before 10:00
    assert told("04:06", "light") == {("F-ASA", "stop")}
    assert told("02:00", "fatty") == set()
    assert told("02:06", "fatty") == {("F-ASA", "stop")}


def test_what_the_chart_says_by_itself_is_not_repeated(infusion: Protocol) -> None:
    glp1 = {"medication.classes": ("glp1-agonist",), "medication.named.glp1-agonist": ("semaglutide",)}
    answer = read("diabetes", choice="glp1")
    assert judge(infusion, diabetes=answer) == {("D-15", "caution")}
    assert judge(infusion, glp1, diabetes=answer) == set()


def test_a_visit_without_a_protocol_still_hears_the_crisis() -> None:
    answers = {"thoughts": read("thoughts", choice="act"), "fall": read("fall", choice="yes")}
    found = judge_answers(answers, protocol=None, chart={}, planned_at=PLANNED)
    assert [each.rule for each in found] == ["CI-1"]


def test_a_stop_comes_before_a_caution(infusion: Protocol) -> None:
    answers = {"fall": read("fall", choice="yes"), "escort": read("escort", choice="nobody")}
    found = judge_answers(answers, protocol=infusion, chart={}, planned_at=PLANNED)
    assert [str(each.severity) for each in found] == ["stop", "caution"]


def test_any_yes_to_suicidal_thoughts_is_a_crisis_and_no_other_answer_is() -> None:
    crisis = {
        (question.id, option.id)
        for question in load_checkin().questions
        for option in question.options
        if is_crisis(question, {"choices": [option.id]})
    }
    assert crisis == {("thoughts", "thoughts"), ("thoughts", "act")}


def test_an_answer_is_described_in_the_readers_language() -> None:
    asked = find_question(load_checkin().questions, "escort")
    assert asked is not None
    kept = read("escort", choice="named", name="Ivy", phone="0660 1234")
    assert describe_answer(asked, kept, "en") == "I know who, and they have agreed, Ivy, 0660 1234"
    assert describe_answer(asked, kept, "es").startswith("Sé quién")
    assert describe_answer(asked, {"declined": True}, "en") == ""
