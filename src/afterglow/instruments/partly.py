"""A score of which only the limits are known yet, because answers are missing."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, eq=False)
class PartlyKnown:
    """A number between two limits; a comparison answers yes, no, or None where the limits do not settle it.

    Conditions compare it like a number, so a total that already reaches a threshold alerts
    while the form is unfinished.
    """

    lowest: Decimal
    highest: Decimal

    def __ge__(self, limit: Decimal) -> bool | None:
        return _settle(self.lowest >= limit, self.highest < limit)

    def __gt__(self, limit: Decimal) -> bool | None:
        return _settle(self.lowest > limit, self.highest <= limit)

    def __le__(self, limit: Decimal) -> bool | None:
        return _settle(self.highest <= limit, self.lowest > limit)

    def __lt__(self, limit: Decimal) -> bool | None:
        return _settle(self.highest < limit, self.lowest >= limit)


def _settle(is_certain: bool, is_ruled_out: bool) -> bool | None:
    if is_certain:
        return True
    return False if is_ruled_out else None
