"""Sorts dated scores into comparable series and names the baseline of each.

Comparable means the same instrument and the same kind of rater. Everything that is set aside is a problem with its
reason; nothing is dropped in silence.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby

from afterglow.instruments import load_instruments
from afterglow.outcomes.catalogue import get_estimand
from afterglow.outcomes.model import Course, DatedScore, Rater, Result, Series, Unused
from afterglow.terms import InvalidInput, Problem, build_error, build_warning

NO_DOSE = "no dose has been given yet"
WITHOUT_TOTAL = "this instrument has no total, and its parts are not compared here"
CONTRADICTED = "another score of the same moment differs"
NO_SCORE_BEFORE = "no usable score before the first dose"


def refuse_naive_times(course: Course) -> None:
    """Refuse a course in which a time names no zone, because its order cannot be known."""
    moments: list[tuple[str, datetime]] = [
        *((f"scores[{n}].observed_at", each.observed_at) for n, each in enumerate(course.scores)),
        *((f"sessions[{n}].dose_started_at", each.dose_started_at) for n, each in enumerate(course.sessions)),
        *((f"safety[{n}].observed_at", each.observed_at) for n, each in enumerate(course.safety)),
    ]
    problems = [
        build_error(path, "instant-without-zone", at.isoformat(), "a time with its zone", f"{path} names no time zone")
        for path, at in moments
        if at.tzinfo is None
    ]
    if problems:
        raise InvalidInput(problems)


def build_series(course: Course) -> tuple[tuple[Series, ...], tuple[Problem, ...]]:
    """Return one series for each instrument and kind of rater, and what was set aside."""
    refuse_naive_times(course)
    first_dose_at = min((session.dose_started_at for session in course.sessions), default=None)
    problems = list(_judge_scores(course.scores))
    ordered = sorted(course.scores, key=lambda each: (each.instrument, str(each.rater), each.observed_at))
    series = []
    known = [each for each in ordered if each.instrument in load_instruments()]
    for (instrument, rater), group in groupby(known, key=lambda each: (each.instrument, each.rater)):
        one = _build_one(instrument, rater, list(group), first_dose_at, course)
        problems += _list_series_problems(one, course)
        series.append(one)
    problems += _list_mixed_raters(series)
    return tuple(series), tuple(problems)


def list_unusable(scores: Iterable[DatedScore]) -> Iterator[Unused]:
    """Yield each score that cannot be compared with any other: missing, of an unknown instrument, or off its scale."""
    for score in scores:
        instrument = load_instruments().get(score.instrument)
        if score.value is None:
            yield Unused(score, f"no value: {score.reason or 'no reason was given'}")
        elif instrument is None:
            yield Unused(score, "no definition of this instrument")
        elif instrument.total_minimum == instrument.total_maximum:
            yield Unused(score, WITHOUT_TOTAL)
        elif not score.value.is_finite():
            yield Unused(score, "not a number")
        elif not instrument.total_minimum <= score.value <= instrument.total_maximum:
            yield Unused(score, f"outside {instrument.total_minimum} to {instrument.total_maximum}")


def _build_one(
    instrument: str, rater: Rater, scores: Sequence[DatedScore], first_dose_at: datetime | None, course: Course
) -> Series:
    unused = list(list_unusable(scores))
    unused += _list_contradicting(scores, {id(each.score) for each in unused})
    left_out = {id(each.score) for each in unused}
    usable = [score for score in scores if id(score) not in left_out]
    repeated = [score for number, score in enumerate(usable) if number and _is_same(usable[number - 1], score)]
    unused += [Unused(score, "entered twice") for score in repeated]
    usable = [score for score in usable if not any(score is each for each in repeated)]
    before = [score for score in usable if first_dose_at is None or score.observed_at < first_dose_at]
    after = [] if first_dose_at is None else [score for score in usable if score.observed_at >= first_dose_at]
    unused += [Unused(score, "before the baseline") for score in before[:-1]] if first_dose_at else []
    unused += [Unused(score, NO_DOSE) for score in before] if not first_dose_at else []
    baseline = _read_baseline(before, first_dose_at, course)
    return Series(instrument, rater, baseline, tuple(after), tuple(unused))


def _is_same(left: DatedScore, right: DatedScore) -> bool:
    return left.observed_at == right.observed_at and left.value == right.value


def _list_contradicting(scores: Sequence[DatedScore], left_out: set[int]) -> list[Unused]:
    """Return the scores of one moment that say different things: neither can be preferred."""
    usable = [score for score in scores if id(score) not in left_out]
    found = []
    for _, group in groupby(usable, key=lambda each: each.observed_at):
        members = list(group)
        if len({member.value for member in members}) > 1:
            found += [Unused(member, CONTRADICTED) for member in members]
    return found


def _read_baseline(before: Sequence[DatedScore], first_dose_at: datetime | None, course: Course) -> Result:
    estimand = get_estimand("baseline")
    oldest = estimand.get_number("oldest_days")
    threshold = f"last before the first dose, at most {oldest} days old"
    if first_dose_at is None:
        return Result("baseline", None, estimand.citation, threshold, reason=NO_DOSE)
    if not before:
        return Result("baseline", None, estimand.citation, threshold, reason=NO_SCORE_BEFORE)
    score = before[-1]
    age = course.count_days(score.observed_at, first_dose_at)
    reason = f"{age} days old on the day of the first dose" if age > oldest else None
    return Result(
        "baseline", score.value, estimand.citation, threshold, "{score}", score.observed_at, reason, used=(score,)
    )


def _judge_scores(scores: Sequence[DatedScore]) -> Iterator[Problem]:
    reasons = {id(each.score): each.why for each in list_unusable(scores)}
    known = load_instruments()
    for number, score in enumerate(scores):
        path = f"scores[{number}]"
        if score.instrument not in known:
            message = f"{path} names an instrument that has no definition"
            yield build_error(f"{path}.instrument", "instrument-unknown", score.instrument, ", ".join(known), message)
        elif score.value is None and not score.reason:
            message = f"{path} has neither a value nor a reason"
            yield build_error(f"{path}.reason", "score-without-reason", None, "why there is no value", message)
        elif score.value is None:
            message = f"{path}: {score.reason}; it is not counted as 0 and not as a failure"
            yield build_warning(f"{path}.value", "score-missing", None, "a total", message)
        elif id(score) in reasons and reasons[id(score)] != WITHOUT_TOTAL:
            accepted = reasons[id(score)].removeprefix("outside ")
            message = f"{path}: {score.value} cannot be a {score.instrument} total"
            yield build_error(f"{path}.value", "score-out-of-range", str(score.value), accepted, message)


def _list_series_problems(series: Series, course: Course) -> Iterator[Problem]:
    numbers = {id(score): number for number, score in enumerate(course.scores)}
    codes = {
        "before the baseline": ("score-before-baseline", "a score after the first dose"),
        WITHOUT_TOTAL: ("instrument-without-total", "an instrument with a total"),
        "entered twice": ("score-repeated", "one entry for one assessment"),
        CONTRADICTED: ("score-contradicting", "one score for one moment"),
    }
    for each in series.unused:
        if each.why in codes:
            code, accepted = codes[each.why]
            path = f"scores[{numbers[id(each.score)]}]"
            message = f"{path} is not used: {each.why}"
            yield build_warning(path, code, str(each.score.value), accepted, message)
    if series.baseline.value is not None and series.baseline.reason:
        message = f"the baseline of {series.instrument} is {series.baseline.reason}"
        yield build_warning("scores", "baseline-old", series.baseline.reason, series.baseline.threshold, message)


def _list_mixed_raters(series: Sequence[Series]) -> Iterator[Problem]:
    for instrument, group in groupby(series, key=lambda each: each.instrument):
        raters = [str(each.rater) for each in group]
        if len(raters) > 1:
            message = f"{instrument} was rated by {' and '.join(raters)}; each kind of rater is read on its own"
            yield build_warning("scores", "raters-mixed", ", ".join(raters), "one kind of rater", message)
