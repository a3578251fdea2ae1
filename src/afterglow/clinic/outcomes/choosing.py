"""What of the clinic is counted: sites, condition, way, period and scale, as an address names them.

Periods are whole months and years only, so that fewer addresses differ by one person; counts in bands keep two of them
from telling of few by subtraction. What leaves the clinic is counted whole: neither a period nor a condition nor a site
is cut out of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Min

from afterglow.clinic import policy
from afterglow.clinic.errors import Denied
from afterglow.clinic.outcomes.models import CourseSummary
from afterglow.clinic.outcomes.reading import list_outcome_instruments
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.sites.models import Site
from afterglow.outcomes.suppression import INSIDE, RELEASE, SuppressionRule
from afterglow.terms import InvalidInput, build_error

READ, RELEASED = "outcomes.read", "outcomes.release"
YEAR, ALL = "12m", "all"
USUAL_SCORE = "phq9"
MONTHS_PER_YEAR = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of courses; empty words leave a part open. `names` are all that can be chosen, by part."""

    rule: SuppressionRule
    sites: tuple[Site, ...]
    site: str
    condition: str
    way: str
    period: str
    score: str
    since: date | None
    today: date
    names: Mapping[str, tuple[str, ...]]
    # every site of the clinic is counted, so that no row has to be asked for its site
    is_everywhere: bool = False

    @property
    def site_keys(self) -> list[str]:
        """Return the keys of the sites that are counted."""
        return [self.site] if self.site else [site.pk for site in self.sites]


def find_rule(user: Any) -> SuppressionRule:
    """Return the rule under which somebody sees figures: the clinic's own, or that of a release.

    Raises
    ------
    Denied
        Somebody may see neither.
    """
    if policy.allow(user, READ):
        return INSIDE
    if policy.allow(user, RELEASED):
        return RELEASE
    raise Denied(READ)


def read_choice(given: Mapping[str, Any], *, user: Any, now: Any, rule: SuppressionRule) -> Choice:
    """Return the choice that an address names; an unknown word is refused with what can be chosen.

    Raises
    ------
    InvalidInput
        A part names what cannot be chosen.
    """
    keys = policy.find_sites(user, READ if rule.id == INSIDE.id else RELEASED)
    sites = tuple(Site.objects.filter(pk__in=keys).order_by("created_at", "pk"))
    today = get_local_date(sites[0], now) if sites else now.date()
    is_everywhere = len(sites) == Site.objects.count()
    names = _list_names(sites, today, rule, is_everywhere)
    chosen = {part: str(given.get(part, "") or "") for part in names}
    problems = [
        build_error(
            part, f"{part}-unknown", word, ", ".join(names[part]) or "nothing", _refuse(part, word, names[part])
        )
        for part, word in chosen.items()
        if word and word not in names[part]
    ]
    if problems:
        raise InvalidInput(problems)
    period = chosen["period"] or (YEAR if rule.id == INSIDE.id else ALL)
    return Choice(
        rule=rule,
        sites=sites,
        site=chosen["site"],
        condition=chosen["condition"],
        way=chosen["way"],
        period=period,
        score=chosen["score"] or USUAL_SCORE,
        since=find_begin(period, today),
        today=today,
        names=names,
        is_everywhere=is_everywhere and not chosen["site"],
    )


def _refuse(part: str, word: str, known: tuple[str, ...]) -> str:
    """Return what was asked for and what there is; where nothing can be chosen, that all is counted together."""
    there_is = f"there is {', '.join(known)}" if known else "all are counted together"
    return f"no such {part} here: {word}; {there_is}"


def find_begin(period: str, today: date) -> date | None:
    """Return the first day of a period: of twelve months with the running one, of a year, or none."""
    if period == ALL:
        return None
    if period == YEAR:
        months = today.year * MONTHS_PER_YEAR + today.month - MONTHS_PER_YEAR
        return date(months // MONTHS_PER_YEAR, months % MONTHS_PER_YEAR + 1, 1)
    return date(int(period), 1, 1)


def find_end(period: str) -> date | None:
    """Return the last day of a period that has one."""
    return date(int(period), 12, 31) if period.isdecimal() else None


def _list_names(
    sites: tuple[Site, ...], today: date, rule: SuppressionRule, is_everywhere: bool
) -> dict[str, tuple[str, ...]]:
    scores = (USUAL_SCORE, *(name for name in list_outcome_instruments() if name != USUAL_SCORE))
    if rule.id == RELEASE.id:
        return {"score": scores, "period": (ALL,), "condition": (), "way": (), "site": ()}
    rows = CourseSummary.objects.all() if is_everywhere else CourseSummary.objects.filter(site__in=sites)
    pairs = sorted(rows.order_by().values_list("condition", "way").distinct())
    first = rows.aggregate(on=Min("began_on"))["on"]
    years = range(today.year, (first.year if first else today.year) - 1, -1)
    return {
        "score": scores,
        "period": (YEAR, *(str(year) for year in years), ALL),
        "condition": tuple(dict.fromkeys(condition for condition, _ in pairs)),
        "way": tuple(sorted({way for _, way in pairs})),
        "site": tuple(site.pk for site in sites) if len(sites) > 1 else (),
    }
