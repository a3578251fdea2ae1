"""A signature drawn beside the typed name: lines of whole numbers in a box of 600 by 200, as SVG path data."""

import re

from afterglow.clinic.people.checks import Checks

WIDTH = 600
HEIGHT = 200
LONGEST = 12_000
LEAST_POINTS = 5
_PATH = re.compile(r"(?:M\d{1,3} \d{1,3}(?:L\d{1,3} \d{1,3})*)+")
_POINT = re.compile(r"(\d{1,3}) (\d{1,3})")


def read_drawing(checks: Checks, value: object, path: str = "drawn") -> str:
    """Return the drawn line, or nothing where nothing was drawn; anything but lines within the box is refused."""
    text = str(value or "").strip()
    if not text:
        return ""
    accepted = f"lines within {WIDTH} by {HEIGHT}, at most {LONGEST} characters"
    if len(text) > LONGEST:
        checks.refuse(
            path, "drawing-too-large", len(text), accepted, "the drawn signature is too large; draw it simpler"
        )
        return ""
    if not text.isascii() or _PATH.fullmatch(text) is None:
        checks.refuse(
            path, "drawing-malformed", "", accepted, "the drawn signature cannot be read; clear it, draw again"
        )
        return ""
    points = [(int(x), int(y)) for x, y in _POINT.findall(text)]
    if any(x > WIDTH or y > HEIGHT for x, y in points):
        checks.refuse(path, "drawing-outside", "", accepted, "the drawn signature leaves its box; clear it, draw again")
        return ""
    if len(points) < LEAST_POINTS:
        checks.refuse(
            path, "drawing-too-short", len(points), "a signature", "this is a dot, not a signature; draw again"
        )
        return ""
    return text
