"""How much a nurse has to do through a day, and where that passes the limit.

Pre-checks and dosing count whole, observing counts half; the weights and the limit are rows of `booking.toml` (N-2).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

from afterglow.clinicday.booking import Asked, Day, Names, Spans, build_cleared, build_finding, get_value
from afterglow.terms import Finding


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time with the same load."""

    begins_at: datetime
    ends_at: datetime
    load: Decimal


def get_limit() -> Decimal:
    """Return the most that one nurse may have."""
    return Decimal(get_value("load_limit").value)


def list_parts(spans: Spans) -> tuple[tuple[datetime, datetime, Decimal], ...]:
    """Return the parts of a visit with what each asks of a nurse."""
    if spans.dose_at is None or spans.dose_ends_at is None:
        return ((spans.starts_at, spans.ends_at, _weigh("load_other")),)
    return (
        (spans.starts_at, spans.dose_at, _weigh("load_pre_checks")),
        (spans.dose_at, spans.dose_ends_at, _weigh("load_dosing")),
        (spans.dose_ends_at, spans.ends_at, _weigh("load_observing")),
    )


def calculate_load(visits: Iterable[Spans]) -> list[Step]:
    """Return the load of one nurse over their visits: steps in order, from the first arrival to the last leaving."""
    changes: dict[datetime, Decimal] = {}
    for spans in visits:
        for begins_at, ends_at, weight in list_parts(spans):
            if begins_at == ends_at:
                continue
            changes[begins_at] = changes.get(begins_at, Decimal(0)) + weight
            changes[ends_at] = changes.get(ends_at, Decimal(0)) - weight
    steps: list[Step] = []
    load = Decimal(0)
    instants = sorted(changes)
    for at, until in pairwise(instants):
        load += changes[at]
        if steps and steps[-1].load == load:
            steps[-1] = Step(steps[-1].begins_at, until, load)
        else:
            steps.append(Step(at, until, load))
    return steps


def find_most(steps: Iterable[Step], begins_at: datetime | None = None, ends_at: datetime | None = None) -> Decimal:
    """Return the highest load, of all steps or of those that share an instant with a time."""
    return max(
        (
            step.load
            for step in steps
            if (ends_at is None or step.begins_at < ends_at) and (begins_at is None or step.ends_at > begins_at)
        ),
        default=Decimal(0),
    )


def find_overload(steps: Sequence[Step], limit: Decimal) -> tuple[datetime, datetime, Decimal] | None:
    """Return the first stretch above the limit with its highest load, or None."""
    above = [step for step in steps if step.load > limit]
    if not above:
        return None
    first, last = above[0], above[0]
    for step in above[1:]:
        if step.begins_at != last.ends_at:
            break
        last = step
    joined = [step for step in above if first.begins_at <= step.begins_at < last.ends_at]
    return first.begins_at, last.ends_at, max(step.load for step in joined)


def list_visits(day: Day, nurse: str, *, ignoring: str = "") -> list[Spans]:
    """Return the visits of a nurse on a day."""
    return [held.spans for held in day.held if held.nurse == nurse and held.id != ignoring]


def judge_nurse(day: Day, asked: Asked, names: Names) -> list[Finding]:
    """N-1, N-2: a dosing visit has a named nurse, and nobody has more than the limit."""
    if not asked.nurse:
        return [build_finding("N-1", "No nurse named", "one named nurse for each chair")] if asked.is_dosing else []
    limit = get_limit()
    steps = calculate_load([*list_visits(day, asked.nurse, ignoring=asked.ignoring), asked.spans])
    own = [step for step in steps if asked.spans.overlaps(step.begins_at, step.ends_at)]
    who = names.users.get(asked.nurse, "")
    over = find_overload(own, limit)
    if over is None:
        most = show(find_most(own))
        return [build_cleared("N-2", f"{who} has at most {most}", "with this visit", f"at most {show(limit)}")]
    begins_at, ends_at, load = over
    seen = f"{who} would have {show(load)}, {names.span(begins_at, ends_at)}"
    return [build_finding("N-2", seen, f"at most {show(limit)}", measure=load, about=asked.nurse)]


def show(load: Decimal) -> str:
    """Return a load without zeros after the point."""
    return f"{load.normalize():f}"


def _weigh(name: str) -> Decimal:
    return Decimal(get_value(name).value)
