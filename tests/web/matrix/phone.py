"""The requests behind the rows of the patients' pages, and of the desk's page of a check-in."""

from datetime import timedelta

from afterglow.clinic.checkins.actions import send_checkin
from afterglow.clinic.scheduling.models import Appointment
from tests.web.matrix.ask import Ask
from tests.web.security_support import House

OWN = {("web:visit-checkin", "POST")}
NOTE = "a visit with a link"


def build_parts(house: House) -> dict[str, str]:
    """Return the parts of addresses; the link of a real visit is tested apart, where no member of staff has it."""
    return {"question": "fall", "item": "9"}


def furnish(house: House) -> None:
    """Add a visit whose link can be ended."""
    starts_at = house.now + timedelta(days=2)
    visit = Appointment.objects.create(
        site=house.cast.site,
        patient=house.alder,
        kind="call",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=1),
        booked_by=house.cast.desk,
        booked_at=house.now,
        note=NOTE,
    )
    send_checkin(appointment=visit, by=house.cast.desk, now=house.now)


def _send(house: House) -> Ask:
    return Ask({"act": "send"})


def _revoke(house: House) -> Ask:
    return Ask({"act": "revoke"}, parts={"visit_id": Appointment.objects.get(note=NOTE).pk})


ASKS = {("web:visit-checkin", "POST send"): _send, ("web:visit-checkin", "POST revoke"): _revoke}
