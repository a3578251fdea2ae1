"""Marking: who changes a chart says so here, in the same transaction; the summary is then made anew."""

from collections.abc import Collection
from datetime import datetime

from afterglow.clinic.measures.lookups import TOTALS
from afterglow.clinic.outcomes.models import StaleCourse

_READ = frozenset(TOTALS.values())


def mark_stale(patient_id: str, now: datetime) -> None:
    """Note that a chart has changed; one statement, whether it was marked before or not."""
    StaleCourse.objects.bulk_create(
        [StaleCourse(patient_id=patient_id, marked_at=now)],
        update_conflicts=True,
        unique_fields=["patient"],
        update_fields=["marked_at"],
    )


def mark_facts(patient_id: str, names: Collection[str], now: datetime) -> None:
    """Note that answers of a chart were recorded or ended, where the figures read one of them."""
    if not _READ.isdisjoint(names):
        mark_stale(patient_id, now)
