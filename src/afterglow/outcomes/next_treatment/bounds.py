"""What can be decided on the next treatment, whatever the numbers say: stretch, go on, shorten, stop, all four always.

A choice that is not open says why, with the source. What stands against an interval is one of three: the label, the
protocol or the clinic's policy does not hold it; the advice refuses it; a limit blocks it, which nobody overrides.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise
from statistics import median

from afterglow.outcomes.next_treatment.guards import Guards
from afterglow.outcomes.next_treatment.loss import load_loss
from afterglow.outcomes.next_treatment.policy import IntervalPolicy
from afterglow.terms import Citation, Finding, Grade, IntervalEdge, Problem, build_error, get_source

STOP_WORDS = "Stopping is decided with the person, never by this sum."
LAST_GAPS = 3


class Action(StrEnum):
    """What can be done about the interval."""

    STRETCH = "stretch"
    CONTINUE = "continue"
    SHORTEN = "shorten"
    STOP = "stop"


class Kind(StrEnum):
    """What stands against an interval."""

    LABEL = "label"
    PROTOCOL = "protocol"
    POLICY = "policy"
    ADVICE = "advice"


class Origin(StrEnum):
    """Where the present interval comes from."""

    PHASE = "phase"
    GAPS = "gaps"
    BEGINNING = "beginning"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not open, with source and grade; `is_hard` where nobody may decide it all the same."""

    code: str
    kind: Kind
    text: str
    source: str
    grade: str
    is_hard: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the reason with its published keys."""
        return {
            "code": self.code,
            "kind": str(self.kind),
            "text": self.text,
            "source": self.source,
            "grade": self.grade,
            "hard": self.is_hard,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the four actions: the listed intervals open to it, and why it is not open where it is not."""

    action: Action
    intervals_d: tuple[int, ...]
    reasons: tuple[Reason, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether nothing stands against it."""
        return not self.reasons

    @property
    def is_blocked(self) -> bool:
        """Whether nobody may decide it."""
        return any(reason.is_hard for reason in self.reasons)

    def to_json(self) -> dict[str, object]:
        """Return the choice with its published keys."""
        return {
            "action": str(self.action),
            "intervals_d": list(self.intervals_d),
            "open": self.is_open,
            "blocked": self.is_blocked,
            "reasons": [reason.to_json() for reason in self.reasons],
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """The present interval with what may be done about it; `keep_d` are the days that count as going on as now.

    `present_d` is None where the protocol names no interval and two sessions are not there to show one; `origin` says
    where it comes from: the phase, which leaves no other, the last gaps between sessions, or what upkeep begins with.
    """

    policy: IntervalPolicy | None
    present_d: int | None
    keep_d: tuple[int, int] | None
    guards: Guards
    choices: tuple[Choice, ...]
    origin: Origin

    def get_choice(self, action: Action) -> Choice:
        """Return one of the four."""
        return next(each for each in self.choices if each.action is action)


def find_bounds(
    policy: IntervalPolicy | None, guards: Guards, session_days: Sequence[float], maintenance_from: int
) -> Bounds:
    """Return what can be decided after these sessions, given in days of the course."""
    present = _find_present(policy, session_days, maintenance_from)
    keep = _find_kept(policy, present)
    origin = _find_origin(policy, present, session_days, maintenance_from)
    bare = Bounds(policy, present, keep, guards, (), origin)
    choices = (
        _build_choice(bare, Action.STRETCH),
        Choice(Action.CONTINUE, () if present is None else (present,)),
        _build_choice(bare, Action.SHORTEN),
        Choice(Action.STOP, ()),
    )
    return replace(bare, choices=choices)


def judge_interval(bounds: Bounds, action: Action, days: int) -> tuple[Reason, ...]:
    """Return what stands against an interval, of which `check_direction` has found nothing; hard reasons first."""
    if action not in (Action.STRETCH, Action.SHORTEN):
        return ()
    found = [*_judge_edges(bounds, action, days), *_judge_guards(bounds, action)]
    if not found:
        found += _judge_step(bounds, action, days)
    return tuple(sorted(found, key=lambda reason: not reason.is_hard))


def check_direction(bounds: Bounds, action: Action, days: int, path: str = "interval_d") -> list[Problem]:
    """Return what is wrong where the days do not go the way that the action says."""
    if bounds.present_d is None or bounds.keep_d is None:
        if action is Action.CONTINUE:
            return []
        text = "no current interval is known, so that none is longer or shorter than it"
        return [build_error(path, "interval-unknown", days, "go on, hold, stop or review", text)]
    shortest, longest = bounds.keep_d
    now = f"{_NAMES[bounds.origin]} is {_write_span(shortest, longest)}"
    if action is Action.STRETCH and days <= longest:
        return [
            build_error(path, "interval-not-longer", days, f"more than {longest} days", f"{now}; this is no longer")
        ]
    if action is Action.SHORTEN and days >= shortest:
        if shortest == 1:
            text = f"{now}; no interval is shorter"
            return [build_error(path, "interval-not-shorter", days, "go on, stretch, hold, stop or review", text)]
        accepted = f"1 to {shortest - 1} days"
        return [build_error(path, "interval-not-shorter", days, accepted, f"{now}; this is not shorter")]
    if action is Action.CONTINUE and not shortest <= days <= longest:
        text = f"{now}; another one is to stretch or to shorten"
        return [build_error(path, "interval-not-current", days, _write_span(shortest, longest), text)]
    return []


def write_days(days: int) -> str:
    """Return an interval in words."""
    return "1 day" if days == 1 else f"{days} days"


def find_kind(citation: Citation) -> Kind:
    """Return whether a citation is a label, the clinic's policy or the protocol's other source."""
    if citation.grade is Grade.P:
        return Kind.POLICY
    return Kind.LABEL if get_source(citation.source).kind == "label" else Kind.PROTOCOL


def _write_span(shortest: int, longest: int) -> str:
    return write_days(shortest) if shortest == longest else f"{shortest} to {longest} days"


def _find_present(policy: IntervalPolicy | None, session_days: Sequence[float], maintenance_from: int) -> int | None:
    if policy is not None:
        return policy.find_present(session_days, maintenance_from)
    gaps = [after - before for before, after in pairwise(session_days)]
    return max(1, round(median(gaps[-LAST_GAPS:]))) if gaps else None


def _find_origin(
    policy: IntervalPolicy | None, present: int | None, session_days: Sequence[float], maintenance_from: int
) -> Origin:
    if present is None:
        return Origin.UNKNOWN
    if policy is not None and not policy.has_choice:
        return Origin.PHASE
    counted = session_days if policy is None else session_days[max(maintenance_from - 1, 0) :]
    return Origin.GAPS if len(counted) > 1 else Origin.BEGINNING


def _find_kept(policy: IntervalPolicy | None, present: int | None) -> tuple[int, int] | None:
    if present is None:
        return None
    if policy is None or policy.has_choice:
        return present, present
    return min(present, policy.lowest.days), max(present, policy.highest.days)


def _build_choice(bounds: Bounds, action: Action) -> Choice:
    """Return stretching or shortening as a whole: open where any listed interval that way is."""
    present, policy = bounds.present_d, bounds.policy
    if present is None or bounds.keep_d is None:
        text = "No interval can be told yet: the protocol names none, and fewer than two sessions were given."
        return Choice(action, (), (Reason("interval-unknown", Kind.PROTOCOL, text, *_SITE, is_hard=True),))
    nearest = bounds.keep_d[1] + 1 if action is Action.STRETCH else bounds.keep_d[0] - 1
    if policy is None:
        reasons = list(_judge_guards(bounds, action))
        return Choice(action, (), (*_find_floor(nearest), *reasons))
    listed = [days for days in policy.choices_d if (days > present) is (action is Action.STRETCH) and days != present]
    judged = {days: judge_interval(bounds, action, days) for days in listed}
    allowed = tuple(days for days, reasons in judged.items() if not reasons)
    if allowed:
        return Choice(action, allowed)
    closest = min(listed, key=lambda days: abs(days - present), default=nearest)
    return Choice(action, (), (*_find_floor(closest), *judge_interval(bounds, action, closest)))


def _find_floor(days: int) -> tuple[Reason, ...]:
    """Return that no interval is shorter than a day."""
    if days >= 1:
        return ()
    return (Reason("interval-too-short", Kind.POLICY, "No interval is shorter than a day.", *_SITE, is_hard=True),)


def _judge_edges(bounds: Bounds, action: Action, days: int) -> list[Reason]:
    """Return what label, protocol and policy say against the days themselves."""
    policy = bounds.policy
    if policy is None:
        return []
    found = []
    edge = policy.highest if action is Action.STRETCH else policy.lowest
    is_outside = days > edge.days if action is Action.STRETCH else days < edge.days
    if not policy.has_choice:
        text = f"{policy.text}: the schedule of this phase leaves no choice of interval."
        found.append(_cite("phase-fixed", text, edge.citation))
    elif is_outside:
        found.append(_cite(f"outside-{find_kind(edge.citation)}", _write_edge(action, edge, policy), edge.citation))
    if action is Action.SHORTEN:
        for limit in policy.limits:
            if days < limit.shortest_d:
                text = f"{limit.text}: every {write_days(days)} is more often."
                code = "frequency-blocked" if limit.is_hard else "frequency"
                found.append(_cite(code, text, limit.citation, is_hard=limit.is_hard))
    return found


def _write_edge(action: Action, edge: IntervalEdge, policy: IntervalPolicy) -> str:
    names = {Kind.LABEL: "the label", Kind.PROTOCOL: "the protocol", Kind.POLICY: "the clinic's policy"}
    word = "longest" if action is Action.STRETCH else "shortest"
    who = names[find_kind(edge.citation)]
    return f"{write_days(edge.days)} is the {word} interval that {who} has in this phase ({policy.text})."


def _judge_guards(bounds: Bounds, action: Action) -> list[Reason]:
    """Return what the advice refuses this way: what was found of suicidality, worsening, long-term safety."""
    guards = bounds.guards
    against = guards.against_longer if action is Action.STRETCH else guards.against_shorter
    return [_quote(finding) for finding in against]


def _quote(finding: Finding) -> Reason:
    text = f"{finding.title}: {finding.seen}."
    return Reason(finding.rule, Kind.ADVICE, text, finding.source, str(finding.grade))


def _judge_step(bounds: Bounds, action: Action, days: int) -> list[Reason]:
    """Return that the days lie further than one decision moves: a step of the list of intervals."""
    policy, present = bounds.policy, bounds.present_d
    if policy is None or present is None or present not in policy.choices_d:
        return []
    most = load_loss().parameters["longest_step"]
    place, steps = policy.choices_d.index(present), int(most.value)
    furthest = min(place + steps, len(policy.choices_d) - 1) if action is Action.STRETCH else max(place - steps, 0)
    limit = policy.choices_d[furthest]
    if days <= limit if action is Action.STRETCH else days >= limit:
        return []
    way = "up to" if action is Action.STRETCH else "down to"
    text = f"More than {steps} step from {write_days(present)} in one decision: {way} {write_days(limit)}."
    return [Reason("step-too-long", Kind.ADVICE, text, most.citation.text, str(most.citation.grade))]


def _cite(code: str, text: str, citation: Citation, *, is_hard: bool = False) -> Reason:
    return Reason(code, find_kind(citation), text, citation.text, str(citation.grade), is_hard)


_NAMES = {
    Origin.PHASE: "the interval of this phase",
    Origin.GAPS: "the current interval",
    Origin.BEGINNING: "the interval that upkeep begins with",
    Origin.UNKNOWN: "the current interval",
}
_SITE = ("SITE, next treatment, clinic requirement 37", "P")
