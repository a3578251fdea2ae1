"""Builders for storage tests: a small fixed cast, sessions with events, and an attacker with file access."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from afterglow.clinic.append_only import drop_protection, protect_tables
from afterglow.clinic.chain import calculate_digest, render_canonical
from afterglow.clinic.dosing_sessions.links import Row, chain_rows, store_rows
from afterglow.clinic.dosing_sessions.models import ProtocolSnapshot, Session
from afterglow.clinic.people.models import Patient, PractitionerRole, User
from afterglow.clinic.sites.models import Site

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_site(name: str = "Hall Street") -> Site:
    return Site.objects.create(name=name, timezone="Europe/Vienna", created_at=NOW)


def make_user(username: str = "nina", site: Site | None = None, role: str = "nurse", **fields: Any) -> User:
    user = User.objects.create_user(username, "a long enough word", display_name=username.title(), **fields)
    if site is not None:
        PractitionerRole.objects.create(user=user, site=site, role=role)
    return user


def make_session(site: Site | None = None, number: str = "A-1", events: int = 0) -> Session:
    """Return a stored session with so many plain events, as the store itself writes them."""
    site = site or make_site()
    user = User.objects.filter(username="opener").first() or make_user("opener", site)
    patient = Patient.objects.create(
        site=site,
        number=number,
        family_name="Example",
        given_name=number,
        birth_on=date(1980, 1, 1),
        created_at=NOW,
        created_by=user,
    )
    body = render_canonical({"id": "test"})
    snapshot, _ = ProtocolSnapshot.objects.get_or_create(
        hash=calculate_digest(body), defaults={"protocol": "test", "body": body, "recorded_at": NOW}
    )
    session = Session(patient=patient, site=site, protocol=snapshot, opened_at=NOW, opened_by=user)
    session.save(force_insert=True)
    if events:
        append(session, events)
    return session


def append(session: Session, count: int = 1, data: dict[str, Any] | None = None) -> None:
    at = NOW + timedelta(seconds=session.last_seq)
    rows = [
        Row("vitals-recorded", 1, at, at, "nina", render_canonical(data or {"systolic_mmhg": 120 + n}))
        for n in range(count)
    ]
    store_rows(session, chain_rows(session, rows))
    session.save()


def attack(statement: str, parameters: list[Any] | None = None) -> None:
    """Run raw SQL as somebody who can write the database file: the triggers are gone, then back as they were."""
    drop_protection()
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA defer_foreign_keys=ON")
        cursor.execute(statement, parameters or [])
        assert cursor.rowcount > 0, "the attack changed nothing"
    protect_tables()
