"""The one patient link that a demonstration prints when it starts; no other clinic ever prints one."""

from datetime import datetime, timedelta

from afterglow.clinic.checkins.actions import send_checkin
from afterglow.clinic.people.models import PractitionerRole

AHEAD = timedelta(minutes=20)


def make_demonstration_link(*, now: datetime) -> str | None:
    """Return the token of a new link for the next visit of the demonstration that nobody has answered yet, or None."""
    from afterglow.clinic.scheduling.models import Appointment

    visits = Appointment.objects.filter(site__is_demonstration=True, state__in=("booked", "confirmed"))
    visits = visits.filter(starts_at__gt=now + AHEAD).exclude(checkins__answered__gt=0)
    visit = (
        visits.filter(kind="dosing").order_by("starts_at", "pk").first() or visits.order_by("starts_at", "pk").first()
    )
    if visit is None:
        return None
    desk = PractitionerRole.objects.filter(site=visit.site, role="frontdesk").select_related("user").first()
    if desk is None:
        return None
    _, token = send_checkin(appointment=visit, by=desk.user, now=now)
    return token
