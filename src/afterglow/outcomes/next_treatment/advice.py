"""The next treatment: intervals weighed by expected loss, bounded, and "the evidence does not separate these" said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from afterglow.outcomes.forecast._types import FloatArray
from afterglow.outcomes.forecast.personal import PersonalCourse
from afterglow.outcomes.forecast.update import Similar
from afterglow.outcomes.next_treatment.bounds import STOP_WORDS, Action, Bounds, Reason, find_bounds, judge_interval
from afterglow.outcomes.next_treatment.expected import Expected, expect, thin
from afterglow.outcomes.next_treatment.guards import judge_guards
from afterglow.outcomes.next_treatment.loss import VISIT_COSTS, Loss, load_loss
from afterglow.outcomes.next_treatment.policy import Circumstances, IntervalPolicy
from afterglow.terms import Citation, Finding, Grade, Override, Severity


class AdviceStatus(StrEnum):
    """What the answer is: an interval; no difference that can be told; somebody must look first; nothing."""

    ADVICE = "advice"
    NOT_SEPARATED = "not-separated"
    REVIEW = "review"
    NO_ADVICE = "no-advice"


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be done: an interval, or a stop (`interval_d` None), beside the present interval.

    `loss` is the mean by visit cost (low, middle, high); `difference` from the present interval at the middle cost
    with the range of `separation` of similar courses, and `better` the share of them in which it is smaller.
    """

    interval_d: int | None
    loss: tuple[float, float, float]
    unwell_days: float
    visits: float
    difference: float
    difference_range: tuple[float, float]
    better: float
    is_allowed: bool
    why_not: str = ""
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Basis:
    """One thing the answer rests on, with source and grade."""

    claim: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer for one person.

    `suggested_d` is the interval to plan with; where nothing is separated it is the present one, `leaning_d` the one
    with the smallest expected loss of those allowed, and `alike_d` those that cannot be told from the present one.
    `best_by_cost` has the smallest allowed loss for each visit cost. `bounds` are what can be decided, always four
    choices, also where no interval was weighed.
    """

    status: AdviceStatus
    code: str
    reason: str
    policy: IntervalPolicy
    present_d: int | None
    suggested_d: int | None
    leaning_d: int | None
    alike_d: tuple[int, ...]
    best_by_cost: tuple[int | None, int | None, int | None]
    options: tuple[Option, ...]
    findings: tuple[Finding, ...]
    basis: tuple[Basis, ...]
    loss: Loss
    bounds: Bounds


def advise(
    similar: Similar, policy: IntervalPolicy, *, today: float, threshold: float, remission: float,
    circumstances: Circumstances | None = None, loss: Loss | None = None,
) -> Advice:  # fmt: skip
    """Return the next treatment that similar courses speak for.

    Parameters
    ----------
    similar : Similar
        From `find_similar`, on everything known by today.
    policy : IntervalPolicy
        What label and clinic allow in the present phase.
    today : float
        Day of the course.
    threshold, remission : float
        Of the scale: score of a relapse, and the highest of a remission.
    circumstances : Circumstances, optional
        Nothing is known by default, which blocks longer and shorter intervals alike.
    loss : Loss, optional
        The packaged one by default.
    """
    circumstances, loss = circumstances or Circumstances(), loss or load_loss()
    course = similar.structure.course
    found = _refuse(similar, policy, loss)
    if found:
        return refuse_advice(
            *found, course, policy, today=today, threshold=threshold, circumstances=circumstances, loss=loss
        )  # fmt: skip
    days = [one.day for one in course.sessions]
    bounds = _find_bounds(course, policy, circumstances, today, threshold)
    present, guards = bounds.present_d or policy.default_d, bounds.guards
    rate = (loss.get("adverse_per_session") * loss.get("adverse_weight") + circumstances.reactions) / (
        loss.get("adverse_weight") + circumstances.sessions_asked
    )
    intervals: tuple[int | None, ...] = (*policy.choices_d, None)
    few = thin(similar, int(loss.get("weighed_patients")))
    weighed = [
        expect(few, each, today=today, loss=loss, threshold=threshold, remission=remission, reaction_rate=rate)
        for each in intervals
    ]
    options = _weigh(weighed, bounds, present, loss)
    extra = _list_notes(len(days) - circumstances.maintenance_from, present)
    return _conclude(options, policy, present, bounds, loss, (*guards.findings, *extra))


def _refuse(similar: Similar, policy: IntervalPolicy, loss: Loss) -> tuple[str, str] | None:
    """Return code and words when no advice can be given."""
    course = similar.structure.course
    fewest = int(loss.get("fewest_scores"))
    scores = len(course.list_after())
    if not course.sessions:
        return "no-session", "No session has been given."
    if similar.contradiction:
        return "contradicted", similar.contradiction
    if scores < fewest:
        return "too-few-scores", f"{scores} of at least {fewest} scores after the first session."
    if not policy.has_choice:
        return "schedule-fixed", f"{policy.text}: the schedule of this phase leaves no choice of interval."
    return None


def _find_bounds(
    course: PersonalCourse, policy: IntervalPolicy, circumstances: Circumstances, today: float, threshold: float
) -> Bounds:
    readings = course.readings if course.sessions else ()
    guards = judge_guards(course.scale, readings, circumstances, today=today, threshold=threshold)
    return find_bounds(policy, guards, [one.day for one in course.sessions], circumstances.maintenance_from)


def _weigh(weighed: Sequence[Expected], bounds: Bounds, present: int, loss: Loss) -> tuple[Option, ...]:
    middle = loss.get_visit_cost("middle")
    now = next(one for one in weighed if one.interval_d == present).calculate_loss(loss, middle)
    options = []
    for one in weighed:
        reasons = _judge_option(one.interval_d, bounds, present)
        is_stop = one.interval_d is None
        difference = one.calculate_loss(loss, middle) - now
        options.append(
            Option(
                interval_d=one.interval_d,
                loss=_average(one, loss),
                unwell_days=float(one.unwell_days.mean()),
                visits=one.visits,
                difference=float(difference.mean()),
                difference_range=_find_range(difference, loss.get("separation")),
                better=float(np.mean(difference < 0)),
                is_allowed=not reasons and not is_stop,
                why_not=STOP_WORDS if is_stop else " ".join(reason.text for reason in reasons),
                reasons=reasons,
            )
        )
    return tuple(options)


def _judge_option(interval_d: int | None, bounds: Bounds, present: int) -> tuple[Reason, ...]:
    """Return why an interval may not be advised; a stop is shown and left to people."""
    if interval_d is None or interval_d == present:
        return ()
    return judge_interval(bounds, Action.STRETCH if interval_d > present else Action.SHORTEN, interval_d)


def _conclude(
    options: Sequence[Option], policy: IntervalPolicy, present: int, bounds: Bounds, loss: Loss,
    findings: tuple[Finding, ...],
) -> Advice:  # fmt: skip
    allowed = [one for one in options if one.is_allowed and one.interval_d is not None]
    best_by_cost = tuple(min(allowed, key=lambda one: one.loss[k]).interval_d for k in range(len(VISIT_COSTS)))
    leaning = best_by_cost[1] or present
    alike = _list_alike(present, allowed)
    suggested = present if leaning in alike else leaning
    status, code = AdviceStatus.ADVICE, "separated"
    reason = f"{leaning} days has the smallest expected loss of the intervals allowed."
    if leaning in alike and len(alike) > 1:
        names = ", ".join(map(str, alike))
        status, code = AdviceStatus.NOT_SEPARATED, "not-separated"
        reason = f"The evidence does not separate these: {names} days. The present interval stays."
    if len(allowed) == 1:
        status, code, reason = AdviceStatus.REVIEW, "bounded", "Nothing but the present interval may be advised now."
    if bounds.guards.needs_review:
        status, code = AdviceStatus.REVIEW, "see-in-person"
        reason = f"Somebody sees the person first; no longer interval is advised. {reason}"
    return Advice(
        status, code, reason, policy, present, suggested, leaning, alike,
        (best_by_cost[0], best_by_cost[1], best_by_cost[2]), tuple(options), findings, _list_basis(policy, loss), loss,
        bounds,
    )  # fmt: skip


def _list_alike(present: int, allowed: Sequence[Option]) -> tuple[int, ...]:
    """Return the allowed intervals whose loss cannot be told from that of the present one, itself included.

    It is the comparison that the table of options shows.
    """
    return tuple(
        one.interval_d
        for one in allowed
        if one.interval_d is not None
        and (one.interval_d == present or one.difference_range[0] <= 0.0 <= one.difference_range[1])
    )


def _average(one: Expected, loss: Loss) -> tuple[float, float, float]:
    low, middle, high = (float(one.calculate_loss(loss, loss.get_visit_cost(cost)).mean()) for cost in VISIT_COSTS)
    return low, middle, high


def _find_range(difference: FloatArray, share: float) -> tuple[float, float]:
    low, high = np.quantile(difference, (0.5 - share / 2, 0.5 + share / 2))
    return float(low), float(high)


def _list_notes(maintenance: int, present: int) -> tuple[Finding, ...]:
    """LT-10: many maintenance sessions, or closer than two weeks, are reviewed by the team."""
    most, closest = (load_loss().parameters[name] for name in ("review_sessions", "review_below_d"))
    if maintenance < most.value and not (maintenance >= 1 and present < closest.value):
        return ()
    seen = f"{maintenance} maintenance sessions, every {present} days"
    threshold = f"{most.value:g} or more, or more often than every {closest.value:g} days"
    asks = "Review with the whole team: stretch, continue or stop."
    return (
        Finding("LT-10", Severity.CAUTION, seen, threshold, asks, Override.PRESCRIBER, most.citation.text,
                most.citation.grade, "How often"),
    )  # fmt: skip


def _list_basis(policy: IntervalPolicy, loss: Loss) -> tuple[Basis, ...]:
    own = "mechanism/data/population.toml and targets.toml"
    return (
        Basis(f"Intervals of {policy.protocol}: {policy.text}", policy.citation),
        Basis("Virtual patients fitted on published courses", Citation("EFFECTS-OWN", own, Grade.D)),
        Basis(
            "No randomised comparison of maintenance intervals stands behind this",
            Citation("EFFECTS-OWN", "outcomes sheet section 9, maintenance", Grade.D),
        ),
        Basis("Weekly upkeep holds a response and does not deepen it", Citation("PHILLIPS-19", "weekly x 4", Grade.A)),
        Basis("The loss, in days unwell per 28 days", loss.parameters["unwell_day"].citation),
        Basis(
            "A relapse is two assessments past the threshold",
            Citation("DALY-19", "instruments sheet section 6, relapse default", Grade.UNCHECKED),
        ),
    )


def refuse_advice(
    code: str, reason: str, course: PersonalCourse, policy: IntervalPolicy, *, today: float, threshold: float,
    circumstances: Circumstances | None = None, loss: Loss | None = None,
) -> Advice:  # fmt: skip
    """Return the answer that there is none, with its reason; what must be looked at is found all the same."""
    loss = loss or load_loss()
    bounds = _find_bounds(course, policy, circumstances or Circumstances(), today, threshold)
    nothing = (None, None, None)
    return Advice(
        AdviceStatus.NO_ADVICE, code, reason, policy, None, None, None, (), nothing, (), bounds.guards.findings,
        _list_basis(policy, loss), loss, bounds,
    )  # fmt: skip
