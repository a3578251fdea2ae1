"""Who is on site today: a presence that nobody signed out of ends with its own local day."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from afterglow.clinic.audit import actions as audit
from afterglow.clinic.floor.models import Presence


def list_present(site: Any, now: datetime) -> QuerySet[Presence]:
    """Return the presences that hold: signed in today and not out; yesterday's tells of nobody who is here."""
    zone = ZoneInfo(site.timezone)
    midnight = datetime.combine(now.astimezone(zone).date(), time(0), zone)
    return Presence.objects.filter(site=site, until__isnull=True, since__gte=midnight).select_related("user")


def end_forgotten(site: Any, user: Any, now: datetime) -> None:
    """End what a person forgot to sign out of on an earlier day, at the end of that day."""
    zone = ZoneInfo(site.timezone)
    here = list_present(site, now).values("pk")
    for row in Presence.objects.filter(site=site, user=user, until__isnull=True).exclude(pk__in=here):
        next_day = row.since.astimezone(zone).date() + timedelta(days=1)
        row.until = datetime.combine(next_day, time(0), zone)
        row.save(update_fields=["until"])
        audit.record(by=None, action="presence.lapsed", subject=row, now=now, site=site, detail={"of": str(user.pk)})
