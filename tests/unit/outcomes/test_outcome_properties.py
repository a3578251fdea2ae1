"""What must hold of any course: order does not matter, nothing is dropped, better is never read as worse."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from afterglow.outcomes import Course, read_course, read_response
from tests.support.courses import build_course, build_score, build_session

DAYS = st.integers(-20, 120)
TOTALS = st.one_of(st.none(), st.integers(0, 27))
SCORES = st.lists(st.tuples(DAYS, TOTALS), min_size=1, max_size=14, unique_by=lambda pair: pair[0])


@given(SCORES, st.randoms(use_true_random=False))
def test_order_of_entry_does_not_matter(scores, random) -> None:
    shuffled = list(scores)
    random.shuffle(shuffled)
    assert read_course(build_course(shuffled)).series == read_course(build_course(scores)).series


@given(SCORES)
def test_every_score_is_used_or_named_with_a_reason(scores) -> None:
    course = build_course(scores)
    (reading,) = read_course(course).series
    seen = [each.score for each in reading.assessments] + [each.score for each in reading.series.unused]
    seen += [reading.series.baseline_score] if reading.series.baseline_score else []
    assert sorted(map(id, seen)) == sorted(map(id, course.scores))
    assert all(each.why for each in reading.series.unused)


@given(SCORES, DAYS)
def test_missing_score_changes_no_answer(scores, day) -> None:
    course = build_course(scores)
    with_gap = Course((*course.scores, build_score(day + 0.5, None)), course.sessions)
    (before,), (after,) = read_course(course).series, read_course(with_gap).series
    assert before.assessments == after.assessments
    assert before.relapse == after.relapse
    assert before.sustained_response == after.sustained_response


@given(st.integers(1, 27), st.integers(0, 27), st.integers(0, 27))
def test_lower_phq9_never_loses_a_response(baseline, left, right) -> None:
    low, high = sorted((left, right))
    answers = [read_response(build_score(0, baseline), build_score(7, total)).value for total in (low, high)]
    assert answers[0] or not answers[1]


@given(SCORES)
def test_sustained_is_ever_and_relapse_dates_keep_their_distance(scores) -> None:
    course = build_course(scores)
    (reading,) = read_course(course).series
    if reading.sustained_response.value:
        assert reading.ever_response.value
    for event in reading.relapse.events:
        assert 5 <= course.count_days(event.first.observed_at, event.confirmed.observed_at) <= 42
        assert min(event.first.value, event.confirmed.value) >= Decimal(10)


@given(SCORES)
def test_relief_is_bracketed(scores) -> None:
    course = Course(build_course(scores).scores, (build_session(0), build_session(10), build_session(40)))
    (reading,) = read_course(course).series
    for relief in reading.relief:
        if relief.at_least_days is not None:
            assert relief.at_least_days >= 0
            assert relief.at_most_days is None or relief.at_most_days >= relief.at_least_days
            assert (relief.at_most_days is None) == bool(relief.ended_by)
