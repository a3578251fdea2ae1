"""The opening checks of a day: what a site has chosen, what was found today, and what holds the first dose."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.floor.models import FloorSettings, OpeningCheck
from afterglow.clinicday.presence import judge_choice, judge_opening, list_open_items
from afterglow.terms import Finding

DIFFERENCE = "drug-difference"
OPENING_CODE = "opening-checks-missing"


def find_settings(site: Any) -> FloorSettings | None:
    """Return what a site has chosen for its floor, or None where it has not chosen."""
    return FloorSettings.objects.filter(site=site).first()


def find_results(site: Any, on: date) -> dict[str, OpeningCheck]:
    """Return the last word of a day on each opening check, by item."""
    rows = OpeningCheck.objects.filter(site=site, on=on).select_related("by", "second").order_by("at", "pk")
    return {row.item: row for row in rows}


def are_checks_done(site: Any, on: date) -> bool:
    """Return whether every opening check of a local day was done without a fault."""
    return not list_open_items({item: row.result for item, row in find_results(site, on).items()})


def find_opening_finding(site: Any, now: datetime) -> Finding | None:
    """Return what holds the first dose of the day at a site; nothing where the list is not switched on."""
    chosen = find_settings(site)
    if chosen is None or not chosen.asks_opening_checks:
        return None
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    results = {item: row.result for item, row in find_results(site, on).items()}
    return judge_opening(results, is_asked=True)


def list_differences(site: Any) -> Any:
    """Return the open tasks of controlled drugs at a site that do not add up, the oldest first."""
    from afterglow.clinic.tasks.models import Task

    return Task.objects.filter(site=site, kind=DIFFERENCE, state="open").order_by("opened_at", "pk")


def count_differences(site: Any) -> int:
    """Return how many sessions of a site have a controlled drug that does not add up."""
    return int(list_differences(site).count())


def find_choice_finding(site: Any) -> Finding | None:
    """Return what the manager of a site is told where the opening checks are not switched on."""
    chosen = find_settings(site)
    return judge_choice(has_chosen=chosen is not None, is_asked=chosen is not None and chosen.asks_opening_checks)
