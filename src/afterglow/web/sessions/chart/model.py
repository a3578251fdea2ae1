"""What the timeline shows: measured points, marks of the session, limits with their words. No drawing here."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Point:
    """One measured value at a minute from the anchor."""

    minute: float
    value: float
    at: str = ""


@dataclass(frozen=True, slots=True)
class Pressure:
    """One blood pressure; `is_hot` marks the reading behind an alarm, in the colour of its priority."""

    minute: float
    systolic: float
    diastolic: float
    is_hot: bool = False
    at: str = ""
    priority: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """A figure or a word in a text row, such as a counted respiration or `missed`."""

    minute: float
    text: str
    is_missed: bool = False
    at: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line across all lanes: start, pause, device, planned end."""

    minute: float
    text: str
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit with the action written on it; `band` shades the side that asks for the act."""

    lane: str
    value: float
    text: str
    band: str = ""


@dataclass(frozen=True, slots=True)
class Forecast:
    """The folded lane of a prediction: the ends of two bands over minutes, their words; or why there is none."""

    minutes: tuple[float, ...] = ()
    level: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    score: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    level_words: str = ""
    score_words: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Everything drawn. Minutes count from the anchor (the start, or now before it)."""

    anchor_at: datetime | None
    now_minute: float
    horizon_min: float
    anchor_label: str = ""
    now_label: str = ""
    note: str = ""
    pressures: tuple[Pressure, ...] = ()
    heart: tuple[Point, ...] = ()
    spo2: tuple[Point, ...] = ()
    cadss: tuple[Point, ...] = ()
    resp: tuple[Word, ...] = ()
    sedation: tuple[Word, ...] = ()
    marks: tuple[Mark, ...] = ()
    limits: tuple[Limit, ...] = field(default_factory=tuple)
    forecast: Forecast | None = None
