"""What was answered and rated inside sessions, as measures read it: nobody is asked twice on one day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterglow.chairside.dosing import find_start
from afterglow.chairside.screens import list_told
from afterglow.clinic.dosing_sessions.fold import load_states
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinicday.measures import load_measures
from afterglow.clinicday.risk import NONE, RECENT
from afterglow.instruments import load_instruments

SINCE = "c-ssrs-since-contact"
SCREENED, SCORED, VITALS = "suicide-screen-recorded", "score-recorded", "vitals-recorded"
SEDATION = "moaas"


@dataclass(frozen=True, slots=True)
class Screened:
    """The suicide questions as a session recorded them; None is not answered."""

    at: datetime
    ideation: int | None
    behaviour: str | None

    @property
    def is_whole(self) -> bool:
        """Whether both questions were answered."""
        return self.ideation is not None and self.behaviour is not None


def list_screened(patient: Any) -> list[Screened]:
    """Return the suicide questions asked in a person's sessions, oldest first.

    A correction stands beside what it corrects, as that of a form does; what was taken back is left out unless it told
    of suicide.
    """
    found = [row for state in _load(patient) for row in read_told(state)]
    return sorted(found, key=lambda row: row.at)


def list_answered(patient: Any) -> list[tuple[str, datetime, bool]]:
    """Return instrument, instant, and whether it is whole, of what sessions recorded.

    What is asked after a dose counts from the dose on; the same scale before it is the baseline.
    """
    after = {name for measure in load_measures() if measure.moment == "after" for name in measure.any_of}
    found: list[tuple[str, datetime, bool]] = []
    for state in _load(patient):
        start = find_start(state)
        found += [(SINCE, row.at, row.is_whole) for row in _read_screens(state)]
        for instrument, at in _read_scores(state):
            if instrument not in after or (start is not None and at >= start):
                found.append((instrument, at, True))
    return found


def _load(patient: Any) -> Iterator[Any]:
    yield from load_states(Session.objects.filter(patient=patient)).values()


def read_told(state: Any) -> Iterator[Screened]:
    """Yield the suicide questions of one session as they were recorded, corrections beside what they correct."""
    standing = {event.seq for event in state.list(SCREENED)}
    for each in list_told(state):
        is_taken_back = each.event.type == SCREENED and each.event.seq not in standing
        if not is_taken_back or each.level or each.behaviour:
            behaviour = None if each.behaviour is None else RECENT if each.behaviour else NONE
            yield Screened(each.event.occurred_at, each.level, behaviour)


def _read_screens(state: Any) -> Iterator[Screened]:
    for event in state.list(SCREENED):
        behaviour = event.data.get("behaviour")
        told = None if behaviour is None else RECENT if behaviour else NONE
        level = event.data.get("level")
        yield Screened(event.occurred_at, None if level is None else int(level), told)


def _read_scores(state: Any) -> Iterator[tuple[str, datetime]]:
    known = load_instruments()
    for event in state.list(SCORED):
        if event.data.get("scale") in known:
            yield str(event.data["scale"]), event.occurred_at
    for event in state.list(VITALS):
        if event.data.get(SEDATION) is not None:
            yield SEDATION, event.occurred_at
