"""The charts: what they draw, how they describe it, and what they do with nothing."""

from datetime import date

from afterglow.web.charts.course import Course, Lane, Point, draw_course
from afterglow.web.charts.trials import TrialBar, draw_trials

TODAY = date(2026, 11, 17)


def build_course(points=(), sessions=()):
    lane = Lane("PHQ-9 score, 0 to 27", 27, tuple(Point(on, value) for on, value in points))
    return Course((lane,) if points else (), tuple(sessions), "IV", TODAY)


def test_a_course_without_score_or_session_draws_nothing():
    assert draw_course(build_course()) == ""


def test_each_score_is_a_mark_and_each_session_a_tick():
    svg = draw_course(build_course([(date(2026, 9, 1), 22), (date(2026, 10, 1), 6)], [date(2026, 9, 10)]))
    assert svg.count("course__mark") == 2
    assert svg.count("course__session") == 1
    assert "from 22 on 1 Sep 2026 to 6 on 1 Oct 2026, 2 records" in svg


def test_a_single_score_on_today_is_drawn_once():
    svg = draw_course(build_course([(TODAY, 11)]))
    assert svg.count("course__mark") == 1
    assert svg.count("course__value") == 1


def test_a_score_above_the_scale_stays_inside_the_lane():
    svg = draw_course(build_course([(date(2026, 9, 1), 99)]))
    assert 'cy="34.0"' in svg


def test_words_in_a_chart_are_escaped():
    lane = Lane("<script>&", 10, (Point(TODAY, 1),))
    svg = draw_course(Course((lane,), (), "IV", TODAY))
    assert "<script>" not in svg
    assert "&lt;script&gt;&amp;" in svg


def test_no_chart_carries_inline_style():
    svg = draw_course(build_course([(date(2026, 9, 1), 22)], [TODAY]))
    assert "style=" not in svg


def test_trials_name_their_kind_in_the_text_alternative():
    bars = [
        TrialBar("Sertraline 100 mg", date(2025, 1, 1), 28, "adequate"),
        TrialBar("Bupropion 150 mg", date(2026, 5, 1), 3, "short"),
    ]
    svg = draw_trials(bars, date(2024, 8, 1), TODAY)
    assert "Sertraline 100 mg, 28 wk, adequate" in svg
    assert "trials__bar--short" in svg
    assert "current episode, since Aug 2024" in svg


def test_no_trial_draws_nothing():
    assert draw_trials([], None, TODAY) == ""
