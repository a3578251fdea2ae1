"""Rows that are drawn once: long lists are drawn anew at every entry, and all but a few of their rows stay as they are.

A row is kept under everything that it is drawn from, and it is given nothing else: no request, no clock, no person.
Where one value differs the row is another one, so that what is kept can be old but never wrong.
"""

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()
LARGEST = 8192
Pairs = tuple[tuple[str, Hashable, type], ...]


@register.simple_tag
def kept(name: str, row: Mapping[str, Any], fields: str = "", **more: Hashable) -> SafeString:
    """Return a row drawn by its own template, which knows those fields of `row`, what is named beside it, no more."""
    chosen = {field: row.get(field) for field in fields.split()} if fields else row
    pairs = (_list_pairs(chosen), _list_pairs(more))
    try:
        return draw_kept(name, get_language() or "", *pairs)
    except TypeError:  # a value that can be changed in place cannot name what was drawn from it
        return draw_kept.__wrapped__(name, "", *pairs)


def _list_pairs(values: Mapping[str, Hashable]) -> Pairs:
    # text that is safe and text that is not are equal to one another, and so are 1 and True
    return tuple((key, value, type(value)) for key, value in values.items())


@lru_cache(maxsize=LARGEST)
def draw_kept(name: str, language: str, row: Pairs, more: Pairs) -> SafeString:
    """Return the row that these values come to, without the space around it."""
    context = {"row": _read(row), **_read(more)}
    return mark_safe(render_to_string(name, context).strip())  # noqa: S308 - a template's own output


def _read(pairs: Pairs) -> dict[str, Hashable]:
    return {key: value for key, value, _kind in pairs}
