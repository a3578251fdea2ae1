"""Populations too large to hold: people are drawn and solved in blocks, only their summary is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L
from afterglow.pharmacology.linear import Input, LinearSystem, Summary, summarise
from afterglow.pharmacology.simulate import DEFAULT_SEED, Request, build_times, prepare_people
from afterglow.terms import InvalidInput, build_error

BLOCK = 4096
MOST_STREAMED = 100_000_000


def summarise_population(
    request: Request,
    *,
    levels: Sequence[float] = (0.05, 0.5, 0.95),
    thresholds_ng_per_ml: Mapping[str, Sequence[float]] | None = None,
) -> Summary:
    """Return quantiles by time, exceedance and exposure of a drawn population of any size.

    Parameters
    ----------
    request : Request
        `n` people of one model (no mixture, no ensemble); effects are not followed.
    levels : sequence of float
        Quantiles wanted, 0 to 1.
    thresholds_ng_per_ml : mapping of analyte to numbers, optional
        Whose exceedance is wanted.

    Returns
    -------
    summary : Summary
        In mg/L (ng/mL = 1000 x); memory does not grow with `n`. Blocks have seeds of their own, so the same request
        and seed give the same bytes for any number of threads.

    Raises
    ------
    InvalidInput
        As `simulate`; also without `n`, with an ensemble, or with a mixture.
    """
    n = request.n
    if n is None or not 1 <= n <= MOST_STREAMED or request.subjects is not None:
        message = "a streamed population needs its number of people"
        raise InvalidInput([build_error("n", "n-out-of-range", n, f"1 to {MOST_STREAMED}", message)])
    marks = {
        name: tuple(value / NG_PER_ML_PER_MG_PER_L for value in values)
        for name, values in (thresholds_ng_per_ml or {}).items()
    }
    return summarise(
        _iterate_blocks(request, n),
        build_times(request),
        levels=levels,
        thresholds=marks,
        engine=request.engine,
        threads=request.threads,
    )


def _iterate_blocks(request: Request, n: int) -> Iterator[tuple[LinearSystem, Sequence[Input]]]:
    root = np.random.SeedSequence(DEFAULT_SEED if request.seed is None else request.seed)
    for stream, first in zip(root.spawn(-(-n // BLOCK)), range(0, n, BLOCK), strict=True):
        kinetics = prepare_people(replace(request, n=min(BLOCK, n - first)), stream)
        yield kinetics.system, kinetics.inputs
