"""Turns the plain data of lower rooms into words and rows for templates; it decides nothing."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from afterglow.terms import Citation, Grade, UnknownSource, get_source

_UNIT_ENDING = re.compile(r"[._](mg_per_kg_h|mg_per_kg|mg_per_ml|ml_per_h|mg|ml|min|kg|s|d|h|percent)$")

_COMPARISONS = {
    ">": gettext_noop("above"),
    ">=": gettext_noop("at least"),
    "<": gettext_noop("below"),
    "<=": gettext_noop("at most"),
    "==": gettext_noop("is"),
    "!=": gettext_noop("is not"),
}


def describe_citation(citation: Citation) -> dict[str, Any]:
    """Return a citation as its source's title, place, address and grade."""
    try:
        source = get_source(citation.source)
    except UnknownSource:
        return {"key": citation.source, "title": citation.source, "locator": citation.locator, "url": "", "grade": ""}
    url = source.url or (f"https://doi.org/{source.doi}" if source.doi else "")
    grade = Grade(citation.grade)
    return {
        "key": citation.source,
        "title": source.title,
        "edition": source.edition,
        "locator": citation.locator,
        "url": url,
        "grade": str(grade),
        "grade_label": grade.label,
        "is_provisional": grade.is_provisional,
    }


def describe_source(text: str) -> str:
    """Return a finding's source with the clinic's own policy in words."""
    key, comma, rest = text.partition(", ")
    return f"{_('Site policy')}{comma}{rest}" if key == "SITE" else text


def describe_name(name: str) -> str:
    """Return a dotted or hyphened name as words, its first letter large; the unit stands elsewhere."""
    words = _UNIT_ENDING.sub("", name).replace(".", ": ").replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def describe_value(value: Any) -> str:
    """Return a protocol's value as words: decimals plainly, lists joined, yes and no."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "; ".join(f"{describe_name(str(key))}: {describe_value(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(describe_value(item) for item in value)
    return "–" if value is None or value == "" else str(value)


def describe_condition(condition: Mapping[str, Any] | None) -> str:
    """Return a condition of a rule as words."""
    if not condition:
        return ""
    for key, joint in (("all", _(" and ")), ("any", _(" or "))):
        if key in condition:
            return joint.join(_bracket(part) for part in condition[key])
    if "not" in condition:
        return _("not (%(inner)s)") % {"inner": describe_condition(condition["not"])}
    if "known" in condition:
        return _("%(fact)s is known") % {"fact": describe_fact(condition["known"])}
    return _describe_comparison(condition)


def describe_fact(name: str) -> str:
    """Return the label of a fact from the vocabulary, or its name in words."""
    from afterglow.protocols.facts import load_facts

    spec = load_facts().get(name)
    return spec.label if spec is not None else describe_name(name)


def _bracket(part: Mapping[str, Any]) -> str:
    words = describe_condition(part)
    return f"({words})" if "all" in part or "any" in part else words


def _describe_comparison(condition: Mapping[str, Any]) -> str:
    fact = describe_fact(condition.get("fact", ""))
    if "is" in condition:
        return f"{fact}: {describe_value(condition['is'])}"
    for key in ("has", "has-any", "in"):
        if key in condition:
            return f"{fact}: {describe_value(condition[key])}"
    sign = _(_COMPARISONS.get(str(condition.get("op")), str(condition.get("op"))))
    if "value" in condition:
        return f"{fact} {sign} {describe_value(condition['value'])}"
    limit = describe_fact(str(condition.get("than", "")))
    if "times" in condition:
        limit = f"{limit} × {condition['times']}"
    if "plus" in condition:
        limit = f"{limit} + {condition['plus']}"
    return f"{fact} {sign} {limit}"
