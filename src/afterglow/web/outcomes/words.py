"""The words of the outcomes page: conditions, ways, periods, what was asked, and why a figure is hidden."""

from math import ceil, floor
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from afterglow.clinic.outcomes.choosing import ALL, YEAR, Choice
from afterglow.instruments import get_instrument
from afterglow.outcomes.change import describe_threshold
from afterglow.outcomes.cohort import Band, Cell, CellStanding, Share
from afterglow.web.forms.screening import describe_indication
from afterglow.web.templatetags.words import day

WAYS = {
    "racemic.iv": gettext_noop("IV"),
    "racemic.im": gettext_noop("IM"),
    "racemic.sc": gettext_noop("SC"),
    "racemic.intranasal": gettext_noop("nasal ketamine"),
    "racemic.sublingual": gettext_noop("sublingual"),
    "racemic.oral": gettext_noop("by mouth"),
    "esketamine.intranasal": gettext_noop("nasal esketamine"),
}
EVENTS = {
    "any": gettext_noop("Any event noted"),
    "paused": gettext_noop("Infusion paused"),
    "medicated": gettext_noop("Medicine given for it"),
    "stopped": gettext_noop("Stopped early"),
    "serious": gettext_noop("Serious, reported"),
}
ASKED = {
    "baseline": gettext_noop("%(score)s before the first dose"),
    "before-session": gettext_noop("%(score)s within 7 days before"),
    "vitals": gettext_noop("Blood pressure on schedule"),
    "dissociation": gettext_noop("CADSS-6 when due"),
    "record": gettext_noop("Record closed"),
    "induction-end": gettext_noop("%(score)s, end of induction"),
    "follow-up": gettext_noop("%(score)s at 3 months"),
    "bladder": gettext_noop("Bladder score when due"),
}
# a whole per cent is not passed by the last digits of a division
MARGIN = 1e-9
MONTHS = ("J", "F", "M", "A", "M", "J", "J", "A", "S", "O", "N", "D")


def describe_condition(condition: str) -> str:
    """Return a condition's name."""
    return _("not recorded") if condition == "unknown" else describe_indication(condition)


def describe_way(way: str) -> str:
    """Return drug and route as people say it."""
    return _(WAYS[way]) if way in WAYS else way


def describe_score(score: str) -> str:
    """Return an instrument's name."""
    return get_instrument(score).title


def describe_period(choice: Choice) -> str:
    """Return the period with its days."""
    if choice.period == ALL:
        return _("all, to %(day)s") % {"day": day(choice.today)}
    if choice.period == YEAR and choice.since is not None:
        return _("%(first)s to %(day)s") % {"first": day(choice.since), "day": day(choice.today)}
    return choice.period


def name_period(period: str) -> str:
    """Return a period as it stands in the list."""
    return {YEAR: _("last 12 months"), ALL: _("all")}.get(period, period)


def describe_asked(name: str, score: str) -> str:
    """Return what was asked."""
    return _(ASKED[name]) % {"score": describe_score(score)} if "%" in ASKED[name] else _(ASKED[name])


def describe_rules(score: str) -> dict[str, str]:
    """Return the rules of response and remission of an instrument in words; a missing rule is empty."""
    thresholds = get_instrument(score).thresholds
    return {
        name: describe_threshold(thresholds[name]) if name in thresholds else "" for name in ("response", "remission")
    }


def describe_band(band: Band | None) -> str:
    """Return a count by its band: `31–35`, `0`, or that it is not told."""
    if band is None:
        return _("hidden")
    return str(band.high) if band.low == band.high else f"{band.low}–{band.high}"


def describe_pair(cell: Cell) -> str:
    """Return both bands: `31–35 of 61–65`."""
    return _("%(count)s of %(total)s") % {"count": describe_band(cell.count), "total": describe_band(cell.total)}


def describe_missing(cell: Cell) -> str:
    """Return why a cell has no share, in words that are true of whatever may stand behind them."""
    bound = cell.bound
    if cell.standing is CellStanding.NONE_DUE:
        return _("nobody yet")
    if cell.standing is CellStanding.FEW and bound is not None:
        return _("%(share)d %% or less") % {"share": ceil(100 * bound - MARGIN)}
    if cell.standing is CellStanding.NEARLY_ALL and bound is not None:
        return _("%(share)d %% or more") % {"share": floor(100 * bound + MARGIN)}
    if cell.standing is CellStanding.FEW_DUE:
        return _("%(people)s in all: no share") % {"people": describe_band(cell.total)}
    return _("of few people: hidden")


def describe_bound(cell: Cell) -> str:
    """Return the bound of a share in signs: `≥ 88 %`, or nothing where none is known."""
    if cell.bound is None:
        return ""
    if cell.standing is CellStanding.FEW:
        return f"≤ {ceil(100 * cell.bound - MARGIN)} %"
    return f"≥ {floor(100 * cell.bound + MARGIN)} %"


def describe_cell(cell: Cell) -> str:
    """Return a share in words: `52 % (40 to 64 %), 31–35 of 61–65`, or why there is none."""
    if cell.share is None:
        words = describe_missing(cell)
        has_both = cell.standing in (CellStanding.FEW, CellStanding.NEARLY_ALL)
        return f"{words}, {describe_pair(cell)}" if has_both else words
    return f"{describe_share(cell.share)}, {describe_pair(cell)}"


def describe_share(share: Share) -> str:
    """Return a share with its interval: `55 % (43 to 66 %)`."""
    return _("%(share).0f %% (%(low).0f to %(high).0f %%)") % {
        "share": 100 * share.share, "low": 100 * share.low, "high": 100 * share.high,
    }  # fmt: skip


def describe_waiting(waiting: int) -> str:
    """Return how many charts have changed and are not in the figures yet."""
    return ngettext("%(n)d changed chart is not in them yet.", "%(n)d changed charts are not in them yet.", waiting) % {
        "n": waiting
    }


def list_options(choice: Choice) -> list[dict[str, Any]]:
    """Return the selects of the page: part, words, options with the chosen one marked."""
    names = {site.pk: site.name for site in choice.sites}
    parts = [
        ("period", _("Period"), choice.period, [(key, name_period(key)) for key in choice.names["period"]], ""),
        ("condition", _("Condition"), choice.condition,
         [(key, describe_condition(key)) for key in choice.names["condition"]], _("all")),
        ("way", _("Way"), choice.way, [(key, describe_way(key)) for key in choice.names["way"]], _("all")),
        ("site", _("Site"), choice.site, [(key, names[key]) for key in choice.names["site"]], _("all")),
        ("score", _("Score"), choice.score, [(key, describe_score(key)) for key in choice.names["score"]], ""),
    ]  # fmt: skip
    return [
        {
            "name": name,
            "label": label,
            "options": [
                *([("", everything, not chosen)] if everything else []),
                *((key, words, key == chosen) for key, words in options),
            ],
        }
        for name, label, chosen, options, everything in parts
        if options and (len(options) > 1 or everything)
    ]


STANDINGS = {
    "inside": gettext_noop("inside both limits"),
    "above-95": gettext_noop("above the 95 % limit"),
    "below-95": gettext_noop("below the 95 % limit"),
    "above-99.8": gettext_noop("above the 99.8 % limit"),
    "below-99.8": gettext_noop("below the 99.8 % limit"),
    "too-few": gettext_noop("too few for a verdict"),
}


def describe_standing(standing: str) -> str:
    """Return where a site lies in words."""
    return _(STANDINGS[standing])
