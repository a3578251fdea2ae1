"""Baseline, change, response, remission and worsening of one score, as tables in plain words.

Thresholds of the PHQ-9 (response 50 %, remission below 5, smallest change 5) and of the GAD-7 (50 %, below 5, 4) are
those of their definitions; expected answers are worked out by hand.
"""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from afterglow.instruments import get_instrument, load_instruments
from afterglow.instruments.model import Threshold
from afterglow.outcomes import (
    Course,
    Rater,
    describe_meaning,
    get_estimand,
    load_estimands,
    read_course,
    read_gates,
    read_percent_change,
    read_reliable_change_index,
    read_response,
    refuse_uncomparable,
)
from afterglow.outcomes.model import SeriesReading
from afterglow.terms import Citation, Grade, InvalidInput
from tests.support.courses import build_course, build_score, build_session


def read_only(course: Course) -> SeriesReading:
    """Return the one series of a course."""
    (reading,) = read_course(course).series
    return reading


def codes(course: Course) -> list[str]:
    """Return the codes of what was wrong."""
    return [problem.code for problem in read_course(course).problems]


BASELINES = {
    "the last of three before the dose": ([(-9, 22), (-3, 20), (-1, 18), (7, 10)], "18", None),
    "on the morning of the dose": ([(-3, 20), (0, 17), (7, 10)], "17", None),
    "none before the dose": ([(1, 17), (7, 10)], None, "no usable score before the first dose"),
    "the last one was not answered": ([(-3, 20), (0, None), (7, 10)], "20", None),
    "28 days old counts": ([(-28, 20), (7, 10)], "20", None),
    "29 days old counts and says so": ([(-29, 20), (7, 10)], "20", "29 days old on the day of the first dose"),
}


@pytest.mark.parametrize(("scores", "value", "reason"), BASELINES.values(), ids=BASELINES)
def test_baseline_is_the_last_score_before_the_first_dose(scores, value, reason) -> None:
    baseline = read_only(build_course(scores)).series.baseline
    assert baseline.value == (None if value is None else Decimal(value))
    assert baseline.reason == reason
    assert baseline.estimand == "baseline"


def test_score_of_the_moment_of_the_first_dose_is_not_a_baseline() -> None:
    reading = read_only(Course((build_score(0, 20, hour=10),), (build_session(0),)))
    assert reading.series.baseline.value is None
    assert len(reading.assessments) == 1


def test_course_without_a_dose_has_no_baseline() -> None:
    reading = read_only(build_course([(-3, 20), (4, 10)], session_days=()))
    assert reading.series.baseline.value is None
    assert reading.series.baseline.reason == "no dose has been given yet"
    assert reading.assessments == ()


# from 20: what one PHQ-9 total means
VISITS = {
    #       total: per cent, reliable, response, remission, worsening, reliable worsening
    "0": ("-100", True, True, True, False, False),
    "4": ("-80", True, True, True, False, False),
    "5": ("-75", True, True, False, False, False),
    "10": ("-50", True, True, False, False, False),
    "11": ("-45", True, False, False, False, False),
    "15": ("-25", True, False, False, False, False),
    "16": ("-20", False, False, False, False, False),
    "20": ("0", False, False, False, False, False),
    "24": ("20", False, False, False, False, False),
    "25": ("25", False, False, False, True, True),
}


@pytest.mark.parametrize(("total", "expected"), VISITS.items(), ids=lambda value: str(value))
def test_one_phq9_total_from_a_baseline_of_20(total, expected) -> None:
    (assessment,) = read_only(build_course([(0, 20), (7, total)])).assessments
    found = {name: result.value for name, result in assessment.results.items()}
    names = ("percent-change", "reliable-change", "response", "remission", "worsening", "reliable-worsening")
    assert found == dict(zip(names, (Decimal(expected[0]), *expected[1:]), strict=True))


def test_a_share_that_no_decimal_holds_is_compared_exactly() -> None:
    assert read_response(build_score(0, 9), build_score(7, "4.5")).value is True
    assert read_response(build_score(0, 9), build_score(7, 5)).value is False


def test_per_cent_is_undefined_at_a_baseline_of_0() -> None:
    (assessment,) = read_only(build_course([(0, 0), (7, 3)])).assessments
    for name in ("percent-change", "response", "worsening"):
        assert assessment.results[name].value is None
        assert assessment.results[name].reason == "undefined: the baseline is 0"
    assert assessment.results["reliable-worsening"].value is False


def test_remission_is_unknown_when_the_baseline_already_was() -> None:
    (assessment,) = read_only(build_course([(0, 4), (7, 1)])).assessments
    assert assessment.results["remission"].value is None
    assert assessment.results["remission"].reason == "the baseline was already in remission"


def test_instrument_without_thresholds_says_so_and_answers_nothing() -> None:
    (assessment,) = read_only(build_course([(0, 8), (7, 2)], instrument="cadss6")).assessments
    for name in ("reliable-change", "response", "remission"):
        assert assessment.results[name].value is None
        assert "names no threshold" in str(assessment.results[name].reason)


def test_missing_score_is_a_finding_and_neither_0_nor_failure() -> None:
    course = build_course([(0, 20), (7, None), (14, 8)])
    reading = read_only(course)
    assert [each.score.value for each in reading.assessments] == [Decimal(8)]
    assert [each.why for each in reading.series.unused] == ["no value: the patient did not answer"]
    assert codes(course) == ["score-missing"]


def test_score_without_value_and_reason_is_an_error() -> None:
    course = Course((build_score(0, 20), replace(build_score(7, None), reason=None)), (build_session(0),))
    (problem,) = read_course(course).problems
    assert (problem.path, problem.code, problem.severity) == ("scores[1].reason", "score-without-reason", "error")


SET_ASIDE = {
    "before the baseline": ([(-9, 22), (-1, 20), (7, 8)], "score-before-baseline"),
    "off the scale": ([(0, 20), (7, 28)], "score-out-of-range"),
    "below the scale": ([(0, 20), (7, -1)], "score-out-of-range"),
    "entered twice": ([(0, 20), (7, 8), (7, 8)], "score-repeated"),
    "two scores of one moment that differ": ([(0, 20), (7, 8), (7, 9)], "score-contradicting"),
    "old baseline": ([(-40, 20), (7, 8)], "baseline-old"),
}


@pytest.mark.parametrize(("scores", "code"), SET_ASIDE.values(), ids=SET_ASIDE)
def test_what_is_set_aside_is_a_finding(scores, code) -> None:
    assert code in codes(build_course(scores))


def test_scores_of_one_moment_that_differ_are_both_set_aside() -> None:
    assert read_only(build_course([(0, 20), (7, 8), (7, 9)])).assessments == ()


def test_instrument_without_a_total_is_set_aside_and_said() -> None:
    course = build_course([(0, 3), (7, 1)], instrument="c-ssrs-screener")
    assert codes(course) == ["instrument-without-total"] * 2
    assert read_only(course).assessments == ()


def test_every_packaged_instrument_can_be_read_from_end_to_end() -> None:
    for name, instrument in load_instruments().items():
        low, high = instrument.total_minimum, instrument.total_maximum
        totals = [(0, high), (7, (low + high) // 2), (14, low), (21, high), (28, high)]
        course = build_course(totals, (0, 3, 7, 10), name, planned_induction_sessions=4)
        (reading,) = read_course(course).series
        assert (len(reading.assessments) == 4) == (low != high), name
        assert len(read_gates(reading.series, course)) == 2


def test_unknown_instrument_is_an_error_that_names_the_known_ones() -> None:
    (problem,) = read_course(build_course([(0, 20)], instrument="phq99")).problems
    assert problem.code == "instrument-unknown"
    assert "phq9" in problem.accepted


def test_time_without_zone_is_refused() -> None:
    course = Course((replace(build_score(0, 20), observed_at=datetime(2026, 3, 2, 9)),), (build_session(0),))
    with pytest.raises(InvalidInput) as refused:
        read_course(course)
    assert refused.value.problems[0].path == "scores[0].observed_at"


def test_ybocs_and_its_second_edition_are_never_compared() -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_uncomparable(build_score(0, 30, "ybocs"), build_score(7, 20, "ybocs-ii"))
    assert refused.value.problems[0].code == "instruments-mixed"


def test_two_instruments_are_two_series_and_share_no_baseline() -> None:
    scores = (build_score(0, 20), build_score(7, 10), build_score(7, 6, "gad7"))
    readings = {each.series.instrument: each for each in read_course(Course(scores, (build_session(0),))).series}
    assert readings["phq9"].assessments[0].results["response"].value is True
    assert readings["gad7"].assessments[0].results["response"].reason == "no baseline"


def test_two_kinds_of_rater_are_read_apart_and_said() -> None:
    scores = (build_score(0, 20), build_score(7, 8, rater=Rater.CLINICIAN), build_score(8, 9))
    reading = read_course(Course(scores, (build_session(0),)))
    assert [(str(each.series.rater), len(each.assessments)) for each in reading.series] == [
        ("clinician", 1),
        ("self", 1),
    ]
    assert [problem.code for problem in reading.problems] == ["raters-mixed"]
    with pytest.raises(InvalidInput, match="not compared"):
        read_percent_change(scores[0], scores[1])


def test_reliable_change_by_reliability_is_the_published_formula() -> None:
    # Jacobson and Truax' own numbers: SD 10, r 0.80, limit 1.96 * 10 * sqrt(0.4) = 12.40 (by hand)
    better = read_reliable_change_index(build_score(0, 20), build_score(7, 7), sd=10, reliability=0.8)
    assert better.value is True
    assert better.threshold == "more than 12.40 points, with SD 10 and r 0.8"
    assert read_reliable_change_index(build_score(0, 20), build_score(7, 8), sd=10, reliability=0.8).value is False
    assert read_reliable_change_index(build_score(0, 7), build_score(7, 20), sd=10, reliability=0.8).value is True


@pytest.mark.parametrize(("sd", "reliability"), [(0, 0.8), (-1, 0.8), (float("nan"), 0.8), (10, 1), (10, -0.1)])
def test_impossible_spread_or_reliability_is_refused(sd, reliability) -> None:
    with pytest.raises(InvalidInput):
        read_reliable_change_index(build_score(0, 20), build_score(7, 7), sd=sd, reliability=reliability)


@pytest.mark.parametrize(
    ("instrument", "points", "word"),
    [("phq9", 2, "below"), ("phq9", 3, "meaningful"), ("phq9", 6, "substantial"), ("gad7", 9, None)],
)
def test_anchored_change_has_words_only_where_an_anchor_was_published(instrument, points, word) -> None:
    meaning = describe_meaning(build_score(0, 20, instrument), build_score(7, 20 - points, instrument))
    assert (meaning[0] if meaning else None) == word


def test_every_result_names_a_known_estimand_a_source_and_why_it_is_unknown() -> None:
    reading = read_only(build_course([(-30, 25), (0, 20), (7, 10), (14, 9), (90, 20)], session_days=(0, 3, 7)))
    results = [reading.series.baseline, reading.ever_response, reading.sustained_response, reading.relapse.result]
    results += [result for each in reading.assessments for result in each.results.values()]
    results += [each.result for each in reading.relief]
    for result in results:
        assert result.estimand in load_estimands()
        assert result.citation.text
        assert (result.value is None) <= bool(result.reason)
        assert result.to_json()["grade"] == str(result.citation.grade)


def test_unknown_estimand_is_refused_by_naming_those_there_are() -> None:
    with pytest.raises(InvalidInput) as refused:
        get_estimand("cure")
    assert "relapse" in refused.value.problems[0].accepted


def build_threshold(kind: str, value: str) -> Threshold:
    own = get_instrument("phq9").thresholds["response"]
    return replace(own, kind=kind, value=Decimal(value), citation=Citation("SITE", "a test's own", Grade.P))


KINDS = {
    # kind of threshold, baseline 20: meets it, misses it
    "better by a share": (build_threshold("percent-drop-at-least", "35"), 13, 14),
    "below": (build_threshold("below", "5"), 4, 5),
    "at most": (build_threshold("at-most", "12"), 12, 13),
    "above": (build_threshold("above", "20"), 21, 20),
    "at least": (build_threshold("at-least", "20"), 20, 19),
}


@pytest.mark.parametrize(("threshold", "meets", "misses"), KINDS.values(), ids=KINDS)
def test_response_by_each_kind_of_threshold_on_both_sides(threshold, meets, misses) -> None:
    found = [read_response(build_score(0, 20), build_score(7, total), threshold) for total in (meets, misses)]
    assert [each.value for each in found] == [True, False]
    assert str(threshold.value) in found[0].threshold


def test_level_needs_no_baseline_and_a_share_does() -> None:
    level = read_response(None, build_score(7, 2), build_threshold("at-most", "2"))
    assert (level.value, len(level.used)) == (True, 1)
    assert read_response(None, build_score(7, 2)).reason == "no baseline"


def test_kind_of_threshold_that_is_not_known_gives_no_answer() -> None:
    result = read_response(build_score(0, 20), build_score(7, 4), build_threshold("vibe", "5"))
    assert result.value is None
    assert result.reason == "threshold of kind vibe is not known"


def test_clinic_threshold_replaces_that_of_the_definition_and_is_named() -> None:
    course = build_course([(0, 20), (7, 6)])
    own = {("phq9", "remission"): build_threshold("at-most", "6")}
    (assessment,) = read_course(course, thresholds=own).series[0].assessments
    assert assessment.results["remission"].value is True
    assert assessment.results["remission"].threshold == "6 or less"
    assert read_only(course).assessments[0].results["remission"].value is False


def test_higher_is_better_turns_improvement_round() -> None:
    (worse, better) = read_only(build_course([(0, 8), (1, 6), (2, 10)], instrument="aldrete")).assessments
    assert worse.results["worsening"].value is True
    assert worse.results["percent-change"].value == -25
    assert better.results["worsening"].value is False
