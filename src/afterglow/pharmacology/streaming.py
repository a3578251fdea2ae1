"""Populations too large to hold: people are drawn and solved in blocks, only their summary is kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from afterglow.pharmacology._types import NG_PER_ML_PER_MG_PER_L, FloatArray
from afterglow.pharmacology._values import is_whole, show_value
from afterglow.pharmacology.linear import Input, LinearSystem, Summary, summarise
from afterglow.pharmacology.models.catalogue import choose_model, find_mixture
from afterglow.pharmacology.models.ranges import find_studied, list_early
from afterglow.pharmacology.regimen import build_regimen
from afterglow.pharmacology.simulate import DEFAULT_SEED, Request, build_times, check_request, prepare_people
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
        In mg/L (ng/mL = 1000 x); after a bolus Cmax is read from the first studied minute on, of the asked times;
        memory does not grow with `n`. Blocks have seeds of their own, so the same request
        and seed give the same bytes for any number of threads.

    Raises
    ------
    InvalidInput
        As `simulate`; also without `n`, with an ensemble, or with a mixture.
    """
    n = request.n
    if n is None or not is_whole(n, 1, MOST_STREAMED) or request.subjects is not None:
        message = "a streamed population needs its number of people"
        raise InvalidInput([build_error("n", "n-out-of-range", show_value(n), f"1 to {MOST_STREAMED}", message)])
    marks = {
        name: tuple(value / NG_PER_ML_PER_MG_PER_L for value in values)
        for name, values in (thresholds_ng_per_ml or {}).items()
    }
    check_request(replace(request, n=min(n, BLOCK)))
    times = build_times(request)
    return summarise(
        _iterate_blocks(request, n),
        times,
        peak_at=_find_peak_times(request, times),
        levels=levels,
        thresholds=marks,
        engine=request.engine,
        threads=request.threads,
    )


def _find_peak_times(request: Request, times: FloatArray) -> NDArray[np.bool_] | None:
    """Return the times a peak is read from, as `simulate` reads it: none sooner after a bolus than was studied."""
    if find_mixture(request.model) is not None:
        return None
    doses, _ = build_regimen(request.doses, drug=request.drug, route=request.route, weight_kg=70.0)
    model = choose_model(request.drug, request.route, request.model)
    return find_studied(times, list_early(model, doses, request.route, request.until_h))


def _iterate_blocks(request: Request, n: int) -> Iterator[tuple[LinearSystem, Sequence[Input]]]:
    root = np.random.SeedSequence(DEFAULT_SEED if request.seed is None else request.seed)
    for stream, first in zip(root.spawn(-(-n // BLOCK)), range(0, n, BLOCK), strict=True):
        kinetics = prepare_people(replace(request, n=min(BLOCK, n - first)), stream)
        yield kinetics.system, kinetics.inputs
