"""The newest C-SSRS of a person, whichever way it came: a form, the chart, before the dose or after it in a session."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from afterglow.chairside.dosing import find_start
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.clinic.measures.charted import list_charted
from afterglow.clinic.measures.in_session import read_told
from afterglow.clinic.measures.models import MeasureResult
from afterglow.clinic.measures.models.forms import LINK
from afterglow.clinic.measures.risk import CSSRS, read_behaviour, read_ideation
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.risk import RECENT
from afterglow.clinicday.screens import Look, judge_look

CHART, FORM, PHONE, SESSION, LEAVING = "chart", "form", "phone", "session", "leaving"
_RESULT = Prepared(
    lambda patient: (
        MeasureResult.objects.filter(form__patient=patient, instrument__in=CSSRS)
        .select_related("form")
        .order_by("-observed_at", "-recorded_at", "-number")[:1]
    )
)


@dataclass(frozen=True, slots=True)
class LastScreen:
    """One C-SSRS with its day, its instant, and where it was asked; of some entries only the day is known."""

    on: date
    at: datetime
    has_time: bool
    ideation: int | None
    behaviour: str | None
    source: str

    def judge(self, now: datetime, today: date) -> Look:
        """Return how it looks at an instant of a local day."""
        age = (now - self.at).total_seconds() / 60 if self.has_time else None
        return judge_look(self.ideation, self.behaviour, age_min=age, age_d=(today - self.on).days)


def find_last(patient: Any, sessions: Iterable[Any]) -> LastScreen | None:
    """Return the newest C-SSRS of any source, or None; of two at one instant the worse.

    `sessions` are the person's, newest first.
    """
    found = [*_read_chart(patient), *_read_form(patient), *_read_session(patient, sessions)]
    return max(found, key=lambda each: (each.at, each.ideation or 0, each.behaviour == RECENT), default=None)


def _read_chart(patient: Any) -> Iterable[LastScreen]:
    for each in list_charted(patient)[-1:]:
        yield LastScreen(each.on, each.at, each.has_time, each.ideation, each.behaviour, CHART)


def _read_form(patient: Any) -> Iterable[LastScreen]:
    row = _RESULT.find(patient=patient)
    if row is not None:
        source, on = PHONE if row.form.way == LINK else FORM, get_local_date(patient.site, row.observed_at)
        yield LastScreen(on, row.observed_at, True, read_ideation(row), read_behaviour(row), source)


def _read_session(patient: Any, sessions: Iterable[Any]) -> Iterable[LastScreen]:
    """Return the last screen of the newest session that has one; sessions before it are not read."""
    for session in sessions:
        state = load_state(session)
        rows = sorted(read_told(state), key=lambda row: row.at)
        if rows:
            last, start = rows[-1], find_start(state)
            source = LEAVING if start is not None and last.at > start else SESSION
            on = get_local_date(patient.site, last.at)
            yield LastScreen(on, last.at, True, last.ideation, last.behaviour, source)
            return
