"""Shares with their intervals: Wilson for one, Newcombe's hybrid for a difference; never without the denominator."""

from dataclasses import dataclass
from math import sqrt

from afterglow.terms import InvalidInput, build_error
from afterglow.terms.shares import CONFIDENCE, calculate_wilson


@dataclass(frozen=True, slots=True)
class Share:
    """A count out of a count, its share, and the Wilson interval."""

    count: int
    total: int
    share: float
    low: float
    high: float
    confidence: float


def estimate_share(count: int, total: int, *, confidence: float = CONFIDENCE) -> Share:
    """Return a share with its Wilson score interval; a share of nobody is refused, not 0."""
    refuse_bad_counts(count, total)
    low, high = calculate_wilson(count / total, total, confidence=confidence)
    return Share(count, total, count / total, low, high, confidence)


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


def refuse_bad_counts(count: int, total: int) -> None:
    """Refuse counts that cannot be a share."""
    if total < 1:
        problem = build_error("total", "total-zero", total, "1 or more", "a share of nobody is not defined")
        raise InvalidInput([problem])
    if not 0 <= count <= total:
        message = f"{count} of {total} is no share"
        raise InvalidInput([build_error("count", "count-out-of-range", count, f"0 to {total}", message)])
