"""The rows of a downtime sheet: which commands one may hold, and how a post of many rows is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from afterglow.terms import InvalidInput
from afterglow.web.sessions.forms import after, before, during
from afterglow.web.sessions.forms.model import BoundField, CommandForm, Field
from afterglow.web.sessions.forms.reading import TIME, read_form

MOST_ROWS = 40
MOST_ADDED = 10
# a time this much earlier than the row before it is the next day's
NIGHT = timedelta(hours=12)
ALREADY = "already_happened"
VITALS = CommandForm(
    "record-vitals",
    lazy("Readings"),
    (
        Field("systolic", lazy("Systolic"), "whole", "mmHg"),
        Field("diastolic", lazy("Diastolic"), "whole", "mmHg"),
        Field("heart_rate", lazy("Heart rate"), "whole", "/min"),
        Field("spo2", lazy("SpO₂"), "number", "%"),
        Field("resp_rate", lazy("Respiration"), "whole", "/min"),
        Field("oxygen_l_per_min", lazy("Oxygen"), "number", "L/min"),
        Field("moaas", lazy("MOAA/S"), "whole", "of 5"),
    ),
    sheet="vitals",
)
_OF_COMMANDS = (
    "record-arrival", "record-weight", "record-access", "record-preparation", "start", "give-device",
    "give-injection", "record-pause", "record-resume", "record-rate-change", "record-pump-reading", "record-stop",
    "record-complete", "record-score", "record-symptom", "record-comfort", "record-drug-given",
    "record-adverse-event", "record-note", "record-left",
)  # fmt: skip
_FOUND = {form.command: form for form in (*before.FORMS, *after.FORMS, *during.FORMS)}
KINDS: Mapping[str, CommandForm] = {"vitals": VITALS, **{name: _FOUND[name] for name in _OF_COMMANDS}}
NUMBER = re.compile(r"[0-9]{1,2}\Z")


@dataclass(slots=True)
class Row:
    """One row as it was written: its kind, its time, what it says, and what became of it."""

    number: int
    kind: str
    time: str = ""
    at: datetime | None = None
    typed: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    message: str = ""
    findings: list[Any] = field(default_factory=list)
    is_fine: bool = False

    @property
    def form(self) -> CommandForm:
        """The form of its kind."""
        return KINDS[self.kind]

    @property
    def prefix(self) -> str:
        """What the names of its fields begin with."""
        return f"r{self.number}."

    @property
    def is_blank(self) -> bool:
        """Whether nothing was written into it."""
        return not self.time and not self.data

    @property
    def is_refused(self) -> bool:
        """Whether it cannot be stored as it stands."""
        return bool(self.problems or self.message)

    @property
    def time_error(self) -> str:
        """What is wrong with its time."""
        return self.problems.get("time", "")

    @property
    def fields(self) -> list[BoundField]:
        """Its fields with what was typed and what is wrong; that it has happened already goes without asking."""
        return [
            BoundField(
                item,
                self.typed.get(f"data.{item.name}", item.value),
                self.problems.get(item.name, ""),
                f"row-{self.number}-{item.name.replace('.', '-')}",
                self.prefix,
            )
            for item in self.form.fields
            if item.name != ALREADY
        ]


def read_rows(posted: QueryDict, day: date, opened_at: datetime, now: datetime) -> list[Row]:
    """Return the rows of a post as they were written, `opened_at` in the clinic's zone, without those taken off."""
    numbers = [int(text) for text in posted.getlist("row")[:MOST_ROWS] if NUMBER.match(text)]
    dropped = posted.get("drop", "")
    rows = []
    for number in dict.fromkeys(numbers):
        kind = posted.get(f"r{number}.kind", "")
        if kind in KINDS and str(number) != dropped:
            rows.append(_read_row(posted, number, kind, now))
    _place_times(rows, day, opened_at)
    return rows


def add_rows(rows: list[Row], kind: str, count: str) -> None:
    """Put some blank rows of a kind at the end, as many as there is room for."""
    if kind not in KINDS:
        return
    wanted = min(int(count), MOST_ADDED) if NUMBER.match(count) else 1
    first = max((row.number for row in rows), default=0) + 1
    room = min(wanted, MOST_ROWS - len(rows))
    rows.extend(Row(number, kind) for number in range(first, first + room) if number < 100)


def _read_row(posted: QueryDict, number: int, kind: str, now: datetime) -> Row:
    row = Row(number, kind, str(posted.get(f"r{number}.time") or "").strip()[:8])
    own = QueryDict(mutable=True)
    own["type"] = row.form.command
    for name, values in posted.lists():
        if name.startswith(f"{row.prefix}data."):
            own.setlist(name.removeprefix(row.prefix), values)
    try:
        entry = read_form(own, now, lambda _command, _sheet: row.form.fields)
    except InvalidInput as error:
        row.message = " ".join(problem.message for problem in error.problems)
        return row
    fixed = {item.name for item in row.form.fields if item.kind == "hidden"}
    row.typed = entry.typed
    row.data = entry.data if set(entry.data) - fixed else {}
    return row


def _place_times(rows: list[Row], day: date, opened_at: datetime) -> None:
    """Give each row its instant: the sheet's day, and the next one once the clock has passed midnight.

    The first row counts from the opening of the session where that lies on the sheet's day.
    """
    zone = opened_at.tzinfo
    before = opened_at if opened_at.date() == day else None
    for row in rows:
        if row.is_blank:
            continue
        match = TIME.match(row.time)
        if not match or int(match[1]) > 23 or int(match[2]) > 59:
            row.problems["time"] = _("Write the time on the sheet, for example 10:25.")
            continue
        clock = time(int(match[1]), int(match[2]))
        at = datetime.combine(day, clock, tzinfo=zone)
        if before is not None and before - at > NIGHT:
            day += timedelta(days=1)
            at = datetime.combine(day, clock, tzinfo=zone)
        row.at = before = at
