"""The clinic's figures: intervals and curves against published values and a second library, and what is hidden."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.stats.proportion import confint_proportions_2indep

from afterglow.outcomes import read_course
from afterglow.outcomes.analysis.survival import Observation, estimate_survival
from afterglow.outcomes.cohort import (
    Asked,
    Band,
    CellStanding,
    Endpoint,
    GroupCount,
    Induction,
    MonthCount,
    SessionCount,
    Standing,
    Watched,
    build_report,
    estimate_curve,
    estimate_share,
    estimate_share_difference,
    find_comparators,
    list_at_risk,
    load_comparators,
    read_endpoint,
    read_follow_up,
    read_induction,
    watch_relapse,
)
from afterglow.outcomes.cohort.endpoints import count_scored_sessions
from afterglow.outcomes.cohort.funnel import SiteStanding, calculate_tail, compare_sites
from afterglow.outcomes.suppression import INSIDE, RELEASE
from afterglow.terms import InvalidInput
from tests.support.courses import FIRST_DAY, build_course
from tests.unit.outcomes.test_statistics import LEUKAEMIA, REMISSION

FIRST = FIRST_DAY.date()


def test_a_share_keeps_its_counts_and_its_interval() -> None:
    found = estimate_share(15, 148)
    assert (found.count, found.total, found.share) == (15, 148, 15 / 148)
    assert (found.low, found.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)


@pytest.mark.parametrize(("count", "total"), [(0, 0), (5, 4), (-1, 4)])
def test_impossible_share_is_refused(count, total) -> None:
    with pytest.raises(InvalidInput):
        estimate_share(count, total)


def test_difference_of_shares_is_the_published_one_and_another_librarys() -> None:
    # Newcombe, Stat Med 1998;17:873, example (a), method 10: 56/70 - 48/80
    assert estimate_share_difference(56, 70, 48, 80) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    theirs = confint_proportions_2indep(9, 10, 3, 10, method="newcomb", compare="diff")
    assert estimate_share_difference(9, 10, 3, 10) == pytest.approx((0.6, *theirs))


def watch(text: str) -> list[Watched]:
    return [Watched(int(word.rstrip("*")), not word.endswith("*")) for word in text.split()]


def test_curve_is_the_textbook_one() -> None:
    curve = estimate_curve(watch(LEUKAEMIA))
    found = {each.days: (each.at_risk, round(each.share, 4)) for each in curve.points if each.events}
    assert found == REMISSION
    assert (curve.total, curve.events, curve.median_days) == (21, 9, 23)
    assert (curve.points[0].low, curve.points[0].high) == pytest.approx((0.6197, 0.9516), abs=5e-5)
    assert list_at_risk(watch(LEUKAEMIA), [0, 6, 7, 23, 36]) == [21, 21, 17, 6, 0]


def test_curve_of_many_agrees_with_lifelines_however_they_are_counted() -> None:
    rng = Random(20261122)
    rows = [(rng.randrange(0, 200), rng.random() < 0.4) for _ in range(400)]
    mine = estimate_curve([Watched(days, event) for days, event in rows])
    theirs = estimate_survival([Observation(days, event) for days, event in rows])
    steps = {int(step.days): step for step in theirs.steps}
    for point in mine.points:
        step = steps.get(point.days)
        if step is not None and point.low is not None:
            assert (point.at_risk, point.events) == (step.at_risk, step.events)
            assert (point.share, point.low, point.high) == pytest.approx((step.share, step.low, step.high))
    assert mine.median_days == theirs.median_days
    counted = estimate_curve([Watched(days, event, rows.count((days, event))) for days, event in set(rows)])
    assert counted == mine


@pytest.mark.parametrize(("value", "degrees"), [(0.1, 1), (3.84, 1), (9.0, 4), (36, 4), (40, 60), (300, 100), (0, 3)])
def test_tail_of_chi_square_agrees_with_scipy(value, degrees) -> None:
    assert calculate_tail(value, degrees) == pytest.approx(chi2.sf(value, degrees), rel=1e-9, abs=1e-15)


# ---- one course --------------------------------------------------------------------------------

SIX = (0, 3, 7, 10, 14, 17)


def read_one(scores, sessions=SIX, *, completed=17, stopped=None, today=80, planned=6):
    course = build_course(scores, sessions, planned_induction_sessions=planned)
    (reading,) = read_course(course).series
    induction = read_induction(
        course,
        completed_on=None if completed is None else FIRST + timedelta(completed),
        stopped_on=None if stopped is None else FIRST + timedelta(stopped),
        today=FIRST + timedelta(today),
    )
    return induction, read_endpoint(reading, course, induction, FIRST + timedelta(today)), reading, course


ENDPOINTS = {
    # day of the last planned session is 17, so that the score may come up to day 48
    "response on the last day": ([(-1, 20), (48, 10)], Standing.ASSESSED, True, False),
    "a day too late": ([(-1, 20), (49, 10)], Standing.UNASSESSED, None, None),
    "not quite a half": ([(-1, 20), (30, 11)], Standing.ASSESSED, False, False),
    "remission": ([(-1, 20), (30, 4)], Standing.ASSESSED, True, True),
    "the last of two counts": ([(-1, 20), (20, 4), (40, 15)], Standing.ASSESSED, False, False),
    "a score during induction is no endpoint": ([(-1, 20), (16, 4)], Standing.UNASSESSED, None, None),
    "no baseline": ([(20, 4)], Standing.NO_BASELINE, None, None),
    "well before it began": ([(-1, 4), (30, 3)], Standing.NOT_ILL, None, None),
}


@pytest.mark.parametrize(("scores", "standing", "response", "remission"), ENDPOINTS.values(), ids=ENDPOINTS)
def test_end_of_induction_is_the_last_score_in_time(scores, standing, response, remission) -> None:
    _, endpoint, _, _ = read_one(scores)
    assert (endpoint.standing, endpoint.is_response, endpoint.is_remission) == (standing, response, remission)


def test_next_session_closes_the_window_and_its_own_score_taken_before_it_counts() -> None:
    induction, endpoint, _, _ = read_one([(-1, 20), (24, 4), (26, 20)], (*SIX, 24))
    assert induction.closes_on == FIRST + timedelta(24)
    assert (endpoint.score_on, endpoint.is_remission) == (FIRST + timedelta(24), True)


def test_course_waits_until_its_window_has_closed() -> None:
    assert read_one([(-1, 20), (20, 4)], today=48)[1].standing is Standing.PENDING
    assert read_one([(-1, 20), (20, 4)], today=49)[1].standing is Standing.ASSESSED


# sessions, stopped, today; six sessions were planned and never reached
INDUCTIONS = {
    "still going on": ((0, 3), None, 59, Induction(None, False, False, None, FIRST + timedelta(60))),
    "a gap longer than the rule": (
        (0, 3), None, 60, Induction(FIRST + timedelta(3), False, True, FIRST + timedelta(34), None),
    ),
    "stopped": (
        (0, 3), 5, 20, Induction(FIRST + timedelta(3), False, True, FIRST + timedelta(34), FIRST + timedelta(35)),
    ),
    "went on after the gap": (
        (0, 3, 70), None, 80, Induction(FIRST + timedelta(3), False, True, FIRST + timedelta(34), None),
    ),
    "went on within it": ((0, 3, 59), None, 80, Induction(None, False, False, None, FIRST + timedelta(116))),
}  # fmt: skip


@pytest.mark.parametrize(("sessions", "stopped", "today", "expected"), INDUCTIONS.values(), ids=INDUCTIONS)
def test_induction_that_was_not_completed_ends_by_the_rules(sessions, stopped, today, expected) -> None:
    found, *_ = read_one([(-1, 20)], sessions, completed=None, stopped=stopped, today=today)
    assert found == expected


def read_standing(sessions, *, completed, today, stopped=None, planned=6) -> tuple[object, ...] | None:
    found, *_ = read_one([(-1, 20)], sessions, completed=completed, stopped=stopped, today=today, planned=planned)
    return None if found.ended_on is None else (found.ended_on, found.is_complete, found.has_left_early)


@given(
    st.lists(st.integers(1, 90), max_size=9), st.none() | st.integers(1, 300), st.sampled_from([None, 2, 4, 6]),
    st.lists(st.integers(1, 900), min_size=2, max_size=6),
)  # fmt: skip
def test_end_of_induction_once_fixed_is_the_same_whenever_it_is_asked(gaps, stopped, planned, asked) -> None:
    days = [sum(gaps[:number]) for number in range(len(gaps) + 1)]
    found = []
    for today in sorted(asked):
        came = tuple(day for day in days if day <= today)
        completed = came[planned - 1] if planned is not None and len(came) >= planned else None
        ended = stopped if stopped is not None and stopped <= today else None
        found.append(read_standing(came, completed=completed, stopped=ended, today=today, planned=planned))
    known = [each for each in found if each is not None]
    assert len(set(known)) <= 1
    assert found[len(found) - len(known) :] == known


def test_planned_number_reached_after_a_gap_completes_no_induction() -> None:
    slow = (0, 3, 60, 63, 66, 69)
    assert read_standing(slow, completed=69, today=100) == (FIRST + timedelta(3), False, True)
    steady = (0, 3, 59, 63, 66, 69)
    assert read_standing(steady, completed=69, today=100) == (FIRST + timedelta(69), True, False)


def test_nobody_leaves_an_induction_of_no_planned_number_but_by_a_stop() -> None:
    sessions = (0, 3, 56, 57)
    assert read_standing(sessions, completed=None, today=57, planned=None) == (FIRST + timedelta(56), False, False)
    stopped = read_standing(sessions[:2], completed=None, stopped=30, today=57, planned=None)
    assert stopped == (FIRST + timedelta(3), False, True)


def test_relapse_is_watched_from_the_state_its_rule_names_and_the_landmark_splits_by_what_was_before() -> None:
    # PHQ-9: remission on day 20, at 10 or more on days 90 and 97
    scores = [(-1, 20), (19, 9), (20, 3), (90, 12), (97, 13)]
    _, _, reading, course = read_one(scores, (*SIX, 40, 80))
    found = watch_relapse(reading, course)
    assert found is not None
    assert (found.start_on, found.days, found.has_event) == (FIRST + timedelta(20), 70, True)
    assert found.landmark_upkeep is True
    _, _, reading, course = read_one(scores, (*SIX, 60, 80))
    assert watch_relapse(reading, course).landmark_upkeep is False
    _, _, reading, course = read_one([(-1, 20), (20, 3), (40, 3)])
    assert watch_relapse(reading, course).landmark_upkeep is None
    _, _, reading, course = read_one([(-1, 20), (20, 9)])
    assert watch_relapse(reading, course) is None


def test_relapse_on_forms_every_four_weeks_is_seen_and_one_score_alone_waits() -> None:
    forms = [(-1, 22), (28, 4), (56, 20), (84, 22), (112, 24)]
    found = []
    for known in (forms[:3], forms[:4], forms):
        _, _, reading, course = read_one(known)
        watch = watch_relapse(reading, course)
        assert watch is not None
        found.append((watch.days, watch.has_event, watch.waits_for_second))
    assert found == [(28, False, True), (28, True, False), (28, True, False)]


FOLLOW_UPS = [(75, 106, (True, True)), (74, 106, (True, False)), (80, 105, (False, False))]


@pytest.mark.parametrize(("day", "today", "expected"), FOLLOW_UPS)
def test_three_month_score_is_due_when_its_window_has_closed(day, today, expected) -> None:
    _, _, reading, course = read_one([(-1, 20), (day, 9)])
    found = read_follow_up(reading, course, FIRST + timedelta(today))
    assert (found.is_due, found.is_done) == expected


def test_session_has_a_score_of_the_week_before_or_of_its_day() -> None:
    # -1 covers days 0 and 3, 10 covers 10, 14 and 17; day 7 is eight days after -1
    _, _, reading, course = read_one([(-1, 20), (10, 12)])
    assert count_scored_sessions(reading, course) == 5


# ---- many courses ------------------------------------------------------------------------------


def count(condition, due, response, remission=0, *, assessed=None, way="racemic.iv", worse=0, left=0) -> GroupCount:
    seen = due if assessed is None else assessed
    return GroupCount(condition, way, due + 3, due, seen, response, remission, worse, left)


def report(groups, rule=INSIDE, months=(), events=(), asked=()):
    return build_report(groups=groups, months=months, events=events, asked=asked, rule=rule)


def test_report_gives_shares_of_bands_with_an_interval_widened_for_them() -> None:
    found = report([count("trd", 64, 35, 17, assessed=58, worse=5), count("ptsd", 20, 9, 8)])
    trd = next(each for each in found.groups if each.condition == "trd")
    # 64 is 61 to 65, 35 is 31 to 35, 58 is 56 to 60: worked out as 33 of 63, and 33 of 58 of those assessed
    assert (trd.people, trd.response.count, trd.assessed.count) == (Band(61, 65), Band(31, 35), Band(56, 60))
    assert trd.response.share.share == pytest.approx(33 / 63)
    assert trd.response_of_assessed.share == pytest.approx(33 / 58)
    # by hand: pq/n 0.0039593, of the bands 2 (1 + p^2) / n^2 = 0.0006422, as much as of 54.2 people; Wilson of these
    assert (trd.response.share.low, trd.response.share.high) == pytest.approx((0.3937, 0.6507), abs=1e-4)
    assert (found.started, found.whole.people) == (Band(86, 90), Band(81, 85))


def test_group_of_few_has_no_figure_and_no_other_group_is_hidden_with_it() -> None:
    found = report([count("trd", 64, 35, 17), count("ptsd", 20, 9, 8), count("ocd", 3, 1)])
    shown = {each.condition: each.people for each in found.groups}
    assert shown == {"trd": Band(61, 65), "ptsd": Band(16, 20), "ocd": Band(1, 5)}
    ocd = next(each for each in found.groups if each.condition == "ocd")
    assert {cell.count for cell in (ocd.response, ocd.remission, ocd.assessed, ocd.worse)} == {None}
    assert {each.is_small for each in found.groups if each is not ocd} == {False}


# what is said of so many out of so many inside the clinic, where a band holds five
SAID = {
    "nobody due": (0, 0, CellStanding.NONE_DUE, None),
    "four due in all": (2, 4, CellStanding.FEW_DUE, None),
    "five due in all": (2, 5, CellStanding.FEW_DUE, None),
    "nobody of 31": (0, 31, CellStanding.SHARE, None),
    "one of 31": (1, 31, CellStanding.FEW, 5 / 31),
    "five of 31": (5, 31, CellStanding.FEW, 5 / 31),
    "six of 31": (6, 31, CellStanding.SHARE, None),
    "thirty of 31, so that one is left over": (30, 31, CellStanding.SHARE, None),
    "thirty-one of 33, so that two are left over": (31, 33, CellStanding.NEARLY_ALL, 31 / 35),
    "all of 33": (33, 33, CellStanding.NEARLY_ALL, 31 / 35),
}


@pytest.mark.parametrize(("part", "due", "standing", "bound"), SAID.values(), ids=SAID)
def test_what_is_said_of_a_count_is_true_of_every_count_of_its_band(part, due, standing, bound) -> None:
    found = report([count("trd", due, part), count("ptsd", 40, 20)]).groups[-1].response
    assert (found.standing, found.bound) == (standing, pytest.approx(bound) if bound else None)


def test_row_of_nobody_due_says_nothing_itself() -> None:
    found = report([count("trd", 64, 35, 17), count("ptsd", 40, 20, 2), count("ocd", 0, 0)])
    nobody = next(each for each in found.groups if each.condition == "ocd")
    assert {cell.standing for cell in (nobody.response, nobody.remission)} == {CellStanding.NONE_DUE}


def test_month_of_few_people_is_hidden_with_another_and_ways_stand_apart_only_where_none_is_small() -> None:
    months = [MonthCount("2026-08", "racemic.iv", 12, 2), MonthCount("2026-09", "racemic.iv", 30, 15)]
    months += [MonthCount("2026-10", "racemic.iv", 40, 20), MonthCount("2026-10", "racemic.im", 12, 2)]
    months += [MonthCount("2026-11", "racemic.iv", 50, 20), MonthCount("2026-11", "racemic.im", 14, 9)]
    events = [SessionCount("any", 30, 18), SessionCount("paused", 9, 2), SessionCount("serious", 0, 0)]
    asked = [Asked("a", 90, 100), Asked("b", 1, 3), Asked("c", 99, 100)]
    found = report([count("trd", 30, 15, 10)], months=months, events=events, asked=asked)
    # August has two people; September goes with it, the smallest of the rest; in October two people are by injection
    assert found.volume.ways == ("racemic.im", "racemic.iv")
    assert found.volume.counts == (
        (None, None, None),
        (None, None, None),
        (None, None, Band(51, 55)),
        (Band(11, 15), Band(46, 50), Band(61, 65)),
        (None, None, Band(156, 160)),
    )
    standings = [CellStanding.SHARE, CellStanding.FEW_PEOPLE, CellStanding.SHARE]
    assert [cell.standing for cell in found.events] == standings
    assert [cell.count for cell in found.events] == [Band(26, 30), None, Band(0, 0)]
    assert [cell.standing for cell in found.asked] == [
        CellStanding.SHARE, CellStanding.FEW_DUE, CellStanding.NEARLY_ALL,
    ]  # fmt: skip
    released = report([count("trd", 30, 15, 10)], RELEASE, months=months, asked=asked)
    assert [cell.count for cell in released.asked] == [Band(81, 90), None, Band(91, 100)]
    assert released.volume.counts[-1][-1] == Band(151, 160)


def test_completeness_of_the_sessions_of_few_people_is_hidden_however_many_they_are() -> None:
    found = report([count("trd", 0, 0)], asked=[Asked("vitals", 60, 70), Asked("bladder", 0, 0)])
    assert found.started == Band(1, 5)
    assert [cell.standing for cell in found.asked] == [CellStanding.FEW_PEOPLE, CellStanding.NONE_DUE]


def test_clinic_without_a_due_course_has_no_share_and_no_zero_per_cent() -> None:
    found = report([])
    assert found.groups == ()
    assert (found.started, found.whole.people, found.whole.response.share) == (Band(0, 0), Band(0, 0), None)


def test_funnel_expects_of_a_site_what_its_patients_lead_to_expect() -> None:
    # both sites respond in 60 % of iv and 20 % of im; the second treats mostly by im: it lies at 1, not below
    sites = {
        "North": [count("trd", 100, 60), count("trd", 50, 10, way="racemic.im")],
        "South": [count("trd", 50, 30), count("trd", 100, 20, way="racemic.im")],
    }
    _, funnel = compare_sites(sites, replace(INSIDE, width=1))
    assert [(point.site, round(point.ratio, 6)) for point in funnel.points] == [("North", 1.0), ("South", 1.0)]
    assert {point.standing for point in funnel.points} == {SiteStanding.INSIDE}
    # by bands they come within a few hundredths, and a change within the bands changes nothing
    _, banded = compare_sites(sites, INSIDE)
    assert [point.ratio for point in banded.points] == pytest.approx([1.0, 1.0], abs=0.05)
    other = {**sites, "South": [count("trd", 49, 27), count("trd", 99, 19, way="racemic.im")]}
    assert compare_sites(other, INSIDE) == compare_sites(sites, INSIDE)
    assert compare_sites({"North": sites["North"]}, INSIDE)[1] is None
    _, funnel = compare_sites({**sites, "West": [count("trd", 3, 1)]}, INSIDE)
    assert funnel is None or "West" not in {point.site for point in funnel.points}


def test_published_results_stand_only_beside_their_own_condition_way_and_scale() -> None:
    (found,) = find_comparators("trd", "racemic.iv", "phq9", "response")
    assert (found.percent, found.people, str(found.citation.grade)) == (53.6, 537, "A")
    assert find_comparators("trd", "racemic.im", "phq9", "response") == ()
    assert find_comparators("trd", "racemic.iv", "madrs", "response") == ()
    assert all(each.citation.text and each.note for each in load_comparators())


def test_watching_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput):
        estimate_curve([])
    with pytest.raises(InvalidInput):
        estimate_curve([Watched(-1, True)])
    assert isinstance(Endpoint(Standing.PENDING).score_on, date | None)
