"""What an instrument is made of: items, scores, bands, alerts, rights.

Wording comes from content packs, never from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from afterglow.terms import Citation, Coding


class Mode(StrEnum):
    """What the product may carry of an instrument."""

    SHIP = "ship"
    SHIP_TERMS = "ship-terms"
    STRUCTURE = "structure"
    TOTAL = "total"


class Direction(StrEnum):
    """Which way a score gets better."""

    LOWER_IS_BETTER = "lower-is-better"
    HIGHER_IS_BETTER = "higher-is-better"


class Role(StrEnum):
    """Where a score that is not the total is shown: as a subscale, as the outcome of a screen, or not at all."""

    SUBSCALE = "subscale"
    SCREEN = "screen"
    WORKING = "working"


class Operation(StrEnum):
    """How a score is made from items or from other scores."""

    SUM = "sum"
    MEAN = "mean"
    SUM_OF_MAXIMA = "sum-of-maxima"
    COUNT = "count"
    RULES = "rules"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: the number it scores and our own label for it."""

    value: Decimal
    label: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item: our concept label, its answers or its range, and when it is asked.

    `asked_when` is a condition over item ids; where it is false the item counts as answered
    with `skipped_as`, and an answer is a contradiction. `may_skip_when` is the mild form: where it
    is true an absent answer counts as `skipped_as`, and an answer is welcome.
    `not_applicable_as` is the value of an explicit "not applicable". An optional item may stay
    unanswered in a complete form.
    """

    id: str
    label: str
    answers: tuple[Answer, ...]
    minimum: Decimal
    maximum: Decimal
    step: Decimal
    is_reversed: bool
    weight: Decimal
    asked_when: Mapping[str, Any] | None
    may_skip_when: Mapping[str, Any] | None
    skipped_as: Decimal | None
    not_applicable_as: Decimal | None
    is_optional: bool
    code: Coding | None


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """One line of a score made by rules: the first whose condition holds gives the value."""

    value: str
    when: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class ScoreDefinition:
    """One score: operation, what it reads, and how it treats missing items.

    `counts_from` gives, for each item of a count, the value from which it counts.

    `min_answered` items must be answered; the rest take the mean of the answered ones when
    `imputes` is true, except those in `never_impute`, whose absence leaves no score.
    """

    id: str
    title: str
    role: Role
    operation: Operation
    items: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    counts_from: Mapping[str, Decimal]
    factor: Decimal
    min_answered: int
    imputes: bool
    never_impute: frozenset[str]
    outcomes: tuple[RuleOutcome, ...]
    code: Coding | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class Band:
    """A named range of a score, both ends included: a label of a score, not a diagnosis."""

    score: str
    lowest: Decimal
    highest: Decimal
    label: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class AlertRule:
    """An alert: read from the answers as they stand, so that an unfinished form still alerts.

    `must_screen` marks the suicide items: where the answer is not known, the result says so.
    `covered_by` names the stricter rows of one triage: while one of them speaks this row does not.
    """

    code: str
    level: str
    title: str
    when: Mapping[str, Any]
    must_screen: bool
    citation: Citation
    covered_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that the clinic may choose within limits; conditions read it as `setting.NAME`."""

    name: str
    title: str
    value: Decimal
    minimum: Decimal
    maximum: Decimal
    citation: Citation


@dataclass(frozen=True, slots=True)
class Threshold:
    """One outcome rule of an instrument, such as response at a 50 % drop; `setting` names the setting behind it."""

    kind: str
    value: Decimal
    setting: str | None
    citation: Citation


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose text it is and what may be done with it."""

    owner: str
    terms: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Instrument:
    """One definition, complete but for its wording."""

    id: str
    version: str
    title: str
    measures: str
    rater: str
    recall: str
    mode: Mode
    direction: Direction
    items: tuple[Item, ...]
    alternatives: tuple[frozenset[str], ...]
    scores: tuple[ScoreDefinition, ...]
    total: str | None
    accepts_total: bool
    total_minimum: Decimal
    total_maximum: Decimal
    # between two totals of a form whose items are not carried
    total_step: Decimal
    bands: tuple[Band, ...]
    alerts: tuple[AlertRule, ...]
    settings: Mapping[str, Setting]
    thresholds: Mapping[str, Threshold]
    rights: Rights
    panel: Coding | None
    code: Coding | None
    citation: Citation
    notes: tuple[str, ...]
    # why a score can lie between two bands; empty where none can
    between_bands: str = ""

    def find_item(self, item_id: str) -> Item | None:
        """Return the item of that id, or None."""
        return next((item for item in self.items if item.id == item_id), None)

    def find_band(self, score_id: str, value: Decimal) -> str | None:
        """Return the label of the band that holds a score, or None outside all of them.

        Where the source bands whole numbers and the score is a mean, a value between two bands says that it lies
        there, as the definition declares: the source puts it into neither.
        """
        mine = [band for band in self.bands if band.score == score_id]
        held = next((band for band in mine if band.lowest <= value <= band.highest), None)
        if held is not None:
            return held.label
        below = max((band for band in mine if band.highest < value), key=lambda band: band.highest, default=None)
        above = min((band for band in mine if band.lowest > value), key=lambda band: band.lowest, default=None)
        if below is None or above is None or not self.between_bands:
            return None
        return f"between {below.label} and {above.label}"

    @property
    def needs_pack(self) -> bool:
        """Whether a patient may see this form only in the wording of an installed pack."""
        return self.rater == "self" and bool(self.items) and self.rights.owner != "Generic"


@dataclass(frozen=True, slots=True)
class ScoreAlert:
    """An alert that the answers raised."""

    code: str
    level: str
    title: str

    def to_json(self) -> dict[str, str]:
        """Return the alert with its published keys."""
        return {"code": self.code, "level": self.level, "title": self.title}


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """What the answers came to. `total` is None with a `reason` when it cannot be computed; never 0 instead.

    `screens` holds outcomes of rules, such as a positive screen; `not_screened` names the suicide
    alerts whose answer is not known: ask in person. `covered` holds alerts met beside a stricter row of their
    triage, where the first that matches counts; they are no alerts while that one stands.
    """

    instrument: str
    version: str
    total: Decimal | None
    complete: bool
    prorated: bool
    band: str | None
    subscales: Mapping[str, Decimal | str | None]
    alerts: tuple[ScoreAlert, ...]
    reason: str | None
    missing: tuple[str, ...] = ()
    subscale_bands: Mapping[str, str] = field(default_factory=dict)
    screens: Mapping[str, Decimal | str | None] = field(default_factory=dict)
    not_screened: tuple[str, ...] = ()
    covered: tuple[ScoreAlert, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the result with the published keys; numbers stay exact decimals for the writer to render."""
        return {
            "instrument": self.instrument,
            "version": self.version,
            "total": self.total,
            "complete": self.complete,
            "prorated": self.prorated,
            "band": self.band,
            "subscales": dict(self.subscales),
            "alerts": [alert.to_json() for alert in self.alerts],
            "reason": self.reason,
            "missing": list(self.missing),
            "subscale_bands": dict(self.subscale_bands),
            "screens": dict(self.screens),
            "not_screened": list(self.not_screened),
        }
