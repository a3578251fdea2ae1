"""What a clinic's figures read from one course: the end of induction, the score that counts for it, relapse, follow-up.

The numbers (how long an induction may take, how late its score may come) are parameters of the estimands. Verdicts that
time alone can change name the day on which to look again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from afterglow.instruments import get_instrument
from afterglow.instruments.model import Direction
from afterglow.outcomes.catalogue import RelapseRule, get_estimand, load_relapse_rules
from afterglow.outcomes.change import NO_RULE
from afterglow.outcomes.model import Assessment, Course, SeriesReading


class Standing(StrEnum):
    """How a course stands for the clinic's figures of one instrument."""

    PENDING = "pending"
    NO_BASELINE = "no-baseline"
    NOT_ILL = "not-ill"
    ASSESSED = "assessed"
    UNASSESSED = "unassessed"


@dataclass(frozen=True, slots=True)
class Induction:
    """When the induction of a course ended and until when its score may come; None while it goes on.

    `has_left_early` is a course that is over before the planned number of sessions was given.
    """

    ended_on: date | None
    is_complete: bool
    has_left_early: bool
    closes_on: date | None
    look_again_on: date | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The end of induction on one instrument; answers are None unless the course was assessed."""

    standing: Standing
    is_response: bool | None = None
    is_remission: bool | None = None
    is_worse: bool | None = None
    score_on: date | None = None


@dataclass(frozen=True, slots=True)
class RelapseWatch:
    """How long a course was watched from the state that its relapse rule names, and whether it relapsed.

    `landmark_upkeep` says whether a session was given up to the landmark; None where the watch ended before that.
    `waits_for_second` is a last score past the threshold that nothing has confirmed yet: neither relapse nor none.
    """

    start_on: date
    days: int
    has_event: bool
    landmark_upkeep: bool | None
    waits_for_second: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Whether the score three months after the first dose has fallen due, and whether there is one."""

    is_due: bool
    is_done: bool


def read_induction(course: Course, *, completed_on: date | None, stopped_on: date | None, today: date) -> Induction:
    """Return the induction of a course; once it has ended, nothing that comes later changes how.

    It is complete with its last planned session, unless a gap longer than the rule, or a stop, came before that: then
    it ended with the session before, and the person has left early. Sessions after its end are upkeep or a new course.
    Where no number was planned, it is what was given within the longest induction, and nobody leaves it but by a stop.

    Parameters
    ----------
    course : Course
        With at least one session.
    completed_on : date or None
        The day of the last planned induction session.
    stopped_on : date or None
        The first day, after the first dose, on which a plan was stopped, the person died or withdrew.
    today : date
        The clinic's day; what came after it is not looked at.
    """
    estimand = get_estimand("clinic-response")
    days = [day for day in _list_days(course) if day <= today]
    planned = completed_on is not None or course.planned_induction_sessions is not None
    aims_at = completed_on if completed_on is not None and completed_on <= today else None
    stops_at = stopped_on if stopped_on is not None and stopped_on <= today else None
    silent = timedelta(days=int(estimand.get_number("silent_days")))
    longest = timedelta(days=int(estimand.get_number("longest_induction_days")))
    ended_on = days[0]
    for day in days[1:]:
        until = ended_on + silent if planned else days[0] + longest
        if ended_on == aims_at or day > until or (stops_at is not None and day > stops_at):
            break
        ended_on = day
    is_complete = ended_on == aims_at
    over_on = (ended_on + silent if planned else days[0] + longest) + timedelta(days=1)
    is_stopped = stops_at is not None and stops_at < over_on
    if not is_complete and not is_stopped and today < over_on:
        return Induction(None, False, False, None, over_on)
    following = next((day for day in days if day > ended_on), None)
    closes_on = ended_on + timedelta(days=int(estimand.get_number("latest_days")))
    closes_on = min(closes_on, following) if following is not None else closes_on
    again = closes_on + timedelta(days=1)
    has_left = not is_complete and (planned or is_stopped)
    return Induction(ended_on, is_complete, has_left, closes_on, again if again > today else None)


def read_endpoint(reading: SeriesReading, course: Course, induction: Induction, today: date) -> Endpoint:
    """Return the end of induction on the reading's instrument: the last score after its last session, in time.

    A score of the day of that session counts when it was taken after the dose began; a score of the next session's day
    when it was taken before that dose.
    """
    if reading.series.baseline_score is None:
        return Endpoint(Standing.NO_BASELINE)
    if induction.ended_on is None or induction.closes_on is None or today <= induction.closes_on:
        return Endpoint(Standing.PENDING)
    found = _find_last(reading.assessments, course, induction)
    if found is None:
        return Endpoint(Standing.UNASSESSED)
    results = found.results
    if results["response"].value is None or results["remission"].reason not in (None, NO_RULE):
        return Endpoint(Standing.NOT_ILL)
    return Endpoint(
        Standing.ASSESSED,
        _as_bool(results["response"].value),
        _as_bool(results["remission"].value),
        _as_bool(results["worsening"].value),
        _local(course, found),
    )


def watch_relapse(
    reading: SeriesReading, course: Course, rules: Sequence[RelapseRule] | None = None
) -> RelapseWatch | None:
    """Return how long a course was watched for relapse, from the first score at which the rule's state was reached.

    The event is the first of the two scores, once the second has confirmed it; else the last usable score ends the
    watch. None where the instrument has no rule or the state was never reached.
    """
    listed = load_relapse_rules() if rules is None else rules
    rule = next((each for each in listed if each.instrument == reading.series.instrument), None)
    if rule is None:
        return None
    known = [each for each in reading.assessments if each.score.value is not None]
    start = next((each for each in known if each.results[rule.after].value and not _is_over(each, rule)), None)
    if start is None:
        return None
    start_on = _local(course, start)
    event = next((one for one in reading.relapse.events if one.first.observed_at > start.score.observed_at), None)
    end = event.first.observed_at if event else known[-1].score.observed_at
    days = course.count_days(start.score.observed_at, end)
    landmark = int(get_estimand("clinic-relapse").get_number("landmark_days"))
    sessions = [(day - start_on).days for day in _list_days(course)]
    upkeep = any(0 < after <= landmark for after in sessions) if days > landmark else None
    waits = event is None and reading.relapse.unconfirmed is not None
    return RelapseWatch(start_on, days, event is not None, upkeep, waits)


def read_follow_up(reading: SeriesReading, course: Course, today: date) -> FollowUp:
    """Return whether a score about three months after the first dose was due and taken."""
    estimand = get_estimand("clinic-follow-up")
    first = _list_days(course)[0]
    begin = first + timedelta(days=int(estimand.get_number("from_days")))
    end = first + timedelta(days=int(estimand.get_number("until_days")))
    if today <= end:
        return FollowUp(False, False)
    return FollowUp(True, any(begin <= _local(course, each) <= end for each in reading.assessments))


def find_follow_up_day(course: Course) -> date:
    """Return the first day on which the three-month score can be judged."""
    until = int(get_estimand("clinic-follow-up").get_number("until_days"))
    return _list_days(course)[0] + timedelta(days=until + 1)


def count_scored_sessions(reading: SeriesReading, course: Course, over: Collection[date] | None = None) -> int:
    """Return the sessions that had a usable score within the days before, or on their own day.

    `over` are the days of the sessions that are over, where those still going on are not to be counted.
    """
    early = int(get_estimand("clinic-response").get_number("before_session_days"))
    days = {_local(course, each) for each in reading.assessments}
    if (baseline := reading.series.baseline_score) is not None:
        days.add(baseline.observed_at.astimezone(course.zone).date())
    sessions = _list_days(course) if over is None else list(over)
    return sum(any(0 <= (session - day).days <= early for day in days) for session in sessions)


def _find_last(assessments: Sequence[Assessment], course: Course, induction: Induction) -> Assessment | None:
    """Return the last usable assessment between the last induction session and the end of its window."""
    starts = sorted(each.dose_started_at for each in course.sessions)
    inside = [at for at in starts if at.astimezone(course.zone).date() <= (induction.ended_on or date.min)]
    begin, following = inside[-1], next((at for at in starts if at > inside[-1]), None)
    found = [
        each
        for each in assessments
        if each.score.value is not None
        and each.score.observed_at > begin
        and (following is None or each.score.observed_at < following)
        and _local(course, each) <= (induction.closes_on or date.max)
    ]
    return found[-1] if found else None


def _is_over(assessment: Assessment, rule: RelapseRule) -> bool:
    value = assessment.score.value
    if value is None:
        return False
    is_lower_better = get_instrument(rule.instrument).direction is Direction.LOWER_IS_BETTER
    return value >= rule.threshold if is_lower_better else value <= rule.threshold


def _as_bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _local(course: Course, assessment: Assessment) -> date:
    return assessment.score.observed_at.astimezone(course.zone).date()


def _list_days(course: Course) -> list[date]:
    return sorted(each.dose_started_at.astimezone(course.zone).date() for each in course.sessions)
