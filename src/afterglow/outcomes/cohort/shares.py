"""Shares with their intervals: Wilson for one, Newcombe's hybrid for a difference; never without the denominator."""

from dataclasses import dataclass
from math import sqrt

from afterglow.outcomes.cohort.bands import Band
from afterglow.terms import InvalidInput, build_error
from afterglow.terms.shares import CONFIDENCE, calculate_wilson


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a count, its share, and the Wilson interval."""

    count: float
    total: float
    share: float
    low: float
    high: float
    confidence: float


def estimate_share(count: int, total: int, *, confidence: float = CONFIDENCE) -> Share:
    """Return a share with its Wilson score interval; a share of nobody is refused, not 0."""
    refuse_bad_counts(count, total)
    low, high = calculate_wilson(count / total, total, confidence=confidence)
    return Share(count, total, count / total, low, high, confidence)


def estimate_banded_share(count: Band, total: Band, *, confidence: float = CONFIDENCE) -> Share:
    """Return the share of two counts that are known by their bands: of their middles, the interval widened for that.

    Notes
    -----
    A count that may be anywhere in a band of w has the variance v = (w^2 - 1) / 12 around its middle, so that the
    share k/n has pq/n + (v_k + p^2 v_n) / n^2; Wilson's interval is that of as many people as give this variance, and
    reaches at least as far as the bands: the exact share lies in it. Of nobody it is that of the fewest there may be.
    """
    refuse_bad_counts(count.middle, total.middle)
    k, n = count.middle, total.middle
    p = k / n
    spread = p * (1 - p)
    if count.is_nobody or spread == 0:
        low, high = calculate_wilson(p, max(total.low, 1), confidence=confidence)
        return Share(k, n, p, low, high, confidence)
    variance = spread / n + (_spread(count) + p * p * _spread(total)) / (n * n)
    low, high = calculate_wilson(p, spread / variance, confidence=confidence)
    low, high = min(low, count.low / total.high), max(high, min(count.high / total.low, 1.0))
    return Share(k, n, p, low, high, confidence)


def _spread(band: Band) -> float:
    return ((band.high - band.low + 1) ** 2 - 1) / 12


def estimate_share_difference(
    count: int, total: int, other_count: int, other_total: int, *, confidence: float = CONFIDENCE
) -> tuple[float, float, float]:
    """Return the difference of two independent shares with Newcombe's hybrid score interval: difference, low, high.

    References
    ----------
    .. [1] Newcombe, Interval estimation for the difference between independent proportions, Stat Med 1998;17:873,
       method 10.
    """
    one = estimate_share(count, total, confidence=confidence)
    other = estimate_share(other_count, other_total, confidence=confidence)
    difference = one.share - other.share
    below = sqrt((one.share - one.low) ** 2 + (other.high - other.share) ** 2)
    above = sqrt((one.high - one.share) ** 2 + (other.share - other.low) ** 2)
    return difference, difference - below, difference + above


def refuse_bad_counts(count: float, total: float) -> None:
    """Refuse counts that cannot be a share."""
    if total < 1:
        problem = build_error("total", "total-zero", total, "1 or more", "a share of nobody is not defined")
        raise InvalidInput([problem])
    if not 0 <= count <= total:
        message = f"{count} of {total} is no share"
        raise InvalidInput([build_error("count", "count-out-of-range", count, f"0 to {total}", message)])
