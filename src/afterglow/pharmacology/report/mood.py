"""The mechanism beside its calibration targets: what the fit wrote down, and the same computed again."""

from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology.mechanism import LeftOut, Target, list_left_out, list_targets, load_population
from afterglow.pharmacology.mechanism.targets import (
    FAR,
    NEAR,
    Shown,
    list_shown,
    load_rows,
    predict_difference,
    predict_rows,
)


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target with its prediction now and its distance in combined standard errors."""

    target: Target
    engine: float

    @property
    def z(self) -> float:
        """The engine's figure less the printed one, in combined standard errors."""
        return (self.engine - self.target.value) / self.target.combined_error

    @property
    def printed_z(self) -> float:
        """The same in the printed standard error alone."""
        return (self.engine - self.target.value) / self.target.standard_error

    @property
    def is_met(self) -> bool:
        """Whether the prediction lies within two combined standard errors."""
        return abs(self.z) <= NEAR

    @property
    def drift(self) -> float:
        """How far the prediction moved since the fit wrote it down, in combined standard errors."""
        return abs(self.engine - self.target.predicted) / self.target.combined_error


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A printed difference between two arms that the fit did not use, with the engine's."""

    shown: Shown
    engine: float


@dataclass(frozen=True, slots=True)
class Mood:
    """Every target, what was left out, what is shown without having been fitted, and the sums."""

    n: int
    seed: int
    rows: tuple[TargetRow, ...]
    left_out: tuple[LeftOut, ...]
    shown: tuple[ShownRow, ...]

    @property
    def met(self) -> int:
        """How many rows are within two combined standard errors."""
        return sum(row.is_met for row in self.rows)

    @property
    def met_when_left_out(self) -> int:
        """How many rows stay within two when the row's whole study is left out of the fit (by one linear step)."""
        return sum(abs(row.target.left_out_z) <= NEAR for row in self.rows)

    @property
    def far(self) -> int:
        """How many rows are beyond four."""
        return sum(abs(row.z) > FAR for row in self.rows)

    @property
    def mean_square(self) -> float:
        """The mean of z squared; about 1 would be as good as the printed errors allow."""
        return float(np.mean([row.z**2 for row in self.rows]))

    @property
    def met_by_printed(self) -> int:
        """How many rows are within two printed standard errors, nothing assumed on top of them."""
        return sum(abs(row.printed_z) <= NEAR for row in self.rows)

    @property
    def printed_mean_square(self) -> float:
        """The mean of z squared by the printed errors alone."""
        return float(np.mean([row.printed_z**2 for row in self.rows]))

    @property
    def largest_drift(self) -> float:
        """The largest distance between this run and the one the fit wrote down."""
        return max(row.drift for row in self.rows)


def compare_mood(n: int, seed: int) -> Mood:
    """Return the mechanism's predictions for every calibration target, with `n` virtual people per arm."""
    predicted = predict_rows(load_population(), n, seed)
    by_id = dict(zip([row.id for row in load_rows()], predicted.tolist(), strict=True))
    rows = tuple(TargetRow(target, by_id[target.id]) for target in list_targets())
    shown = tuple(ShownRow(one, predict_difference(one, load_population(), n, seed)) for one in list_shown())
    return Mood(n, seed, rows, list_left_out(), shown)
