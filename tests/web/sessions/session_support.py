"""A small cast around one session, and the requests a screen sends."""

from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.dosing_sessions.actions import open_session, submit_command
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people.models import Patient, User
from afterglow.clinic.sites.models import Site
from tests.storage_support import make_site, make_user

PIN = "918273"


class Cast:
    """A nurse, a prescriber, a colleague elsewhere, a patient, and an infusion session."""

    def __init__(self, protocol_id: str = "iv-racemic") -> None:
        """Build everything at the present."""
        self.now: datetime = timezone.now() - timedelta(hours=2)
        self.site: Site = make_site()
        self.nurse: User = make_user("nora", self.site, "nurse")
        self.prescriber: User = make_user("petra", self.site, "prescriber")
        self.therapist: User = make_user("theo", self.site, "therapist")
        self.manager: User = make_user("manu", self.site, "manager")
        self.stranger: User = make_user("stan", make_site("Other House"), "nurse")
        self.patient = Patient.objects.create(
            site=self.site,
            number="000-104",
            family_name="Demo",
            given_name="Alder",
            birth_on=date(1983, 4, 12),
            created_at=self.now,
            created_by=self.nurse,
        )
        self.session: Session = open_session(
            patient=self.patient, plan=None, site=self.site, by=self.prescriber, now=self.now, protocol_id=protocol_id
        )

    def say(self, command: str, data: dict[str, Any] | None = None, *, by: User | None = None, after_s: int = 0) -> Any:
        """Submit a command as the clinic does, some seconds after the session was opened."""
        at = self.now + timedelta(seconds=after_s)
        return submit_command(session=self.session, type=command, data=data or {}, by=by or self.nurse, now=at)

    def client(self, user: User | None = None) -> Client:
        """Return a signed-in browser."""
        client = Client()
        client.force_login(user or self.nurse)
        return client

    def url(self, name: str = "session") -> str:
        """Return an address of the session."""
        return reverse(f"web:{name}", args=[self.session.pk])
