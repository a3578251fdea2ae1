"""Geometry: where a minute and a value lie. Ranges grow in whole steps, so that live axes do not jump."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor

WIDTH = 728
LEFT = 40.0
RIGHT = 650.0
TOP = 40.0
LEAD_MIN = 6.0


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the lanes stand: their edges, titles and text rows; `band` is the folded lane of predictions."""

    height: int
    bottom: float
    bp_bottom: float
    spo2: tuple[float, float]
    cadss: tuple[float, float]
    titles: tuple[float, float, float]
    rows: tuple[float, float]
    ticks: float
    band: tuple[float, float] | None = None


MEASURED = Layout(440, 412.0, 232.0, (256.0, 312.0), (332.0, 372.0), (33, 250, 328), (390.0, 406.0), 430.0)
FOLDED = Layout(
    446, 376.0, 212.0, (236.0, 282.0), (302.0, 337.0), (33, 230, 297), (357.0, 372.0), 440.0, band=(380.0, 426.0)
)


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Minutes from the anchor to x; earlier values than `first` stand at the left edge."""

    first: float
    last: float

    def x(self, minute: float) -> float:
        """Return the x of a minute, held inside the lanes."""
        share = (min(max(minute, self.first), self.last) - self.first) / (self.last - self.first)
        return LEFT + share * (RIGHT - LEFT)


@dataclass(frozen=True, slots=True)
class Lane:
    """Values to y between `top` (for `high`) and `bottom` (for `low`); outliers stay on the edge."""

    top: float
    bottom: float
    low: float
    high: float

    def y(self, value: float) -> float:
        """Return the y of a value, held inside the lane."""
        share = (self.high - min(max(value, self.low), self.high)) / (self.high - self.low)
        return self.top + share * (self.bottom - self.top)


def build_time_axis(now_minute: float, horizon_min: float, earliest: float) -> TimeAxis:
    """Return the axis of the plan; it grows by half hours when the session outlasts it."""
    last = horizon_min
    while now_minute > last - 2:
        last += 30
    first = -LEAD_MIN if earliest >= -LEAD_MIN else -15.0 * ceil(min(-earliest, 60) / 15.0)
    return TimeAxis(first, last)


def build_pressure_lane(values: Iterable[float], layout: Layout = MEASURED) -> Lane:
    """Return the lane shared by pressure and heart rate: 40 to 185, wider in steps of 20."""
    seen = list(values)
    high = 185.0
    while seen and max(seen) > high:
        high += 20
    low = 40.0 if not seen or min(seen) >= 40 else 20.0 * floor(min(seen) / 20.0)
    return Lane(TOP, layout.bp_bottom, low, high)


def build_spo2_lane(values: Iterable[float], layout: Layout = MEASURED) -> Lane:
    """Return the saturation lane: 88 to 100, deeper in steps of 10."""
    seen = list(values)
    low = 88.0
    while seen and min(seen) < low and low > 40:
        low -= 10
    return Lane(*layout.spo2, low, 100.0)


def build_cadss_lane(layout: Layout = MEASURED) -> Lane:
    """Return the dissociation lane, 0 to 24."""
    return Lane(*layout.cadss, 0.0, 24.0)


def choose_tick_step(axis: TimeAxis) -> int:
    """Return the minutes between labels: as dense as stays readable."""
    span = axis.last - axis.first
    return next((step for step in (10, 15, 20, 30, 60) if span / step <= 12), 120)
