"""Reads a whole series: response at any time, sustained response, relapse with its dates.

A missing assessment neither ends a stretch nor counts for it; only a gap beyond the limit does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from afterglow.instruments import get_instrument
from afterglow.instruments.model import Direction
from afterglow.outcomes.catalogue import RelapseRule, get_estimand, load_relapse_rules
from afterglow.outcomes.model import Assessment, Course, DatedScore, RelapseEvent, RelapseReading, Result, Series


def read_ever_response(assessments: Sequence[Assessment]) -> Result:
    """Return whether any assessment so far showed a response, with the first date."""
    estimand = get_estimand("ever-response")
    known = [each for each in assessments if each.results["response"].value is not None]
    if not known:
        return Result(estimand.id, None, estimand.citation, reason=_explain_unknown(assessments))
    threshold = known[0].results["response"].threshold
    first = next((each for each in known if each.results["response"].value), None)
    if first is None:
        used = tuple(each.score for each in known)
        return Result(estimand.id, False, estimand.citation, threshold, at=used[-1].observed_at, used=used)
    return Result(estimand.id, True, estimand.citation, threshold, at=first.score.observed_at, used=(first.score,))


def read_sustained_response(assessments: Sequence[Assessment], course: Course) -> Result:
    """Return whether every assessment over the least number of days showed a response, and when that was reached."""
    estimand = get_estimand("sustained-response")
    least = int(estimand.get_number("least_days"))
    longest_gap = int(estimand.get_number("longest_gap_days"))
    threshold = f"response at every assessment for {least} days, no gap over {longest_gap} days"
    known = [each for each in assessments if each.results["response"].value is not None]
    if not known:
        return Result(estimand.id, None, estimand.citation, threshold, reason=_explain_unknown(assessments))
    run: list[DatedScore] = []
    for each in known:
        if not each.results["response"].value:
            run = []
            continue
        if run and course.count_days(run[-1].observed_at, each.score.observed_at) > longest_gap:
            run = []
        run.append(each.score)
        if course.count_days(run[0].observed_at, each.score.observed_at) >= least:
            at = each.score.observed_at
            return Result(estimand.id, True, estimand.citation, threshold, at=at, used=tuple(run))
    if run:
        days = course.count_days(run[0].observed_at, run[-1].observed_at)
        reason = f"not followed long enough: in response for {days} of {least} days"
        return Result(estimand.id, None, estimand.citation, threshold, reason=reason, used=tuple(run))
    used = tuple(each.score for each in known)
    return Result(estimand.id, False, estimand.citation, threshold, at=used[-1].observed_at, used=used)


def read_relapse(
    series: Series,
    assessments: Sequence[Assessment],
    course: Course,
    rules: Sequence[RelapseRule] | None = None,
) -> RelapseReading:
    """Return the relapses of a series under the first rule for its instrument.

    Two assessments over the threshold count when they are within the limits of days and none between them was below;
    the state that the rule names must have been reached, under the threshold, before the first of them.
    """
    estimand = get_estimand("relapse")
    rules = load_relapse_rules() if rules is None else rules
    rule = next((each for each in rules if each.instrument == series.instrument), None)
    if rule is None:
        missing = f"no relapse rule for {series.instrument}"
        return RelapseReading(Result(estimand.id, None, estimand.citation, reason=missing))
    walk = _Walk(rule, course)
    for each in assessments:
        walk.take(each)
    at = walk.events[0].first.observed_at if walk.events else None
    value: bool | None = bool(walk.events)
    reason: str | None = None
    if not walk.was_reached:
        value, reason = None, f"no {rule.after} below the threshold has been reached yet"
    elif not walk.events and assessments:
        at = assessments[-1].score.observed_at
        reason = "one assessment over the threshold waits for a second" if walk.run else None
        value = None if walk.run else False
    result = Result(estimand.id, value, rule.citation, rule.sentence, at=at, reason=reason, used=walk.list_used())
    return RelapseReading(result, tuple(walk.events), walk.run[-1] if walk.run else None)


class _Walk:
    """Goes through the assessments of a series once and keeps what a relapse rule needs."""

    def __init__(self, rule: RelapseRule, course: Course) -> None:
        parameters: Mapping[str, int] = {
            name: int(get_estimand("relapse").get_number(name)) for name in ("shortest_days", "longest_days")
        }
        self.rule = rule
        self.course = course
        self.shortest = parameters["shortest_days"]
        self.longest = parameters["longest_days"] if rule.longest_days is None else rule.longest_days
        self.is_lower_better = get_instrument(rule.instrument).direction is Direction.LOWER_IS_BETTER
        self.is_at_risk = False
        self.was_reached = False
        self.run: list[DatedScore] = []
        self.events: list[RelapseEvent] = []

    def take(self, assessment: Assessment) -> None:
        score = assessment.score
        if score.value is None:
            return
        if not self._is_over(score.value):
            self.run = []
            if assessment.results[self.rule.after].value:
                self.is_at_risk = self.was_reached = True
            return
        if not self.is_at_risk:
            return
        first = next((each for each in self.run if self._confirms(each.observed_at, score.observed_at)), None)
        if first is None:
            self.run.append(score)
            return
        self.events.append(RelapseEvent(self.rule.id, first, score))
        self.is_at_risk = False
        self.run = []

    def _is_over(self, value: Decimal) -> bool:
        return value >= self.rule.threshold if self.is_lower_better else value <= self.rule.threshold

    def _confirms(self, first_at: datetime, second_at: datetime) -> bool:
        return self.shortest <= self.course.count_days(first_at, second_at) <= self.longest

    def list_used(self) -> tuple[DatedScore, ...]:
        return tuple(score for event in self.events for score in (event.first, event.confirmed)) or tuple(self.run)


def _explain_unknown(assessments: Sequence[Assessment]) -> str:
    if not assessments:
        return "no usable score after the first dose"
    return assessments[-1].results["response"].reason or "unknown"
