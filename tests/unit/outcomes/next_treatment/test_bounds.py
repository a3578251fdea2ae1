"""What can be decided whatever the numbers say: four choices always, each open or with reason, source and grade."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterglow.outcomes.forecast import Reading
from afterglow.outcomes.next_treatment import (
    Action,
    Circumstances,
    IntervalPolicy,
    Kind,
    check_direction,
    find_bounds,
    judge_guards,
    judge_interval,
)
from afterglow.terms import Citation, FrequencyLimit, Grade, IntervalEdge
from tests.support.personal import INDUCTION, LABEL, RACEMIC, build_known

HARD = FrequencyLimit(3, True, "At most 2 sessions in 7 days", Citation("SITE", "row L-ESK", Grade.P))
SPRAY_LABEL = replace(LABEL, limits=(HARD,))
WEEKLY = IntervalPolicy(
    "nasal-esketamine-us", "weekly", (7,), 7, "Once weekly", Citation("SPR-US", "row E-05", Grade.V), has_choice=False
)
TWICE = replace(
    WEEKLY, phase="induction", choices_d=(3,), default_d=3, text="Twice weekly", limits=(HARD,),
    shortest=IntervalEdge(3, WEEKLY.citation), longest=IntervalEdge(4, WEEKLY.citation),
)  # fmt: skip
CALM = build_known(62.0, 0, 0)
RISING = build_known(62.0, 0, 2)
OPEN_SCREENS = build_known(62.0, 0, 0, topics=None)


def ask(policy: IntervalPolicy | None, known: Circumstances = CALM, *, upkeep=(38.0, 59.0), last=2.0):
    readings = (Reading(-2.0, 20.0), Reading(40.0, 3.0), Reading(58.0, last))
    guards = judge_guards("PHQ-9", readings, known, today=62.0, threshold=10.0)
    return find_bounds(policy, guards, (*map(float, INDUCTION), *upkeep), 6)


@pytest.mark.parametrize("policy", [RACEMIC, SPRAY_LABEL, WEEKLY, TWICE, None])
@pytest.mark.parametrize("known", [CALM, RISING, OPEN_SCREENS, Circumstances()])
def test_four_choices_are_always_there_and_what_is_closed_says_why(policy, known) -> None:
    bounds = ask(policy, known)
    assert [each.action for each in bounds.choices] == ["stretch", "continue", "shorten", "stop"]
    for each in bounds.choices:
        assert each.is_open is not bool(each.reasons)
        for reason in each.reasons:
            assert reason.text.endswith(".")
            assert reason.source
            assert reason.grade in set(Grade)
    for action in (Action.CONTINUE, Action.STOP):
        assert bounds.get_choice(action).is_open, "going on and stopping are never closed"


@pytest.mark.parametrize(
    ("policy", "action", "code", "kind", "source"),
    [
        (SPRAY_LABEL, Action.STRETCH, "outside-label", Kind.LABEL, "SPR-US, row E-06"),
        (WEEKLY, Action.STRETCH, "phase-fixed", Kind.LABEL, "SPR-US, row E-05"),
        (WEEKLY, Action.SHORTEN, "phase-fixed", Kind.LABEL, "SPR-US, row E-05"),
        (replace(RACEMIC, choices_d=(14, 21)), Action.STRETCH, "outside-protocol", Kind.PROTOCOL, "ASKP-20, row R-IV"),
        (replace(RACEMIC, choices_d=(21, 28)), Action.SHORTEN, "outside-protocol", Kind.PROTOCOL, "ASKP-20, row R-IV"),
    ],
)
def test_where_no_interval_that_way_is_listed_the_choice_names_label_or_protocol(
    policy, action, code, kind, source
) -> None:
    choice = ask(policy).get_choice(action)
    assert (choice.is_open, choice.is_blocked, choice.intervals_d) == (False, False, ())
    assert (choice.reasons[0].code, choice.reasons[0].kind, choice.reasons[0].source) == (code, kind, source)


def test_twice_a_week_is_three_or_four_days_and_nothing_shorter_passes_the_limit() -> None:
    bounds = ask(TWICE)
    assert bounds.keep_d == (3, 4)
    assert not check_direction(bounds, Action.CONTINUE, 4)
    shorter = bounds.get_choice(Action.SHORTEN)
    assert shorter.is_blocked
    assert "frequency-blocked" in [reason.code for reason in shorter.reasons]
    assert not bounds.get_choice(Action.STRETCH).is_blocked


@pytest.mark.parametrize(
    ("known", "action", "rule"),
    [
        (RISING, Action.STRETCH, "NT-2"),
        (Circumstances(), Action.STRETCH, "NT-2"),
        (OPEN_SCREENS, Action.SHORTEN, "NT-4"),
    ],
)
def test_what_the_advice_refuses_closes_the_choice_with_the_finding(known, action, rule) -> None:
    choice = ask(RACEMIC, known).get_choice(action)
    assert {reason.kind for reason in choice.reasons} == {Kind.ADVICE}
    assert rule in [reason.code for reason in choice.reasons]
    assert not choice.is_blocked


@pytest.mark.parametrize(
    ("action", "days", "code"),
    [
        (Action.STRETCH, 7, "interval-not-longer"),
        (Action.STRETCH, 21, "interval-not-longer"),
        (Action.STRETCH, 22, None),
        (Action.SHORTEN, 21, "interval-not-shorter"),
        (Action.SHORTEN, 28, "interval-not-shorter"),
        (Action.SHORTEN, 20, None),
        (Action.CONTINUE, 21, None),
        (Action.CONTINUE, 20, "interval-not-current"),
        (Action.CONTINUE, 22, "interval-not-current"),
    ],
)
def test_direction_and_days_agree_with_the_current_interval_of_21_days(action, days, code) -> None:
    problems = check_direction(ask(RACEMIC), action, days)
    assert [problem.code for problem in problems] == ([] if code is None else [code])
    for problem in problems:
        assert (problem.path, problem.value) == ("interval_d", days)
        assert problem.accepted
        assert "the current interval is 21 days" in problem.message


@pytest.mark.parametrize(
    ("days", "action", "codes"),
    [
        (28, Action.STRETCH, []),
        (30, Action.STRETCH, ["step-too-long"]),
        (42, Action.STRETCH, ["step-too-long"]),
        (57, Action.STRETCH, ["outside-protocol"]),
        (14, Action.SHORTEN, []),
        (13, Action.SHORTEN, ["outside-protocol"]),
    ],
)
def test_what_stands_against_a_number_of_days(days, action, codes) -> None:
    assert [reason.code for reason in judge_interval(ask(RACEMIC), action, days)] == codes


def test_a_hard_limit_stands_first_and_is_told_from_the_rest() -> None:
    reasons = judge_interval(ask(SPRAY_LABEL), Action.SHORTEN, 2)
    assert [(reason.code, reason.is_hard) for reason in reasons] == [
        ("frequency-blocked", True),
        ("outside-label", False),
    ]
    assert not any(reason.is_hard for reason in judge_interval(ask(SPRAY_LABEL), Action.SHORTEN, 3))


def test_without_a_named_interval_the_gaps_tell_and_without_gaps_none_is_longer() -> None:
    assert ask(None).present_d == 21
    bounds = find_bounds(None, ask(None).guards, (0.0,), 0)
    assert bounds.present_d is None
    assert bounds.get_choice(Action.STRETCH).is_blocked
    assert [one.code for one in check_direction(bounds, Action.STRETCH, 21)] == ["interval-unknown"]
    assert not check_direction(bounds, Action.CONTINUE, 21)


@given(st.integers(1, 365), st.sampled_from([RACEMIC, SPRAY_LABEL, WEEKLY, TWICE]), st.sampled_from([CALM, RISING]))
def test_every_number_of_days_goes_one_way_only(days, policy, known) -> None:
    """Of stretch, go on and shorten exactly one takes any number of days without contradiction."""
    bounds = ask(policy, known)
    actions = (Action.STRETCH, Action.CONTINUE, Action.SHORTEN)
    assert sum(not check_direction(bounds, action, days) for action in actions) == 1


@given(st.sampled_from([RACEMIC, SPRAY_LABEL, WEEKLY, TWICE]), st.sampled_from([CALM, RISING, OPEN_SCREENS]))
def test_the_listed_intervals_of_an_open_choice_have_nothing_against_them(policy, known) -> None:
    bounds = ask(policy, known)
    for choice in bounds.choices:
        for days in choice.intervals_d:
            assert not judge_interval(bounds, choice.action, days)


@pytest.mark.parametrize(
    ("words", "readings", "seen"),
    [
        ("no step is large, the sum is a real change", [4, 6, 8, 9], "PHQ-9 4, 15 days later 9"),
        ("one point less is no real change", [4, 6, 8, 8], ""),
        ("a fall and its way back up", [9, 4, 6, 8, 9], "PHQ-9 4, 15 days later 9"),
        ("a steady score is no rise", [8, 8, 8, 8], ""),
    ],
)
def test_a_slow_rise_stands_against_a_longer_interval(words: str, readings: list[int], seen: str) -> None:
    days = [62.0 - 5 * place for place in range(len(readings))][::-1]
    course = [Reading(-2.0, 20.0), *(Reading(day, float(value)) for day, value in zip(days, readings, strict=True))]
    guards = judge_guards("PHQ-9", course, CALM, today=62.0, threshold=10.0)
    assert [one.seen for one in guards.against_longer] == ([seen] if seen else []), words


def test_what_was_low_weeks_ago_is_no_rise_of_today() -> None:
    course = [Reading(-2.0, 20.0), Reading(20.0, 2.0), Reading(40.0, 7.0), Reading(58.0, 7.0)]
    assert judge_guards("PHQ-9", course, CALM, today=62.0, threshold=10.0).may_lengthen


@pytest.mark.parametrize(("last", "is_worse"), [(4.0, False), (5.0, True)])
def test_of_a_baseline_of_nought_worsening_counts_in_points(last: float, is_worse: bool) -> None:
    course = [Reading(-2.0, 0.0), Reading(20.0, last), Reading(58.0, last)]
    found = judge_guards("PHQ-9", course, CALM, today=62.0, threshold=10.0).against_longer
    assert ["LT-7" in one.rule for one in found] == ([True] if is_worse else [])


@pytest.mark.parametrize("readings", [(), (Reading(-2.0, 20.0),), (Reading(-2.0, 20.0), Reading(58.0, 7.0))])
def test_with_fewer_than_two_scores_longer_is_closed_and_says_so(readings) -> None:
    guards = judge_guards("PHQ-9", readings, CALM, today=62.0, threshold=10.0)
    bounds = find_bounds(RACEMIC, guards, (*map(float, INDUCTION), 38.0, 59.0), 6)
    assert [one.title for one in guards.against_longer] == ["Too few scores"]
    assert not bounds.get_choice(Action.STRETCH).is_open
    assert bounds.get_choice(Action.SHORTEN).is_open
