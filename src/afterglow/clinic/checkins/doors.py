"""How much a public page takes: counts per address and in total, so that a flood is refused and people are not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.chain import EMPTY, calculate_link
from afterglow.clinic.checkins.models import DoorCount
from afterglow.clinic.errors import Refused
from afterglow.clinicday.checkin import load_checkin
from afterglow.terms import Finding, Override, Severity

KEPT = timedelta(days=1)
FLOOD = "intake-flood"
STRETCH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a stretch: what is counted, and how many pass."""

    policy: str
    key: tuple[str, ...]


def pass_intake(*, site: Any, address: str, is_crisis: bool, now: datetime) -> None:
    """Count one form of the public intake; refuse it with a finding when too many came from there, or in all.

    A crisis has its own count, so that other forms never use it up.

    Raises
    ------
    Refused
        With the finding IN-1 (one address) or IN-2 (all together).
    """
    word = "crisis" if is_crisis else "form"
    limits = (
        Limit(f"intake_{word}_an_address", ("intake", word, site.pk, address)),
        Limit(f"intake_{word}_in_all", ("intake", word, site.pk)),
    )
    passed = count_at_door(limits=limits, now=now)
    if passed is None:
        return
    policy = load_checkin().policy[passed.policy]
    rule = "IN-1" if passed.policy.endswith("address") else "IN-2"
    _record_flood(site=site, rule=rule, now=now)
    finding = Finding(
        rule=rule,
        severity=Severity.STOP,
        seen="More forms of the public intake came than people send",
        threshold=f"At most {policy.value} {policy.unit}",
        asks="Call the clinic, or try again in an hour.",
        override=Override.NONE,
        source=policy.citation.text,
        grade=policy.citation.grade,
        title="Intake flood",
    )
    raise Refused(FLOOD, findings=[finding])


@action
def count_at_door(*, limits: Sequence[Limit], now: datetime) -> Limit | None:
    """Count one use under every limit; return the first limit that it passes, or None."""
    began_at = _floor(now)
    DoorCount.objects.filter(began_at__lt=now - KEPT).delete()
    found = None
    for limit in limits:
        key = calculate_link(settings.CHAIN_KEY, EMPTY, ["door", *limit.key])
        DoorCount.objects.bulk_create([DoorCount(key=key, began_at=began_at)], ignore_conflicts=True)
        rows = DoorCount.objects.filter(key=key, began_at=began_at)
        rows.update(count=F("count") + 1)
        if found is None and rows.get().count > load_checkin().policy[limit.policy].value:
            found = limit
    return found


def _floor(now: datetime) -> datetime:
    seconds = int(STRETCH.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, tz=UTC)


@action
def _record_flood(*, site: Any, rule: str, now: datetime) -> None:
    """Write a flood down once a stretch: what is refused thousands of times is one line."""
    key = calculate_link(settings.CHAIN_KEY, EMPTY, ["door-flood", rule, site.pk])
    row, _ = DoorCount.objects.get_or_create(key=key, began_at=_floor(now))
    DoorCount.objects.filter(pk=row.pk).update(count=F("count") + 1)
    if row.count == 0:
        audit.record(by=None, action="intake.flood", subject=site, now=now, site=site, detail={"rule": rule})
