"""The declared loss of an interval: days unwell, severity, visits, reactions and exposure, per 28 days."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import isfinite

from afterglow.outcomes.forecast.parameters import ForecastParameter, read_parameters
from afterglow.terms import Citation, Grade, InvalidInput, build_error

VISIT_COSTS = ("low", "middle", "high")
PER_DAYS = 28.0
_EDITABLE = {
    "unwell_day": 10.0, "severity_day": 10.0, "visit_low": 28.0, "visit_middle": 28.0, "visit_high": 28.0,
    "adverse_event": 365.0, "adverse_per_session": 1.0, "exposure_per_session": 28.0,
}  # fmt: skip
# without a weight on being unwell the sum counts visits alone, and the longest interval is always the least loss
_ABOVE_ZERO = {"unwell_day"}


@dataclass(frozen=True, slots=True)
class Loss:
    """The weights in force by name, with source and grade; those a clinic changed are its own policy."""

    parameters: Mapping[str, ForecastParameter]
    edited: tuple[str, ...] = ()

    def get(self, name: str) -> float:
        """Return a weight."""
        return self.parameters[name].value

    def get_visit_cost(self, which: str) -> float:
        """Return what one visit costs, in days unwell, and for each of `VISIT_COSTS`."""
        return self.parameters[f"visit_{which}"].value

    def list_weights(self) -> tuple[ForecastParameter, ...]:
        """Return what can be edited, in a fixed order."""
        return tuple(self.parameters[name] for name in _EDITABLE)


@cache
def load_loss() -> Loss:
    """Return the packaged loss."""
    return Loss(
        read_parameters(files("afterglow.outcomes.next_treatment").joinpath("data", "loss.toml").read_text("utf-8"))
    )


def describe_range(name: str) -> str:
    """Return in words what a weight may be."""
    return f"{'above 0, up to' if name in _ABOVE_ZERO else '0 to'} {_EDITABLE[name]:g}"


def list_intervals_d() -> tuple[int, ...]:
    """Return the packaged list of intervals, in days."""
    return tuple(int(one.value) for name, one in load_loss().parameters.items() if name.startswith("step_"))


def edit_loss(changes: Mapping[str, object], loss: Loss | None = None) -> Loss:
    """Return the loss with weights replaced by name; refuse unknown names, and visit costs that do not rise.

    Raises
    ------
    InvalidInput
        A name that is no weight (revenue is none), or a number outside its range.

    Notes
    -----
    A weight that differs from the packaged one is the clinic's own policy and cites no other source; one that is given
    its packaged value is not edited.
    """
    packaged = load_loss().parameters
    loss = loss or load_loss()
    problems, kept = [], dict(loss.parameters)
    for name, value in changes.items():
        path = f"loss.{name}"
        if name not in _EDITABLE:
            text = f"{name!r} is no part of the loss."
            problems.append(build_error(path, "unknown-name", str(name)[:80], ", ".join(_EDITABLE), text))
            continue
        top = _EDITABLE[name]
        number = _read_number(value)
        if not (isfinite(number) and 0.0 <= number <= top) or (name in _ABOVE_ZERO and number == 0.0):
            shown = f"{value:g}" if isinstance(value, float) else str(value)[:40]
            text = f"This weight cannot be {shown}."
            problems.append(build_error(path, "out-of-range", shown, describe_range(name), text))
            continue
        kept[name] = packaged[name] if number == packaged[name].value else _make_own(packaged[name], number)
    costs = [kept[f"visit_{which}"].value for which in VISIT_COSTS]
    if not problems and not costs[0] < costs[1] < costs[2]:
        text = "The three visit costs must rise."
        problems.append(build_error("loss.visit_middle", "not-rising", str(costs), "low < middle < high", text))
    if problems:
        raise InvalidInput(problems)
    return Loss(kept, tuple(sorted(name for name in _EDITABLE if kept[name].value != packaged[name].value)))


def _make_own(default: ForecastParameter, value: float) -> ForecastParameter:
    """Return a weight of the clinic: its own policy, with the default that it takes the place of."""
    was = f"the default is {default.value:g} ({default.citation.text}; {default.citation.grade})"
    cited = Citation("SITE", f"the clinic's own weight; {was}", Grade.P)
    return replace(default, value=value, citation=cited, note="Changed by the clinic.")


def _read_number(value: object) -> float:
    """Return a number as a float; nan for anything else."""
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")
    except OverflowError:
        return float("nan")
