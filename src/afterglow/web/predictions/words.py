"""Predictions in words that can be translated: bands in round numbers, shares of similar people, upper ends."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.errors import GaveUp
from afterglow.pharmacology.finding.words import describe_share, round_band
from afterglow.protocols.model import Protocol
from afterglow.web.predictions.options import Option, find_way
from afterglow.web.templatetags.words import plain


def write_band(low: float, high: float) -> str:
    """Return a band: `about 200–300`."""
    bottom, top = round_band(low, high)
    return write_ends((bottom, top))


def write_ends(ends: Sequence[float]) -> str:
    """Return a band whose ends are round already."""
    bottom, top = ends
    if top <= 0:
        return _("about 0")
    if bottom <= 0:
        return _("up to about %(high)s") % {"high": f"{top:g}"}
    return _("about %(low)s–%(high)s") % {"low": f"{bottom:g}", "high": f"{top:g}"}


def write_share(share: float) -> str:
    """Return a share of similar people in words."""
    words = {
        "hardly anyone": _("hardly anyone"),
        "1 in 20": _("1 in 20"),
        "1 in 10": _("1 in 10"),
        "1 in 5": _("1 in 5"),
        "a quarter": _("a quarter"),
        "a third": _("a third"),
        "half": _("half"),
        "two thirds": _("two thirds"),
        "three quarters": _("three quarters"),
        "4 in 5": _("4 in 5"),
        "9 in 10": _("9 in 10"),
        "nearly everyone": _("nearly everyone"),
    }
    found = describe_share(share)
    return words.get(found, found)


def write_share_range(ends: Sequence[float]) -> str:
    """Return how unsure a share is: from the fewest to the most it may be."""
    low, high = write_share(ends[0]), write_share(ends[1])
    return "" if low == high else _("%(low)s to %(high)s") % {"low": low, "high": high}


def write_of_hundred(share: float) -> str:
    """Return a share of virtual people as people of 100, rounded to 5 of them; ends are said as ends."""
    people = 5 * round(20 * share)
    if share < 0.05:
        return _("under 5 of 100")
    if share > 0.95:
        return _("over 95 of 100")
    return _("about %(n)s of 100") % {"n": people}


def write_range_of_hundred(ends: Sequence[float]) -> str:
    """Return what chance alone leaves open, from the number of virtual people: `54–66`."""
    return f"{100 * ends[0]:.0f}–{100 * ends[1]:.0f}"


def describe_giving_up(gone: GaveUp) -> str:
    """Return in words why an answer will not come."""
    if gone.code == "took-too-long":
        return _("The calculation took too long and was stopped. Everything else on this page works.")
    return _("The calculation failed. Everything else on this page works.")


def write_rise(ends: Sequence[float]) -> str:
    """Return the upper end of a rise of pressure, rounded up to 5 mmHg: `40/25`."""
    return "/".join(f"{5 * math.ceil(max(end, 0.0) / 5 - 1e-9)}" for end in ends)


def write_stay(option: Option, first: Option, observe_min: int | None) -> tuple[str, str]:
    """Return the least stay by the protocol: the minutes in bold, and what comes after them."""
    if option.way != first.way:
        return "", _("set by its own protocol")
    if observe_min is None:
        return "", _("by the protocol's criteria")
    if option.over_min is not None:
        minutes = _("%(over)s + %(observe)s min") % {"over": plain(option.over_min), "observe": observe_min}
    else:
        minutes = _("%(observe)s min") % {"observe": observe_min}
    return minutes, _("then criteria")


def write_evidence(option: Option, protocol: Protocol) -> str:
    """Return what stands behind this way of giving, by the protocol's own numbers."""
    if option.way != find_way(protocol):
        return _("another route, not compared in trials")
    if option.over_min is not None:
        usual, slower = (_read(protocol, name) for name in ("over_min", "slower_over_min"))
        if option.over_min == usual:
            return _("most trials")
        return _("few, site experience") if option.over_min == slower else _("none at this speed")
    starts = [_read(protocol, name) for name in protocol.doses if name.startswith("start_mg")]
    return _("a start dose of its protocol") if option.amount in starts else _("by its protocol's limits")


def write_basis(basis: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return model, population, sampling site and grades as lines."""
    lines = [
        (_("Model"), write_source(basis)),
        (_("Source"), str(basis.get("source", ""))),
        (_("Studied in"), _write_studied(basis)),
        (_("Sampled from"), write_site(basis)),
        (_("Grade of the levels"), str(basis.get("grade", ""))),
        (_("Grade of the effects"), _write_effect_grades(basis)),
        (_("Worked out for"), _("%(n)s virtual people like this one") % {"n": basis.get("virtual_n") or "–"}),
    ]
    return [{"words": words, "value": value} for words, value in lines if value]


def write_source(basis: Mapping[str, Any]) -> str:
    """Return the model by title and id."""
    return f"{basis.get('title', '')} ({basis.get('model', '')})"


def write_site(basis: Mapping[str, Any]) -> str:
    """Return in which blood the levels are."""
    site = str(basis.get("sampling_site", ""))
    return {"arterial": _("arterial"), "venous": _("venous")}.get(site, site)


def write_grades(basis: Mapping[str, Any]) -> str:
    """Return every grade in one line."""
    return _("levels %(level)s; %(effects)s") % {
        "level": basis.get("grade", ""),
        "effects": _write_effect_grades(basis),
    }


def _write_effect_grades(basis: Mapping[str, Any]) -> str:
    grades = basis.get("effect_grade") or {}
    named = (("cadss", "CADSS"), ("cadss6", "CADSS-6"), ("blood_pressure", _("blood pressure")))
    return ", ".join(f"{words} {grades[key]}" for key, words in named if key in grades)


def _write_studied(basis: Mapping[str, Any]) -> str:
    who, n = str(basis.get("population", "")), basis.get("n")
    return _("%(who)s, n = %(n)s") % {"who": who, "n": n} if n else who


def _read(protocol: Protocol, name: str) -> Decimal | None:
    value = protocol.doses.get(name)
    return None if value is None else Decimal(str(value.value))
