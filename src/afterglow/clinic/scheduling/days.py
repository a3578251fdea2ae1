"""Loads days of a site as the pure rules read them: a fixed number of queries, however many days and visits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.people.models import PractitionerRole
from afterglow.clinic.scheduling.models import CLINIC, HOLDING, Appointment, Block, Qualification, StaffHours
from afterglow.clinic.scheduling.occupancy import Occupied, describe_unplanned, extend, load_occupied
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.booking import Day, Held, Names, Spans, Window, cut_short, subtract

PRESCRIBING = ("prescriber", "medical-director")


@dataclass(slots=True)
class Span:
    """Everything about some days of a site that a booking asks for."""

    site: Any
    zone: ZoneInfo
    first: date
    last: date
    hours: list[StaffHours]
    blocks: list[Block]
    visits: list[Appointment]
    places: list[Place]
    roles: list[tuple[str, str]]
    users: Mapping[str, Any]
    qualifications: Mapping[tuple[str, str], date]
    # (role, user or None) of everybody whose hours were ever recorded
    recorded: frozenset[tuple[str, str | None]]
    # the sessions that run now, by key; only where the span was asked for as of now and holds today
    occupied: Mapping[str, Occupied] = field(default_factory=dict)
    _days: dict[date, Day] = field(default_factory=dict)

    @property
    def names(self) -> Names:
        """Return the words for people, places and instants of this site."""
        return Names(
            users={key: short_name(user.display_name) for key, user in self.users.items()},
            places={place.pk: place.name for place in self.places},
            clock=lambda instant: f"{instant.astimezone(self.zone):%H:%M}",
        )

    @property
    def nurses(self) -> list[Any]:
        """Return the active nurses, by name."""
        return self.list_users("nurse")

    def list_users(self, *roles: str) -> list[Any]:
        """Return the active people who hold one of some roles, by name."""
        wanted = dict.fromkeys(user for user, role in self.roles if role in roles)
        return sorted((self.users[user] for user in wanted), key=lambda user: user.display_name)

    def get_day(self, on: date) -> Day:
        """Return one day as the rules read it."""
        if on not in self._days:
            self._days[on] = _build_day(self, on)
        return self._days[on]

    def list_days(self) -> Iterable[date]:
        """Yield the days of the span."""
        return (self.first + timedelta(days=step) for step in range((self.last - self.first).days + 1))

    def forget_day(self, on: date) -> None:
        """Read a day anew the next time it is asked for, because a visit was added to it."""
        self._days.pop(on, None)


def localise(zone: ZoneInfo, on: date, at: time) -> datetime:
    """Return the instant of a local time; of two with the same name the first, of none the one an hour on."""
    return datetime.combine(on, at, tzinfo=zone).astimezone(UTC)


def is_skipped(zone: ZoneInfo, on: date, at: time) -> bool:
    """Return whether the clocks leave a local time out on a day."""
    return localise(zone, on, at).astimezone(zone).time() != at


def get_bounds(zone: ZoneInfo, first: date, last: date | None = None) -> tuple[datetime, datetime]:
    """Return the instants at which local days begin and end; a day of a clock change has 23 or 25 hours."""
    return localise(zone, first, time(0)), localise(zone, (last or first) + timedelta(days=1), time(0))


def load_span(site: Any, first: date, last: date | None = None, *, now: datetime | None = None) -> Span:
    """Return some days of a site, read with a fixed number of queries.

    With `now`, today is as its sessions really go: whoever sits in a place holds it until the earliest leaving.
    """
    zone = ZoneInfo(site.timezone)
    until = last or first
    begins_at, ends_at = get_bounds(zone, first, until)
    roles = PractitionerRole.objects.filter(site=site, user__is_active=True).select_related("user")
    staff = list(roles)
    hours = StaffHours.objects.filter(site=site).exclude(on__lt=first).exclude(on__gt=until).select_related("user")
    visits = Appointment.objects.filter(
        site=site, state__in=(*HOLDING, "done"), starts_at__lt=ends_at, ends_at__gt=begins_at
    ).select_related("patient", "series")
    blocks = Block.objects.filter(site=site, ended_at__isnull=True, begins_at__lt=ends_at, ends_at__gt=begins_at)
    held = Qualification.objects.filter(site=site)
    listed = list(hours)
    users: dict[str, Any] = {row.user_id: row.user for row in staff}
    users |= {row.user_id: row.user for row in listed if row.user_id and row.user_id not in users}
    return Span(
        site=site,
        zone=zone,
        first=first,
        last=until,
        hours=listed,
        blocks=list(blocks),
        visits=list(visits),
        places=sorted(Place.objects.filter(site=site), key=lambda place: sort_name(place.name)),
        roles=[(row.user_id, row.role) for row in staff],
        users=users,
        qualifications={(row.user_id, row.kind): row.valid_until for row in held},
        occupied=load_occupied(site, now) if now is not None and begins_at <= now < ends_at else {},
        recorded=frozenset(StaffHours.objects.filter(site=site).values_list("role", "user").distinct().order_by()),
    )


def sort_name(name: str) -> list[tuple[int, str]]:
    """Return a key that puts Chair 2 before Chair 10 and rooms where their number puts them."""
    numbers = [part for part in name.split() if part.isdigit()]
    return [(int(numbers[0]) if numbers else 1_000_000, name)]


def short_name(name: str) -> str:
    """Return `P. Nadkarni` for `Priya Nadkarni`; a title stays."""
    words = name.split()
    if len(words) < 2:
        return name
    if words[0].endswith("."):
        return f"{words[0]} {words[-1]}"
    return f"{words[0][0]}. {words[-1]}"


def describe_held(row: Appointment) -> Held:
    """Return an appointment as the rules read it."""
    spans = Spans(row.starts_at, row.dose_at, row.dose_ends_at, row.ends_at)
    if row.state == "done" and row.ended_at is not None and row.ended_at < row.ends_at:
        spans = cut_short(spans, max(row.ended_at, row.starts_at))
    return Held(
        id=row.pk,
        patient=row.patient_id,
        spans=spans,
        place=row.place_id or "",
        nurse=row.nurse_id or "",
        clinician=row.clinician_id or "",
    )


def _build_day(span: Span, on: date) -> Day:
    begins_at, ends_at = get_bounds(span.zone, on)
    rows = [row for row in span.hours if row.on == on or (row.on is None and row.weekday == on.weekday())]
    return Day(
        held=_list_held(span, begins_at, ends_at),
        blocks=tuple(
            Window(row.begins_at, row.ends_at, row.user_id or "", row.place_id or "", row.reason)
            for row in span.blocks
            if row.begins_at < ends_at and row.ends_at > begins_at
        ),
        open=_list_open(span, rows, on),
        prescribers=_list_presence(span, rows, on, PRESCRIBING),
        shifts=_list_shifts(span, rows, on),
    )


def find_held(span: Span, row: Appointment) -> Held:
    """Return a visit as the rules read it, as its session really goes where one runs."""
    held = describe_held(row)
    occupied = span.occupied.get(row.session_id or "")
    return held if occupied is None else extend(held, occupied, _find_place(span, occupied.place))


def _list_held(span: Span, begins_at: datetime, ends_at: datetime) -> tuple[Held, ...]:
    known = {row.session_id for row in span.visits}
    held = [find_held(span, row) for row in span.visits]
    held += [
        describe_unplanned(each, _find_place(span, each.place))
        for key, each in span.occupied.items()
        if key not in known
    ]
    return tuple(each for each in held if each.spans.starts_at < ends_at and each.spans.ends_at > begins_at)


def _find_place(span: Span, name: str) -> str:
    return next((place.pk for place in span.places if place.name == name), "")


def _to_window(span: Span, row: StaffHours, on: date) -> Window:
    return Window(localise(span.zone, on, row.begins), localise(span.zone, on, row.ends), row.user_id or "")


def _list_open(span: Span, rows: list[StaffHours], on: date) -> tuple[Window, ...] | None:
    """Return when the clinic is open; hours of one day replace those of the week."""
    if not any(role == CLINIC for role, _ in span.recorded):
        return None
    return _cut(span, [row for row in rows if row.role == CLINIC], on)


def _cut(span: Span, rows: list[StaffHours], on: date) -> tuple[Window, ...]:
    """Return the windows of some rows of one day: a day's own hours replace the week's, times away are taken out."""
    present, away = [], []
    for user in dict.fromkeys(row.user_id for row in rows):
        own = [row for row in rows if row.user_id == user]
        dated = [row for row in own if row.on is not None and not row.is_away]
        present += dated or [row for row in own if row.on is None and not row.is_away]
        away += [row for row in own if row.is_away]
    return subtract((_to_window(span, row, on) for row in present), [_to_window(span, row, on) for row in away])


def _list_presence(span: Span, rows: list[StaffHours], on: date, roles: tuple[str, ...]) -> tuple[Window, ...] | None:
    """Return when somebody of some roles is there; None where nobody's hours were ever recorded."""
    if not any(role in roles for role, _ in span.recorded):
        return None
    blocked = [
        Window(row.begins_at, row.ends_at, row.user_id or "") for row in span.blocks if row.user_id and not row.place_id
    ]
    return subtract(_cut(span, [row for row in rows if row.role in roles], on), blocked)


def _list_shifts(span: Span, rows: list[StaffHours], on: date) -> dict[str, tuple[Window, ...]]:
    known = dict.fromkeys(user for _, user in span.recorded if user)
    return {str(user): tuple(_cut(span, [row for row in rows if row.user_id == user], on)) for user in known}
