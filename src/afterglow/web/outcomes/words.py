"""The words of the outcomes page: conditions, ways, periods, what was asked, and why a figure is hidden."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from afterglow.clinic.outcomes.choosing import ALL, YEAR, Choice
from afterglow.instruments import get_instrument
from afterglow.outcomes.change import describe_threshold
from afterglow.outcomes.cohort import Cell, Group, Share
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


def describe_few(smallest: int) -> str:
    """Return `fewer than 5, hidden`."""
    return _("fewer than %(n)d, hidden") % {"n": smallest}


def describe_cell(cell: Cell, smallest: int) -> str:
    """Return a share in words: `55 % (43 to 66 %), 35 of 64`, or why there is none."""
    if cell.share is None:
        if cell.total == 0:
            return _("nobody yet")
        return describe_few(smallest) if cell.is_small else _("hidden beside a small one")
    return _("%(share)s, %(count)d of %(total)d") % {
        "share": describe_share(cell.share), "count": cell.share.count, "total": cell.share.total,
    }  # fmt: skip


def describe_share(share: Share) -> str:
    """Return a share with its interval: `55 % (43 to 66 %)`."""
    return _("%(share).0f %% (%(low).0f to %(high).0f %%)") % {
        "share": 100 * share.share, "low": 100 * share.low, "high": 100 * share.high,
    }  # fmt: skip


def describe_people(group: Group, smallest: int) -> str:
    """Return how many people a row holds."""
    if group.people is not None:
        return str(group.people)
    return _("under %(n)d") % {"n": smallest} if group.is_small else _("hidden")


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
