"""Chooses who comes today: people in treatment who may have a dose, those first who should, then who waited longest."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q

from afterglow.clinic.consents.models import Consent
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans.models import Plan

# nobody is asked to come again sooner than this after a dose
RESTED = timedelta(hours=40)


class Picker:
    """Picks each person once a day."""

    def __init__(self, clock: SimulatedClock) -> None:
        """Read who may come, with the plan they have and when they were last here."""
        today = get_local_date(clock.site, clock.now)
        plans = Plan.objects.filter(patient=OuterRef("pk"), state="signed")
        standing = Consent.objects.filter(patient=OuterRef("pk"), withdrawn_at__isnull=True, expires_on__gte=today)
        rows = Patient.objects.filter(Exists(plans), Exists(standing), site=clock.site)
        self._rows = list(rows.annotate(last_at=Max("sessions__opened_at")).order_by("last_at", "pk"))
        self._protocols = dict(
            Plan.objects.filter(patient__in=self._rows, state="signed").values_list("patient", "protocol")
        )
        self._clock = clock
        self._taken: set[str] = set()

    def pick(self, protocol: str, names: Iterable[str], *, is_new: bool = False, rested: timedelta = RESTED) -> Any:
        """Return somebody under a protocol, or None; `is_new` picks who has had no session yet."""
        wanted = list(names)
        able = [row for row in self._rows if self._may_come(row, protocol, is_new, rested)]
        able.sort(key=lambda row: wanted.index(row.given_name) if row.given_name in wanted else len(wanted))
        if not able:
            return None
        self._taken.add(able[0].pk)
        return able[0]

    def pick_seen(self, since: timedelta, until: timedelta) -> Any:
        """Return somebody whose last visit was between two times ago, or None."""
        now = self._clock.now
        for row in self._rows:
            if row.pk not in self._taken and row.last_at and since <= now - row.last_at <= until:
                self._taken.add(row.pk)
                return row
        return None

    def _may_come(self, row: Any, protocol: str, is_new: bool, rested: timedelta) -> bool:
        if row.pk in self._taken or self._protocols.get(row.pk) != protocol:
            return False
        if is_new:
            return row.last_at is None
        return row.last_at is not None and self._clock.now - row.last_at >= rested


def find_undecided(site: Any) -> Any:
    """Return somebody who is registered and has neither plan nor decision nor visit to come, or None."""
    rows = Patient.objects.filter(
        ~Q(plans__isnull=False), screening_decisions__isnull=True, sessions__isnull=True, site=site
    )
    return rows.exclude(appointments__state__in=("booked", "confirmed", "arrived")).order_by("created_at").first()
