"""How a form is asked for on the phone: for how long its link opens it, when it is reminded of, how many at a time."""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files

from afterglow.clinicday.measures import Due, Standing, load_measures
from afterglow.instruments import get_instrument
from afterglow.terms import Citation, Grade

REMINDERS = ("first_reminder_d", "last_reminder_d")


@dataclass(frozen=True, slots=True)
class Value:
    """One number of the policy with its unit and where it is from."""

    value: int
    unit: str
    citation: Citation


@cache
def load_asking() -> Mapping[str, Value]:
    """Return the policy by name."""
    content = tomllib.loads(files("afterglow.clinicday").joinpath("data/asking.toml").read_text("utf-8"))
    return {
        name: Value(row["value"], row["unit"], Citation(row["source"], row["locator"], Grade(row["grade"])))
        for name, row in content["policy"].items()
    }


def get_link_time() -> timedelta:
    """Return for how long a link opens its form."""
    return timedelta(days=load_asking()["link_days"].value)


def list_reminders(sent_at: datetime, expires_at: datetime) -> list[datetime]:
    """Return when an open form is reminded of: never at or after its end."""
    times = [sent_at + timedelta(days=load_asking()[name].value) for name in REMINDERS]
    return [at for at in times if at < expires_at]


def list_sendable(dues: Sequence[Due], *, sent: Collection[tuple[str, date]], open_now: Collection[str]) -> list[Due]:
    """Return the measures whose form may go to the phone by itself now, in the order of the schedule.

    Only the usual instrument of a row is sent, once for several rows, and never what a clinician rates or what is
    taken after a dose.

    Parameters
    ----------
    sent : pairs of measure and due day
        What was sent by itself before: one link for each time that a measure is due.
    open_now : instruments
        What still waits for answers on the phone.
    """
    moments = {measure.id: measure.moment for measure in load_measures()}
    order = list(moments)
    found: list[Due] = []
    for due in sorted(dues, key=lambda each: order.index(each.measure)):
        usual = get_instrument(due.instruments[0])
        is_own = usual.rater == "self" and bool(usual.items) and moments[due.measure] != "after"
        is_due = due.standing in (Standing.OVERDUE, Standing.DUE) and due.due_on is not None
        if not is_own or not is_due or usual.id in open_now or usual.id in {each.instruments[0] for each in found}:
            continue
        if (due.measure, due.due_on) not in sent:
            found.append(due)
    return found


def count_room(open_now: Collection[str]) -> int:
    """Return how many more forms may go out by themselves while so many wait for answers."""
    return max(load_asking()["most_open"].value - len(open_now), 0)
