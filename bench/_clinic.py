"""A big clinic for the web benchmarks: one patient made through the program's own actions, then many copies in bulk.

Copies are rows with identifiers of their own; every session's chain and the site's chain are calculated anew with the
clinic's key, so that `afterglow audit verify` finds the clinic intact. Today's running sessions are made by commands.
"""

import os
import random
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PASSWORD = "bench-only-bench-only"
SESSIONS_EACH = 10
EVENTS_EACH = 36
# what a session can do without, left out in this order until so many events are left
SPARED = ("symptom-recorded", "score-recorded", "vitals-recorded")
# a smoke run only shows that it works
RUNNING = 3 if os.environ.get("AFTERGLOW_BENCH") == "smoke" else 20
BATCH = 2000
FIRST_NAMES = (
    "Aspen",
    "Birch",
    "Cedar",
    "Dahlia",
    "Elm",
    "Fern",
    "Ginkgo",
    "Hazel",
    "Iris",
    "Juniper",
    "Laurel",
    "Maple",
)
LAST_NAMES = ("Demo", "Example", "Fictive", "Mock", "Placeholder", "Sample", "Specimen", "Template", "Test")


@dataclass(frozen=True, slots=True)
class Size:
    """How many patients; sessions and events follow."""

    patients: int

    @property
    def sessions(self) -> int:
        """Sessions that have ended."""
        return self.patients * SESSIONS_EACH


def build_clinic(folder: Path, size: Size, *, url: str = "") -> dict[str, float]:
    """Make the clinic in a folder that is empty; return seconds by stage."""
    from afterglow.clinic.setup import make_clinic

    took: dict[str, float] = {}
    began = time.perf_counter()

    def note(name: str) -> None:
        nonlocal began
        took[name] = time.perf_counter() - began
        began = time.perf_counter()

    make_clinic(folder, url=url, is_demonstration=True)
    note("empty clinic")
    template = _make_template()
    note("one patient by commands")
    _hurry()
    patients = list(_copy_patients(template, size.patients))
    note(f"{size.patients} patients")
    _copy_sessions(template, patients)
    note(f"{size.sessions} sessions")
    # last, so that they have run for as long as sessions of a day have, however long the copying took
    _run_today(template)
    note(f"{RUNNING} running sessions by commands")
    return took


def _hurry() -> None:
    """Let this one connection to an embedded database copy without waiting for the disk, its indexes in memory."""
    from django.db import connection

    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for pragma in ("synchronous=OFF", "journal_mode=MEMORY", "cache_size=-2000000", "temp_store=MEMORY"):
                cursor.execute(f"PRAGMA {pragma}")


@dataclass(slots=True)
class Template:
    """What is copied: the site, one person's rows, one ended session with its events."""

    site: Any
    cast: Any
    story: Any
    session: Any
    now: datetime


def _make_template() -> Template:
    from django.db import transaction

    from afterglow.clinic.demo.cast import add_staff
    from afterglow.clinic.demo.clock import SimulatedClock
    from afterglow.clinic.demo.story import Person, Story
    from afterglow.clinic.demo.visits import Visit, play_infusion
    from afterglow.clinic.sites.actions import add_place, create_site

    now = datetime.now(UTC)
    founded = now - timedelta(days=800)
    with transaction.atomic():
        site = create_site(
            name="Benchmark clinic", timezone="America/New_York", address="1 Nowhere Street, Anytown",
            phone="555-0100", emergency_number="911", crisis_line="988", paper="letter", jurisdiction="us",
            is_demonstration=True, can_resuscitate=True, by=None, now=founded,
        )  # fmt: skip
        for number in range(1, RUNNING + 1):
            add_place(site=site, name=f"Room {number:02}", by=None, now=founded)
        cast = add_staff(site=site, password=PASSWORD, now=founded)
        person = Person("Demo", "Alder", date(1983, 4, 12), "iv-racemic", "72.0", escort="Demo, Ivy")
        story = Story(person, cast=cast, site=site, clock=SimulatedClock(site, now=now))
        story.prepare(150)
        visit = Visit(story, story.ago(140), place="Room 01")
        play_infusion(visit)
        story.tell()
    return Template(site, cast, story, visit.session, now)


def renew_today() -> int:
    """Let the running sessions of a kept clinic end where they are over an hour old, and begin others by commands.

    Return how many ended.
    """
    from django.db import transaction

    from afterglow.clinic.demo.cast import find_cast
    from afterglow.clinic.demo.clock import SimulatedClock
    from afterglow.clinic.demo.closing import finish_session
    from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
    from afterglow.clinic.sites.models import Site

    now = datetime.now(UTC)
    running = list(Session.objects.filter(phase__in=LIVE_PHASES, is_closed=False))
    if running and min(each.opened_at for each in running) > now - timedelta(hours=2):
        return 0
    site = Site.objects.get()
    cast = find_cast(site)
    for session in running:
        with transaction.atomic():
            finish_session(session, cast, SimulatedClock(site, now=now))
    _run_today(Template(site, cast, None, None, now))
    return len(running)


def _run_today(template: Template) -> None:
    """Give twenty people an infusion that is running now, each at a place of their own."""
    from django.db import transaction

    from afterglow.clinic.demo.clock import SimulatedClock
    from afterglow.clinic.demo.story import Person, Story
    from afterglow.clinic.demo.visits import Visit

    now = datetime.now(UTC)
    for number in range(RUNNING):
        name = FIRST_NAMES[number % len(FIRST_NAMES)]
        person = Person(
            "Running",
            f"{name} {number} {now:%d%H}",
            date(1970 + number, 5, 6),
            "iv-racemic",
            "70.0",
            escort="Demo, Ivy",
        )
        with transaction.atomic():
            clock = SimulatedClock(template.site, now=now)
            story = Story(person, cast=template.cast, site=template.site, clock=clock)
            story.prepare(20)
            visit = Visit(story, story.ago(0, -40 - number % 10), place=f"Room {number + 1:02}")
            visit.get_ready()
            visit.start(24)
            visit.vitals(30, 132 + number % 9, 82)
            story.tell()


# ---- patients --------------------------------------------------------------------------------


def _copy_patients(template: Template, count: int) -> Iterator[dict[str, str]]:
    """Copy the template's person with chart, screening, consent and plan; yield each one's identifiers."""
    from django.db import transaction

    groups = _gather_rows(template)
    rng = random.Random(20261122)
    numbers = iter(range(count))
    while block := list(islice(numbers, 200)):
        made: list[dict[str, str]] = []
        rows: dict[type, list[Any]] = {model: [] for model, _ in groups}
        for number in block:
            ids: dict[str, str] = {}
            for model, originals in groups:
                rows[model] += [_copy_row(row, ids, number, rng) for row in originals]
            made.append(ids)
        with transaction.atomic():
            for model, copies in rows.items():
                model._base_manager.bulk_create(copies, batch_size=BATCH)  # type: ignore[attr-defined]
        yield from made


def _gather_rows(template: Template) -> list[tuple[type, list[Any]]]:
    """Return the template's rows by model, what others point at first; sessions and what hangs on them left out."""
    from afterglow.clinic.consents.models import Consent, ConsentTalk
    from afterglow.clinic.people import models as people
    from afterglow.clinic.plans.models import Plan
    from afterglow.clinic.screening.models import ScreeningDecision, ScreeningRun

    patient = template.story.patient
    listed: list[tuple[type, Any]] = [(people.Patient, people.Patient.objects.filter(pk=patient.pk))]
    for name in ("Escort", "HistoryFact", "Allergy", "ProblemEntry", "MedicationStatement", "MedicationTrial"):
        model = getattr(people, name)
        listed.append((model, model.objects.filter(patient=patient)))
    listed.append((people.Measurement, people.Measurement.objects.filter(patient=patient)[:12]))
    for model in (ScreeningRun, ConsentTalk, Consent):
        listed.append((model, model.objects.filter(patient=patient)))
    listed.append((ScreeningDecision, ScreeningDecision.objects.filter(run__patient=patient)))
    listed.append((Plan, Plan.objects.filter(patient=patient).defer(None)))
    return [(model, list(rows)) for model, rows in listed]


def _copy_row(row: Any, ids: dict[str, str], number: int, rng: random.Random) -> Any:
    from copy import copy

    from afterglow.clinic.ids import make_id

    made = copy(row)
    made._state = copy(row._state)
    made._state.fields_cache = {}
    made._state.adding = True
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if field.primary_key:
            if isinstance(value, str):
                ids[value] = make_id()
                setattr(made, field.attname, ids[value])
            else:
                setattr(made, field.attname, None)
        elif field.is_relation and value in ids:
            setattr(made, field.attname, ids[value])
    if row._meta.model_name == "patient":
        from afterglow.clinic.people.models.patients import normalise_name

        made.family_name, made.given_name = rng.choice(LAST_NAMES), f"{rng.choice(FIRST_NAMES)} {number}"
        made.number = f"{number // 1000 + 1:03}-{number % 1000:03}x"
        made.search_key = normalise_name(made.family_name, made.given_name, made.preferred_name, made.number)
    return made


# ---- sessions --------------------------------------------------------------------------------

EVENT_COLUMNS = (
    "session_id", "seq", "type", "version", "occurred_at", "recorded_at", "by", "second", "body", "previous", "hash",
)  # fmt: skip


def _copy_sessions(template: Template, patients: Iterable[dict[str, str]]) -> None:
    """Copy the ended session ten times for each person, and chain events, sessions and site as the program does."""
    from django.db import transaction

    from afterglow.clinic.dosing_sessions.models import EventNote, Session, SessionEvent, SiteAnchor

    pattern = _take_events(SessionEvent.objects.filter(session=template.session).order_by("seq"))
    chain = SiteChain(str(template.site.pk))
    people = iter(patients)
    while block := list(islice(people, 100)):
        sessions: list[Any] = []
        rows: list[tuple[Any, ...]] = []
        notes: list[Any] = []
        for ids in block:
            for back in range(SESSIONS_EACH):
                shift = timedelta(days=-60 + 7 * back)
                session = _copy_session(template, ids, shift)
                _chain(session, pattern, ids, shift, rows, notes)
                sessions.append(session)
        with transaction.atomic():
            Session.objects.bulk_create(sessions, batch_size=BATCH)
            EventNote.objects.bulk_create(notes, batch_size=BATCH)
            _insert_events(rows)
            SiteAnchor.objects.bulk_create([chain.anchor(session) for session in sessions], batch_size=BATCH)
            chain.store()


@dataclass(frozen=True, slots=True)
class Pattern:
    """One event to copy, and the notes that its payload names."""

    row: Any
    body: bytes
    notes: tuple[tuple[Any, str], ...]


def _take_events(rows: Any) -> list[Pattern]:
    """Return some of the session's events: of those that it can do without, the first are left out."""
    from afterglow.clinic.chain import parse_canonical, to_bytes
    from afterglow.clinic.dosing_sessions.models import EventNote
    from afterglow.clinic.dosing_sessions.texts import find_references

    listed = list(rows)
    surplus = len(listed) - EVENTS_EACH
    spared = [row.seq for kind in SPARED for row in listed if row.type == kind][: max(surplus, 0)]
    kept = [row for row in listed if row.seq not in spared]
    return [
        Pattern(
            row,
            to_bytes(row.body),
            tuple(
                (EventNote.objects.get(pk=name), digest) for name, digest in find_references(parse_canonical(row.body))
            ),
        )
        for row in kept
    ]


def _copy_session(template: Template, ids: dict[str, str], shift: timedelta) -> Any:
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.ids import make_id

    old = template.session
    return Session(
        pk=make_id(), patient_id=ids[old.patient_id], plan_id=ids[old.plan_id], site_id=old.site_id, place=old.place,
        protocol_id=old.protocol_id, phase=old.phase, is_closed=True, opened_at=old.opened_at + shift,
        opened_by_id=old.opened_by_id,
    )  # fmt: skip


def _chain(
    session: Any,
    pattern: list[Pattern],
    ids: dict[str, str],
    shift: timedelta,
    rows: list[tuple[Any, ...]],
    notes: list[Any],
) -> None:
    """Add the session's events with their hashes, and the notes that they name; move the session's head."""
    from afterglow.clinic.chain import EMPTY
    from afterglow.clinic.dosing_sessions.links import calculate_event_hash

    previous, row = EMPTY, SimpleNamespace(session=session, session_id=session.pk)
    for seq, old in enumerate(pattern, start=1):
        body = _copy_notes(session, old, shift, notes)
        if seq == 1:
            for before, after in ids.items():
                body = body.replace(before.encode(), after.encode())
        row.seq, row.type, row.version, row.by, row.second = (
            seq,
            old.row.type,
            old.row.version,
            old.row.by,
            old.row.second,
        )
        row.occurred_at, row.recorded_at = old.row.occurred_at + shift, old.row.recorded_at + shift
        row.body, row.previous = body, previous
        previous, before_this = calculate_event_hash(row), previous  # type: ignore[arg-type]
        rows.append((
            session.pk, seq, row.type, row.version, row.occurred_at, row.recorded_at, row.by, row.second, body,
            before_this, previous,
        ))  # fmt: skip
    session.last_seq, session.head_hash, session.last_recorded_at = len(pattern), previous, row.recorded_at


def _copy_notes(session: Any, old: Pattern, shift: timedelta, notes: list[Any]) -> bytes:
    from afterglow.clinic.dosing_sessions.links import calculate_note_digest
    from afterglow.clinic.dosing_sessions.models import EventNote
    from afterglow.clinic.ids import make_id

    body = old.body
    for note, digest in old.notes:
        name = make_id()
        made = EventNote(
            pk=name, session=session, field=note.field, text=note.text, digest=calculate_note_digest(name, note.text),
            recorded_at=note.recorded_at + shift,
        )  # fmt: skip
        body = body.replace(note.pk.encode(), name.encode()).replace(digest.encode(), made.digest.encode())
        notes.append(made)
    return body


def _insert_events(rows: list[tuple[Any, ...]]) -> None:
    """Insert events by the database's own quickest way: many rows of one statement, or COPY."""
    from django.db import connection

    from afterglow.clinic.dosing_sessions.models import SessionEvent

    table, columns = SessionEvent._meta.db_table, ", ".join(f'"{name}"' for name in EVENT_COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copying:
                for row in rows:
                    copying.write_row(row)
            return
        # ten sessions a person on the same days: few instants, many times
        adapt = cache(connection.ops.adapt_datetimefield_value)
        marks = ", ".join("?" * len(EVENT_COLUMNS))
        cursor.connection.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",
            ((*row[:4], adapt(row[4]), adapt(row[5]), *row[6:]) for row in rows),
        )


class SiteChain:
    """The chain of a site, continued in memory and stored once for a block."""

    def __init__(self, site: str) -> None:
        """Begin at the head that stands."""
        from afterglow.clinic.audit.models import ChainHead
        from afterglow.clinic.dosing_sessions.links import get_chain_name

        self.site, self.name = site, get_chain_name(site)
        head = ChainHead.objects.get(name=self.name)
        self.seq, self.head = head.seq, head.head

    def anchor(self, session: Any) -> Any:
        """Return the next anchor."""
        from django.conf import settings

        from afterglow.clinic.chain import calculate_link
        from afterglow.clinic.dosing_sessions.links import list_anchor_parts
        from afterglow.clinic.dosing_sessions.models import SiteAnchor

        row = SiteAnchor(
            site=self.site, session=session.pk, session_seq=session.last_seq, session_hash=session.head_hash,
            recorded_at=session.last_recorded_at,
        )  # fmt: skip
        row.seq, row.previous = self.seq + 1, self.head
        row.hash = calculate_link(settings.CHAIN_KEY, self.head, [self.name, row.seq, *list_anchor_parts(row)])
        self.seq, self.head = row.seq, row.hash
        return row

    def store(self) -> None:
        """Move the stored head and its seal."""
        from django.conf import settings

        from afterglow.clinic.audit.models import ChainHead
        from afterglow.clinic.chain import calculate_seal

        seal = calculate_seal(settings.CHAIN_KEY, self.name, self.seq, self.head)
        ChainHead.objects.filter(name=self.name).update(seq=self.seq, head=self.head, seal=seal)
