"""Uptake that depends on the level reached: made into pieces of constant uptake, so that the rest stays exact."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology.linear.solver import solve
from afterglow.pharmacology.linear.system import Input, LinearSystem
from afterglow.pharmacology.models.expressions import Expression
from afterglow.pharmacology.models.model import Model, Route
from afterglow.pharmacology.regimen import Dose
from afterglow.terms import InvalidInput, build_error

FIRST_PIECE_H, LONGEST_PIECE_H, GROWTH = 5.0 / 3600.0, 40.0 / 3600.0, 1.15
MOST_PIECES = 2000
MOST_ROUNDS = 60
AGREED = 1e-9


def build_uptake_inputs(
    model: Model,
    how: Route,
    doses: Sequence[Dose],
    symbols: Sequence[Mapping[str, Any]],
    local: LinearSystem,
    places: Mapping[str, int],
) -> list[Input]:
    """Return the inputs of a route whose uptake formula names the plasma `level` (ng/mL of ketamine).

    Parameters
    ----------
    model, how : Model, Route
        The route's `uptake` is the share of what arrives that is taken up at a level.
    doses : sequence of Dose
        Each over a time above zero.
    symbols : sequence of mapping
        Individual parameters by occasion, shape (n,) each.
    local : LinearSystem
        The compartments alone, with the output `ketamine` in mg/L.
    places : mapping of compartment name to index in `local`

    Returns
    -------
    inputs : list of Input
        Zero-order pieces of at most 40 s, each with the uptake at the level of its middle.

    Raises
    ------
    InvalidInput
        A dose has no duration or is given over very long, or the pieces do not settle.

    Notes
    -----
    The level depends on the uptake and the uptake on the level: repeated substitution, which converges since a piece
    acts on later ones only. The error of constant pieces is of second order in their length.
    """
    pieces = [piece for dose in doses for piece in _cut(dose)]
    if len(pieces) > MOST_PIECES:
        accepted = f"at most {MOST_PIECES * LONGEST_PIECE_H:.3g} h of inhalation in all"
        raise InvalidInput([build_error("dose", "inhalation-too-long", len(pieces), accepted, "too much inhalation")])
    if how.uptake is None:
        return []
    middles = np.array([piece.start_h + 0.5 * (piece.duration_h or 0.0) for piece in pieces])
    levels: FloatArray = np.zeros((len(pieces), local.n))
    for _ in range(MOST_ROUNDS):
        inputs = _build_round(how, how.uptake, pieces, symbols, levels, places)
        found = solve(local, inputs, middles, engine="plain").values["ketamine"] * NG_PER_ML_PER_MG_PER_L
        if np.max(np.abs(found - levels)) <= AGREED * max(1.0, float(np.max(found))):
            return inputs
        levels = found
    message = f"the uptake of {model.id} does not settle for these doses"
    raise InvalidInput([build_error("dose", "uptake-not-settled", model.id, "a lower dose", message)])


def _cut(dose: Dose) -> list[Dose]:
    if dose.duration_h is None:
        message = "an inhaled dose needs the time over which it is inhaled"
        raise InvalidInput([build_error("dose", "duration-missing", dose.start_h, "/20min", message)])
    edges = dose.start_h + _grade_pieces(dose.duration_h)
    lengths = np.diff(edges).tolist()
    return [
        replace(dose, amount_mg=dose.amount_mg * length / dose.duration_h, start_h=start, duration_h=length)
        for start, length in zip(edges[:-1].tolist(), lengths, strict=True)
    ]


def _grade_pieces(duration_h: float) -> FloatArray:
    """Return the edges of the pieces from 0: short at first, where the level rises steeply, then of equal length."""
    lengths = [FIRST_PIECE_H]
    while sum(lengths) < duration_h and len(lengths) <= MOST_PIECES:
        lengths.append(min(lengths[-1] * GROWTH, LONGEST_PIECE_H))
    edges = np.concatenate([[0.0], np.cumsum(lengths)])
    return np.asarray(edges * (duration_h / edges[-1]), dtype=np.float64)


def _build_round(
    how: Route,
    share: Expression,
    pieces: Sequence[Dose],
    symbols: Sequence[Mapping[str, Any]],
    levels: FloatArray,
    places: Mapping[str, int],
) -> list[Input]:
    inputs = []
    for piece, level in zip(pieces, levels, strict=True):
        known = {
            **symbols[min(piece.occasion, len(symbols) - 1)],
            "dose_mg": piece.amount_mg,
            "device": float(piece.device),
            "session_mg": piece.session_mg,
            "level": np.maximum(level, 0.0),
        }
        uptake = share.evaluate(known)
        for rule in how.rules:
            amount = piece.amount_mg * rule.fraction.evaluate(known) * uptake
            inputs.append(Input(places[rule.into], piece.start_h, piece.duration_h or 0.0, amount))
    return inputs
