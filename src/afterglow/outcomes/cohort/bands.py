"""Counts as others may read them: in bands of one width, so that no subtraction tells of few.

Nobody stays nobody; every other count stands only as the band in which it lies: with a width of five 1 to 5, 6 to 10
and so on. As all bands end at a multiple of the width, a count that has up to three parts beside it leaves each part
three values or more, and the difference of two counts may always be either nobody or as many as the limit asks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count as count_up

from afterglow.outcomes.suppression import SuppressionRule
from afterglow.terms import InvalidInput, build_error


@dataclass(frozen=True, slots=True, order=True)
class Band:
    """From how many to how many; both 0 is nobody."""

    low: int
    high: int

    @property
    def middle(self) -> float:
        """Return what stands for the band wherever one works with it."""
        return (self.low + self.high) / 2

    @property
    def is_nobody(self) -> bool:
        """Tell whether it is nobody, which is known."""
        return self.high == 0


NOBODY = Band(0, 0)


def find_band(count: int, rule: SuppressionRule) -> Band:
    """Return the band of a count."""
    if count < 0:
        raise InvalidInput([build_error("count", "count-negative", count, "0 or more", f"{count} is no count")])
    return _place(count, rule.width)


def is_few(band: Band, rule: SuppressionRule) -> bool:
    """Tell whether a band is the lowest one, of which no share is given; a rule of width 1 hides nothing."""
    return rule.width > 1 and band.low == 1


def find_total(total: int, lines: Sequence[Sequence[Band]], rule: SuppressionRule) -> Band:
    """Return the band of a total whose parts are shown too, each line a division of all of it.

    Five parts, each at the low end of its band, would follow from a total at the high end of its own. Where that can
    be, two bands or three are joined, so that it cannot. Whether it can is a matter of the parts' bands alone: how
    wide the band of the total is tells nothing of the total.
    """
    lows = {sum(part.low for part in line) for line in lines if any(part.low < part.high for part in line)}
    for joined in count_up(1):
        width = joined * rule.width
        for shift in range(0, width, rule.width):
            if not any(low and low % width == shift for low in lows):
                return _place(total, width, shift)
    raise AssertionError("some band ends elsewhere")


def _place(number: int, width: int, shift: int = 0) -> Band:
    """Return the band of a number among bands that end at the shift and every width from there."""
    if number == 0:
        return NOBODY
    end = -((shift - number) // width) * width + shift
    return Band(max(end - width + 1, 1), end)
