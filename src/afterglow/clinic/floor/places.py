"""The order of places on the board: groups of one name by their lowest number, then by number. It never changes."""

import re
from collections.abc import Iterable
from typing import Any

_NUMBERED = re.compile(r"^(?P<group>.*?)\s*(?P<number>\d+)\D*$")


def order_places(places: Iterable[Any]) -> list[Any]:
    """Return the places as the hand learns them: Room 1 to 4, then Chair 5 to 8."""
    read = [(place, *_read_name(place.name)) for place in places]
    lowest: dict[str, int] = {}
    for _place, group, number in read:
        lowest[group] = min(number, lowest.get(group, number))
    return [place for place, group, number in sorted(read, key=lambda row: (lowest[row[1]], row[1], row[2], row[0].pk))]


def _read_name(name: str) -> tuple[str, int]:
    found = _NUMBERED.match(name)
    # a place without a number stands after the numbered ones
    return (found["group"].lower(), int(found["number"])) if found else (name.lower(), 10**6)
