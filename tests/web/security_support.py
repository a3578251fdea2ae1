"""One clinic with rows of every kind, a principal of every sort, and requests that are rolled back after they ran."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.documents.actions import file_document
from afterglow.clinic.documents.models import Document
from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.fold import forget_states
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.people import accounts
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Allergy, Patient, User
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.screening import actions as screening
from afterglow.clinic.sites.models import Place
from tests import factories
from tests.factories import PASSWORD, TEXTS, Cast, get_text, make_cast, make_patient
from tests.web import matrix

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
ROLES = ("frontdesk", "nurse", "prescriber", "therapist", "manager", "medical-director", "researcher", "auditor")
# `split` is the front desk here and a nurse elsewhere: what is held at one site must not open the other
PRINCIPALS = ("anonymous", *ROLES, "roleless", "far-nurse", "far-prescriber", "split")
NOWHERE = "0" * 20
PROTOCOL = "iv-racemic"


@dataclass(slots=True)
class House:
    """The clinic: who works in it, and one row of each kind by name."""

    cast: Cast
    now: datetime
    users: dict[str, User] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    alder: Any = None
    birch: Any = None
    cedar: Any = None
    dahlia: Any = None
    session: Any = None
    document: Any = None
    consent: Any = None
    allergy: Any = None
    text: Any = None
    token: str = ""

    @property
    def patients(self) -> tuple[Patient, ...]:
        """Every patient of the clinic."""
        return self.alder, self.birch, self.cedar, self.dahlia

    def client(self, principal: str, **options: Any) -> Client:
        """Return a browser of that principal, signed in unless it is anonymous."""
        client = Client(raise_request_exception=False, **options)
        if principal != "anonymous":
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[principal]
        return client


def build_house() -> House:
    """Return a clinic in which every page has something to show."""
    now = timezone.now() - timedelta(minutes=1)
    cast = make_cast()
    Place.objects.create(site=cast.site, name="Room 1")
    house = House(cast, now)
    _add_people(house)
    _add_alder(house)
    _add_birch(house)
    house.cedar = _make_ready(house, family_name="Beispielova", given_name="Cedar")
    plans.draft_plan(patient=house.cedar, protocol_id=PROTOCOL, indication="trd", by=cast.owner, now=now)
    house.dahlia = _make_ready(house, family_name="Musterova", given_name="Dahlia")
    _sign_plan(house, house.dahlia)
    newcomer = User.objects.create_user("newcomer", display_name="Newcomer", created_at=now)
    house.token = accounts.make_setup_link(user=newcomer, by=None, now=now)
    for room in matrix.list_rooms():
        getattr(room, "furnish", lambda house: None)(house)
    return house


@contextmanager
def rolled_back() -> Iterator[None]:
    """Run requests whose every change is undone afterwards."""
    forget_states()
    try:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)
    finally:
        forget_states()


def count_stored() -> dict[str, int]:
    """Return how many rows there are of everything a person can cause, by table; reads and throttles left out."""
    from django.apps import apps

    left_out = {"readevent", "readbatch", "chainhead", "throttle", "session_data", "session"}
    found = {}
    for model in apps.get_models():
        label = model._meta.label_lower
        is_ours = model.__module__.startswith("afterglow.")
        if is_ours and (model._meta.model_name not in left_out or label == "dosing_sessions.session"):
            found[label] = model.objects.count()
    return found


def _add_people(house: House) -> None:
    here, there, now = house.cast.site, house.cast.elsewhere, house.now
    sites = {role: [(here, role)] for role in ROLES}
    sites |= {"roleless": [], "far-nurse": [(there, "nurse")], "far-prescriber": [(there, "prescriber")]}
    sites["split"] = [(here, "frontdesk"), (there, "nurse")]
    for name, held in sites.items():
        user = accounts.create_user(
            username=f"the-{name}", display_name=f"The {name}", password=PASSWORD, by=None, now=now
        )
        for site, role in held:
            accounts.give_role(user=user, site=site, role=role, by=None, now=now)
        house.users[name] = User.objects.get(pk=user.pk)
        client = Client()
        client.force_login(house.users[name], backend=BACKEND)
        house.cookies[name] = client.cookies[settings.SESSION_COOKIE_NAME].value


def _make_ready(house: House, **names: str) -> Patient:
    cast, now = house.cast, house.now
    patient = factories.fill_chart(cast, make_patient(cast, **names), now=now)
    factories.decide(cast, patient, PROTOCOL, now=now)
    house.text = get_text(TEXTS[PROTOCOL])
    house.consent = factories.sign(cast, patient, PROTOCOL, now=now)
    return patient


def _sign_plan(house: House, patient: Patient) -> Any:
    by, now = house.cast.owner, house.now
    draft = plans.draft_plan(patient=patient, protocol_id=PROTOCOL, indication="trd", by=by, now=now)
    return plans.sign_plan(plan=draft, by=by, now=now)


def _add_alder(house: House) -> None:
    """The patient with a signed plan and a running session."""
    cast, now = house.cast, house.now
    house.alder = _make_ready(house, family_name="Exemplarova", given_name="Alderina")
    consents.confirm_consent(consent=house.consent, by=cast.nurse, now=now)
    plan = _sign_plan(house, house.alder)
    house.session = open_session(patient=house.alder, plan=plan, site=cast.site, place="Room 1", by=cast.nurse, now=now)
    people.record_preference(patient=house.alder, text="Dim light and quiet music", by=cast.nurse, now=now)
    house.document = file_document(
        patient=house.alder, kind="referral", title="Referral", body=b"%PDF-1.7 referral", by=cast.nurse, now=now
    )


def _add_birch(house: House) -> None:
    """The patient in whom the screening finds a stop that a director may override, and two cautions."""
    cast, now = house.cast, house.now
    found = {
        "history__raised_intracranial_pressure": True,
        "history__raised_intraocular_pressure": True,
        "history__uncontrolled_seizures": True,
    }
    patient = make_patient(cast, family_name="Specimenova", given_name="Birch")
    house.birch = factories.fill_chart(cast, patient, now=now, **found)
    made = factories.run(cast, house.birch, PROTOCOL, now=now)
    screening.accept_caution(run=made, rule="C-19", mitigation="Neurologist agreed", by=cast.owner, now=now)
    house.allergy = people.record_allergy(patient=house.birch, substance="Latex", by=cast.nurse, now=now)


__all__ = [
    "NOWHERE",
    "PRINCIPALS",
    "ROLES",
    "Allergy",
    "Consent",
    "Document",
    "House",
    "Session",
    "build_house",
    "count_stored",
    "rolled_back",
]
