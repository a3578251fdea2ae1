"""Reads a whole course: every series of comparable scores under every estimand, with what was set aside."""

from collections.abc import Sequence

from afterglow.outcomes.catalogue import RelapseRule
from afterglow.outcomes.change import Thresholds, read_assessment
from afterglow.outcomes.model import Course, CourseReading, Series, SeriesReading
from afterglow.outcomes.relief import read_relief
from afterglow.outcomes.series import build_series
from afterglow.outcomes.stretches import read_ever_response, read_relapse, read_sustained_response


def read_course(
    course: Course,
    *,
    relapse_rules: Sequence[RelapseRule] | None = None,
    thresholds: Thresholds | None = None,
) -> CourseReading:
    """Return the readings of a course.

    `relapse_rules` replaces the packaged rules by the clinic's own, `thresholds` those of an instrument's definition
    (a clinic may set remission on the MADRS at 12 instead of 10); each result carries the one it was read by.
    """
    series, problems = build_series(course)
    return CourseReading(tuple(read_series(each, course, relapse_rules, thresholds) for each in series), problems)


def read_series(
    series: Series,
    course: Course,
    relapse_rules: Sequence[RelapseRule] | None = None,
    thresholds: Thresholds | None = None,
) -> SeriesReading:
    """Return everything read from one series of a course."""
    assessments = tuple(read_assessment(series, score, thresholds) for score in series.scores)
    return SeriesReading(
        series=series,
        assessments=assessments,
        ever_response=read_ever_response(assessments),
        sustained_response=read_sustained_response(assessments, course),
        relapse=read_relapse(series, assessments, course, relapse_rules),
        relief=read_relief(series, course),
    )
