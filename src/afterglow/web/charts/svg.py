"""Writing SVG: elements with escaped text and numbers of one decimal; colours come from classes only."""

from collections.abc import Iterable

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """Return a straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(kind: str, x: float, y: float, words: object, anchor: str = "start") -> str:
    """Return a label; `anchor` is start, middle or end."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(str(words))}</text>'


def rect(kind: str, x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    """Return a rectangle."""
    corner = f' rx="{radius:.1f}"' if radius else ""
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}"{corner}/>'


def circle(kind: str, x: float, y: float, radius: float) -> str:
    """Return a circle."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>'


def polyline(kind: str, points: Iterable[tuple[float, float]]) -> str:
    """Return a line through points."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{kind}" d="M{path}"/>'


def drawing(parts: Iterable[str], *, width: int, height: int, label: str) -> SafeString:
    """Return the whole picture with its text alternative."""
    body = "".join(parts)
    return mark_safe(  # noqa: S308 - every text part was escaped above
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{body}</svg>'
    )
