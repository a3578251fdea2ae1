"""The interval of a share: Wilson's score interval, one for the whole project."""

from functools import cache
from math import sqrt
from statistics import NormalDist

from afterglow.terms.problems import InvalidInput, build_error

CONFIDENCE = 0.95
# a share of weighted people may pass its ends by the last digits of a sum
ROUNDING = 1e-9


def calculate_wilson(share: float, total: float, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson score interval, both ends from 0 to 1, of a share among `total` people.

    Parameters
    ----------
    share : float
        From 0 to 1.
    total : float
        How many people, above 0; the effective number where people are weighted.
    confidence : float
        Between 0 and 1.

    Raises
    ------
    InvalidInput
        Nobody, a share outside 0 to 1, or a confidence that is none.

    Notes
    -----
    (p + z^2/2n +/- z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) [1]_, method 3 of [2]_: without continuity correction;
    the ends are exact at 0 and at all.

    References
    ----------
    .. [1] Wilson, Probable inference, the law of succession, and statistical inference, J Am Stat Assoc 1927;22:209.
    .. [2] Newcombe, Two-sided confidence intervals for the single proportion, Stat Med 1998;17:857.
    """
    if not total > 0:
        raise InvalidInput([build_error("total", "total-zero", total, "above 0", "a share of nobody is not defined")])
    if not -ROUNDING <= share <= 1 + ROUNDING:
        raise InvalidInput([build_error("share", "share-out-of-range", share, "0 to 1", f"{share} is no share")])
    share = min(max(share, 0.0), 1.0)
    z = find_quantile(confidence)
    more = z * z / total
    middle = share + more / 2
    half = z * sqrt(share * (1 - share) / total + more / (4 * total))
    low = 0.0 if share == 0 else max(0.0, (middle - half) / (1 + more))
    high = 1.0 if share == 1 else min(1.0, (middle + half) / (1 + more))
    return low, high


@cache
def find_quantile(confidence: float) -> float:
    """Return the two-sided normal quantile of a confidence between 0 and 1."""
    if not 0 < confidence < 1:
        message = f"confidence {confidence} is not between 0 and 1"
        raise InvalidInput([build_error("confidence", "confidence-out-of-range", confidence, "0 to 1", message)])
    return NormalDist().inv_cdf((1 + confidence) / 2)
