"""The simulated clock: lets the demonstration act at instants that have passed, and lets no other clinic do so."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from afterglow.clinic.errors import Refused
from afterglow.clinic.sites.models import Site

Result = TypeVar("Result")


class SimulatedClock:
    """The instants at which a demonstration's people act: any that has passed, none that is to come."""

    def __init__(self, site: Site, *, now: datetime) -> None:
        """Refuse a site that is not flagged as a demonstration, or that shares its clinic with one that is not."""
        is_flagged = Site.objects.filter(pk=site.pk, is_demonstration=True).exists()
        if not is_flagged or Site.objects.filter(is_demonstration=False).exists():
            raise Refused("not-a-demonstration", "only a clinic flagged as a demonstration has a simulated clock")
        self.site, self.now = site, now

    def act(self, instant: datetime, what: Callable[[datetime], Result]) -> Result:
        """Act as of an instant and return what came of it."""
        return what(self.check(instant))

    def check(self, instant: datetime) -> datetime:
        """Return an instant that has passed; refuse one that is still to come."""
        if instant > self.now:
            raise Refused("instant-to-come", f"{instant.isoformat()} has not passed yet")
        return instant
