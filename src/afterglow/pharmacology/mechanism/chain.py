"""From a level at the effect site to the synaptic pool: channel block, glutamate, trophic signal, synapses.

Time is in hours from the start of a session or of a course. Arrays are (n_times,) for one person or
(n_times, n_patients).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.effects.follow import follow
from afterglow.terms import InvalidInput, build_error

NODES_H = (
    0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0, 22.0, 24.0, 27.0,
    30.0, 33.0, 36.0, 42.0, 48.0,
)  # fmt: skip
HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """S-ketamine at the effect site over one session, from its start until it has faded.

    `hours` has shape (k,) and rises from 0; `ce_ng_per_ml` has shape (k,) or (k, n).
    """

    hours: FloatArray
    ce_ng_per_ml: FloatArray


@dataclass(frozen=True, slots=True)
class Signal:
    """The trophic signal (BDNF, TrkB, mTORC1) one session sets off: values at `hours`, zero before and after."""

    hours: FloatArray
    trophic: FloatArray


@dataclass(frozen=True, slots=True)
class PoolRates:
    """How synapses form and fade: per hour, numbers or arrays of shape (n,)."""

    formed_per_h: float | FloatArray
    lost_per_h: float | FloatArray
    consolidated_per_h: float | FloatArray
    forgotten_per_h: float | FloatArray


@dataclass(frozen=True, slots=True)
class Pools:
    """New synapses, consolidated synapses and the trophic signal at `hours`: each (n_times, n)."""

    hours: FloatArray
    new: FloatArray
    consolidated: FloatArray
    trophic: FloatArray


def calculate_signal(
    exposure: Exposure, *, ec50_ng_per_ml: float | FloatArray, glutamate_half_life_h: float, trophic_half_life_h: float
) -> Signal:
    """Return the trophic signal that one session sets off.

    Notes
    -----
    G' = kG (Ce/(EC50 + Ce) - G), B' = kB (G - B); both exact for a driver linear between the given times, so
    the times must be as dense as the level is steep (a minute or two during dosing).

    Raises
    ------
    InvalidInput
        Times that do not rise from zero, or a level that is negative or not finite.
    """
    hours, ce = _check(exposure)
    tail = np.asarray([hour for hour in NODES_H if hour > hours[-1]])
    block = ce / (ec50_ng_per_ml + ce)
    if tail.size:
        fine = np.arange(hours[-1], tail[-1] + 0.05, 0.1)[1:]
        block = np.concatenate([block, np.zeros((fine.size, *block.shape[1:]))])
        hours = np.concatenate([hours, fine])
    glutamate = follow(hours, block, np.log(2) / glutamate_half_life_h)
    trophic = follow(hours, glutamate, np.log(2) / trophic_half_life_h)
    nodes = np.asarray(NODES_H)
    return Signal(nodes, _interpolate(nodes, hours, trophic))


def run_pools(starts_h: Sequence[float], signals: Sequence[Signal], rates: PoolRates, at_h: FloatArray) -> Pools:
    """Return the synaptic pools of a course at the asked hours.

    Parameters
    ----------
    starts_h : sequence of float
        When each session starts, hours from the start of the course.
    signals : sequence of Signal
        What each session sets off; signals of overlapping sessions add.
    rates : PoolRates
        Numbers, or arrays of shape (n,).
    at_h : ndarray, shape (m,)
        Rising hours at which the pools are wanted; 0 or more.

    Returns
    -------
    pools : Pools, each array (m, n)

    Notes
    -----
    N' = a B - kN N, M' = kc N - kM M, by exponential steps between the signal's nodes and the asked hours, with
    the driver linear within a step and no step longer than a day.
    """
    grid = _build_grid(starts_h, at_h)
    trophic = np.zeros(grid.shape)
    for start, signal in zip(starts_h, signals, strict=True):
        part = _interpolate(grid - start, signal.hours, signal.trophic)
        trophic = trophic[:, None] + part if trophic.ndim < part.ndim else trophic + part
    width = np.broadcast(np.asarray(rates.lost_per_h), np.asarray(rates.formed_per_h), trophic[0]).shape or (1,)
    trophic = np.broadcast_to(trophic if trophic.ndim == 2 else trophic[:, None], (grid.size, *width))
    gain = rates.formed_per_h / rates.lost_per_h
    new = follow(grid, np.ascontiguousarray(trophic * gain), rates.lost_per_h)
    kept = follow(grid, new * (rates.consolidated_per_h / rates.forgotten_per_h), rates.forgotten_per_h)
    rows = np.searchsorted(grid, at_h)
    return Pools(np.asarray(at_h, dtype=np.float64), new[rows], kept[rows], trophic[rows])


def _build_grid(starts_h: Sequence[float], at_h: FloatArray) -> FloatArray:
    last = float(np.max(at_h))
    points = [np.asarray(at_h, dtype=np.float64), np.arange(0.0, last, HOURS_PER_DAY)]
    points += [start + np.asarray(NODES_H) for start in starts_h]
    grid = np.unique(np.concatenate(points))
    return grid[grid <= last]


def _interpolate(at: FloatArray, hours: FloatArray, values: FloatArray) -> FloatArray:
    """Return values at `at`, linear between `hours`, zero outside."""
    if values.ndim == 1:
        return np.interp(at, hours, values, left=0.0, right=0.0)
    place = np.clip(np.searchsorted(hours, at, side="right") - 1, 0, hours.size - 2)
    share = ((at - hours[place]) / (hours[place + 1] - hours[place]))[:, None]
    inside = ((at >= hours[0]) & (at <= hours[-1]))[:, None]
    return np.where(inside, values[place] * (1 - share) + values[place + 1] * share, 0.0)


def _check(exposure: Exposure) -> tuple[FloatArray, FloatArray]:
    hours = np.asarray(exposure.hours, dtype=np.float64)
    ce = np.asarray(exposure.ce_ng_per_ml, dtype=np.float64)
    problems = []
    if hours.size < 2 or hours[0] != 0 or not np.all(np.diff(hours) > 0):
        text = "The hours of a session rise from 0."
        problems.append(build_error("exposure.hours", "not-rising", list(hours[:3]), "rising from 0", text))
    if not np.all(np.isfinite(ce)) or np.any(ce < -1e-9):
        text = "The level at the effect site must be finite and not below zero."
        problems.append(build_error("exposure.ce_ng_per_ml", "out-of-range", None, "0 or more", text))
    if ce.shape[:1] != hours.shape:
        text = "There must be one level per hour given."
        problems.append(build_error("exposure.ce_ng_per_ml", "shape", ce.shape, f"({hours.size}, ...)", text))
    if problems:
        raise InvalidInput(problems)
    return hours, np.maximum(ce, 0.0)
