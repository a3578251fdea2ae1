"""A visit with a check-in link for tests: the row as a booking leaves it, answers as a form sends them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterglow.clinic.checkins import actions
from afterglow.clinic.checkins.models import CheckIn
from afterglow.clinic.scheduling.models import Appointment
from tests.factories import NOW, Cast, make_cast, make_patient, make_plan

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Visit:
    """A visit, its link, and the cast around it."""

    cast: Cast
    appointment: Appointment
    checkin: CheckIn
    token: str

    def answer(self, question: str, now: datetime = NOW, by: Any = None, **given: Any) -> Any:
        """Store one answer as the page of the question sends it."""
        value = {name: [text] if isinstance(text, str) else text for name, text in given.items()}
        return actions.answer(checkin=self.checkin, question=question, value=value, now=now, by=by)

    def read(self) -> CheckIn:
        """Return the check-in as it is stored now."""
        return CheckIn.objects.select_related("appointment__patient", "appointment__site").get(pk=self.checkin.pk)


def make_appointment(
    cast: Cast, patient: Any, plan: Any = None, *, kind: str = "dosing", starts_at: datetime = NOW + 2 * HOUR
) -> Appointment:
    """Return a booked visit: two hours from now unless said otherwise."""
    is_dosing = kind == "dosing"
    return Appointment.objects.create(
        site=cast.site,
        patient=patient,
        kind=kind,
        protocol=plan.protocol if plan is not None else "",
        plan=plan,
        starts_at=starts_at,
        dose_at=starts_at + HOUR if is_dosing else None,
        dose_ends_at=starts_at + 2 * HOUR if is_dosing else None,
        ends_at=starts_at + 4 * HOUR,
        booked_by=cast.desk,
        booked_at=NOW,
    )


def make_visit(*, kind: str = "dosing", cast: Cast | None = None, **changes: Any) -> Visit:
    """Return a visit of a person with a signed plan (or only registered, where it is no dose) and its link."""
    cast = cast or make_cast()
    plan = make_plan(cast) if kind == "dosing" else None
    patient = plan.patient if plan is not None else make_patient(cast)
    appointment = make_appointment(cast, patient, plan, kind=kind, **changes)
    checkin, token = actions.send_checkin(appointment=appointment, by=cast.desk, now=NOW)
    return Visit(cast, appointment, checkin, token)
