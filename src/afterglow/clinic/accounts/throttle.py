"""Delays that grow with failed attempts, per name and address; never a lock that another person could cause.

Three failures are free; each further one doubles the wait, up to five minutes; fifteen quiet minutes clear it. One
address that fails with many names is slowed by its own count.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from afterglow.clinic.accounts.models import Throttle
from afterglow.clinic.chain import EMPTY, calculate_link
from afterglow.clinic.errors import TryLater

FREE_FAILURES = 3
FREE_FAILURES_OF_ADDRESS = 20
FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(minutes=15)


def check_attempt(*, purpose: str, name: str, address: str, now: datetime) -> None:
    """Refuse an attempt that comes before its wait is over."""
    waits = Throttle.objects.filter(key__in=_list_keys(purpose, name, address), until__gt=now)
    if latest := max((wait.until for wait in waits), default=None):
        raise TryLater(latest)


def record_failure(*, purpose: str, name: str, address: str, now: datetime) -> datetime:
    """Count a failed attempt; return when the next one will be looked at."""
    keys = _list_keys(purpose, name, address)
    frees = (FREE_FAILURES, FREE_FAILURES_OF_ADDRESS)
    with transaction.atomic():
        return max(_count(key, free, now) for key, free in zip(keys, frees, strict=False))


def clear_failures(*, purpose: str, name: str, address: str) -> None:
    """Forget the failures of a name at an address after a success there; the address keeps its own count."""
    Throttle.objects.filter(key=_list_keys(purpose, name, address)[0]).delete()


def calculate_delay(failures: int, free: int = FREE_FAILURES) -> timedelta:
    """Return how long to wait after so many failures."""
    if failures <= free:
        return timedelta()
    return min(FIRST_DELAY * 2 ** min(failures - free - 1, 20), LONGEST_DELAY)


def _count(key: str, free: int, now: datetime) -> datetime:
    Throttle.objects.bulk_create([Throttle(key=key, last_at=now, until=now)], ignore_conflicts=True)
    row = Throttle.objects.select_for_update().get(key=key)
    row.failures = 1 if now - row.last_at > FORGOTTEN_AFTER else row.failures + 1
    row.last_at = now
    row.until = now + calculate_delay(row.failures, free)
    row.save(update_fields=["failures", "last_at", "until"])
    return row.until


def _list_keys(purpose: str, name: str, address: str) -> list[str]:
    folded = name.strip().casefold()
    keys = [calculate_link(settings.CHAIN_KEY, EMPTY, ["throttle", purpose, folded, address])]
    if address:
        keys.append(calculate_link(settings.CHAIN_KEY, EMPTY, ["throttle-address", purpose, address]))
    return keys
