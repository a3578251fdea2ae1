"""Sustained response, relapse and relief over a series, as tables in plain words; expected answers by hand."""

from datetime import timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from afterglow.clinicday.measures import load_measures
from afterglow.outcomes import Course, RelapseRule, load_relapse_rules, read_course
from afterglow.outcomes.model import SeriesReading
from afterglow.terms import Citation, Grade
from tests.support.courses import build_course, build_moment, build_score, build_session


def read_only(course: Course, **more) -> SeriesReading:
    (reading,) = read_course(course, **more).series
    return reading


SUSTAINED = {
    "28 days, weekly": ([(7, 9), (14, 8), (21, 8), (28, 8), (35, 8)], True, 35),
    "27 days is open": ([(7, 9), (20, 8), (34, 8)], None, None),
    "one visit without response starts anew": ([(7, 9), (21, 11), (28, 9), (42, 9)], None, None),
    "a gap of 35 days is allowed": ([(7, 9), (42, 9)], True, 42),
    "a gap of 36 days starts anew": ([(7, 9), (43, 9)], None, None),
    "a missing visit does not end it": ([(7, 9), (14, None), (36, 9)], True, 36),
    "never in response": ([(7, 19), (14, 18)], False, 14),
    "lost before it was sustained": ([(7, 9), (14, 18)], False, 14),
    "sustained, then lost": ([(7, 9), (35, 9), (42, 20)], True, 35),
}


@pytest.mark.parametrize(("scores", "value", "day"), SUSTAINED.values(), ids=SUSTAINED)
def test_sustained_response(scores, value, day) -> None:
    result = read_only(build_course([(0, 20), *scores])).sustained_response
    assert result.value is value
    assert result.at == (None if day is None else build_moment(day))
    assert (value is None) <= bool(result.reason)


# PHQ-9: 10 or more twice, 5 to 42 days apart, after remission (below 5); baseline 20 on day 0
RELAPSES = {
    "twice, 7 days apart": ([(7, 3), (14, 12), (21, 12)], True, [(14, 21)]),
    "exactly 10 counts": ([(7, 3), (14, 10), (21, 10)], True, [(14, 21)]),
    "9 does not": ([(7, 3), (14, 9), (21, 12)], None, []),
    "5 days apart": ([(7, 3), (14, 12), (19, 12)], True, [(14, 19)]),
    "4 days apart": ([(7, 3), (14, 12), (18, 12)], None, []),
    "42 days apart": ([(7, 3), (14, 12), (56, 12)], True, [(14, 56)]),
    "43 days apart": ([(7, 3), (14, 12), (57, 12)], None, []),
    "on the clinic's forms, every four weeks": ([(28, 4), (56, 20), (84, 22), (112, 24)], True, [(56, 84)]),
    "three of them 3 days apart": ([(7, 3), (14, 12), (17, 12), (20, 12)], True, [(14, 20)]),
    "better in between": ([(7, 3), (14, 12), (17, 6), (21, 12)], None, []),
    "a missing one in between": ([(7, 3), (14, 12), (17, None), (21, 12)], True, [(14, 21)]),
    "never in remission": ([(7, 6), (14, 12), (21, 12)], None, []),
    "over before remission only": ([(7, 15), (14, 15), (21, 3), (28, 3)], False, []),
    "stays well": ([(7, 3), (14, 2), (28, 4)], False, []),
    "twice, well in between": (
        [(7, 3), (14, 12), (21, 12), (28, 3), (35, 11), (42, 14)],
        True,
        [(14, 21), (35, 42)],
    ),
    "a second one needs remission again": ([(7, 3), (14, 12), (21, 12), (28, 12), (35, 12)], True, [(14, 21)]),
}


@pytest.mark.parametrize(("scores", "value", "days"), RELAPSES.values(), ids=RELAPSES)
def test_relapse(scores, value, days) -> None:
    relapse = read_only(build_course([(0, 20), *scores])).relapse
    assert relapse.result.value is value
    found = [(event.first.observed_at, event.confirmed.observed_at) for event in relapse.events]
    assert found == [(build_moment(first), build_moment(second)) for first, second in days]
    if days:
        assert relapse.events[0].rule == "phq9-10-twice"
        assert relapse.result.at == build_moment(days[0][0])


def test_window_of_the_phq9_holds_two_forms_of_upkeep_in_a_row_and_that_of_the_madrs_is_the_trials() -> None:
    form = next(each for each in load_measures() if each.id == "maintenance-mood")
    rules = {rule.instrument: rule for rule in load_relapse_rules()}
    assert rules["phq9"].longest_days == (form.every + form.early + form.grace).days
    course = build_course([(0, 40), (7, 10), (14, 22), (30, 22)], instrument="madrs")
    assert read_only(course).relapse.result.value is None
    course = build_course([(0, 40), (7, 10), (14, 22), (29, 22)], instrument="madrs")
    assert read_only(course).relapse.result.value is True


def test_relapse_that_waits_for_a_second_assessment_is_shown() -> None:
    relapse = read_only(build_course([(0, 20), (7, 3), (14, 12)])).relapse
    assert relapse.unconfirmed is not None
    assert relapse.unconfirmed.value == 12
    assert relapse.result.reason == "one assessment over the threshold waits for a second"


def test_instrument_without_a_relapse_rule_has_no_relapse_answer() -> None:
    relapse = read_only(build_course([(0, 20), (7, 3)], instrument="gad7")).relapse
    assert relapse.result.value is None
    assert relapse.result.reason == "no relapse rule for gad7"


def test_clinic_can_name_its_own_threshold() -> None:
    rule = RelapseRule("clinic", "phq9", Decimal(8), "response", "8 twice", Citation("SITE", "clinic", Grade.P))
    course = build_course([(0, 20), (7, 7), (14, 8), (21, 9)])
    assert read_only(course, relapse_rules=[rule]).relapse.events[0].rule == "clinic"
    assert read_only(course).relapse.result.value is None


def test_state_counts_only_when_reached_under_the_threshold() -> None:
    rule = RelapseRule("clinic", "phq9", Decimal(12), "response", "12 twice", Citation("SITE", "clinic", Grade.P))
    course = build_course([(0, 26), (7, 13), (14, 13), (21, 13)])  # 13 of 26 is a response, and over 12
    assert read_only(course, relapse_rules=[rule]).relapse.events == ()


def test_days_are_the_calendar_days_of_the_clinic() -> None:
    # 23:30 on day 13 and 00:30 on day 18 in London are 5 calendar days and 4 days and 1 hour apart
    scores = (
        build_score(0, 20),
        build_score(7, 3),
        *(build_score(day, 12, hour=0) for day in (14, 18)),
    )
    late = Course(scores, (build_session(0),), zone=ZoneInfo("Europe/London"))
    assert read_only(late).relapse.events == ()
    shifted = [*scores[:2], build_score(13.98, 12, hour=0), scores[3]]
    assert build_moment(18, 0) - build_moment(13.98, 0) < timedelta(days=4, hours=1)
    moved = Course(tuple(shifted), (build_session(0),), zone=ZoneInfo("Europe/London"))
    assert len(read_only(moved).relapse.events) == 1


def test_packaged_relapse_rules_are_the_two_of_the_instruments_sheet() -> None:
    assert [(rule.instrument, rule.threshold, rule.after) for rule in load_relapse_rules()] == [
        ("madrs", 22, "response"),
        ("phq9", 10, "remission"),
    ]


# PHQ-9, smallest real change 5: days of relief after the session of day 0, score before it 20
RELIEF = {
    "lost between day 7 and day 14": ([(2, 12), (7, 14), (14, 18)], 7, 14, ""),
    "4 points are none": ([(2, 16), (7, 20)], 0, 2, ""),
    "5 points are": ([(2, 15), (7, 16)], 2, 7, ""),
    "comes late": ([(2, 18), (7, 12), (14, 19)], 7, 14, ""),
    "not lost yet": ([(2, 12), (7, 10)], 7, None, "last assessment"),
}


@pytest.mark.parametrize(("scores", "least", "most", "ended_by"), RELIEF.values(), ids=RELIEF)
def test_relief_lies_between_two_days(scores, least, most, ended_by) -> None:
    (relief,) = read_only(build_course([(0, 20), *scores])).relief
    assert (relief.at_least_days, relief.at_most_days, relief.ended_by) == (least, most, ended_by)


def test_relief_ends_its_watch_at_the_next_session_and_starts_from_the_score_before_it() -> None:
    first, second = read_only(build_course([(0, 20), (3, 10), (6, 10), (10, 10)], session_days=(0, 7))).relief
    assert (first.at_least_days, first.at_most_days, first.ended_by) == (6, None, "next session")
    assert (second.at_least_days, second.at_most_days) == (0, 3)


def test_relief_is_unknown_without_scores_around_the_session() -> None:
    reasons = [
        each.result.reason for each in read_only(build_course([(0, 20), (1, 9)], session_days=(0, 7, 30))).relief
    ]
    assert reasons == [None, "no score between this session and the next", "the score before the session is too old"]
