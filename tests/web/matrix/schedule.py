"""Requests of the schedule: a visit a week ahead, somebody who waits, a block, and staff hours around the clock."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.models import Appointment, Block, Series, StaffHours, WaitingEntry
from afterglow.clinic.scheduling.waiting import add_waiting
from afterglow.clinic.sites.models import Place
from tests.web.matrix.ask import Ask

OBJECTS = {"visit_id"}
# looking for somebody stores nothing
OWN = {(f"web:{name}", "POST find") for name in ("schedule", "schedule-series", "schedule-waiting")}
LAST = time(23, 55)


def build_parts(house: Any) -> dict[str, str]:
    """Return the visit that the pages show."""
    row = Appointment.objects.filter(site=house.cast.site, kind="dosing").first()
    return {"visit_id": row.pk if row is not None else "0" * 20}


def furnish(house: Any) -> None:
    """Add hours, a visit of a person with a plan, a series without visits, a waiting person and a block."""
    cast, site = house.cast, house.cast.site
    for weekday in range(7):
        for user, role in ((None, "clinic"), (cast.owner, "prescriber"), (cast.nurse, "nurse")):
            rosters.set_hours(
                site=site, user=user, role=role, weekday=weekday, begins=time(0, 5), ends=LAST, by=None, now=house.now
            )
    plan = house.dahlia.plans.get(state="signed")
    visits.book(
        site=site, patient=house.dahlia, kind="dosing", starts_at=at(7, 10), place=Place.objects.get(site=site),
        nurse=cast.nurse, plan=plan, accepted=("SP-1",), by=cast.owner, now=house.now,
    )  # fmt: skip
    Series.objects.create(
        patient=house.dahlia, plan=plan, protocol=plan.protocol, phase="maintenance", total=1,
        began_on=at(7, 10).date(), days=[{"number": 1, "on": at(28, 10).date().isoformat()}], created_at=house.now,
        created_by=cast.owner,
    )  # fmt: skip
    add_waiting(site=site, patient=house.birch, kind="follow-up", by=cast.desk, now=house.now)
    rosters.block_time(
        site=site, begins_at=at(30, 9), ends_at=at(30, 12), reason="cleaning", by=cast.manager, now=house.now
    )


def at(days: int, hour: int) -> datetime:
    """Return an instant of a coming day on the clinic's clock."""
    zone = ZoneInfo("Europe/Vienna")
    on = timezone.localdate(timezone=zone) + timedelta(days=days)
    return datetime.combine(on, time(hour), tzinfo=zone)


def _book(house: Any) -> Ask:
    when = at(3, 9)
    form = {"patient": house.alder.pk, "kind": "assessment", "on": f"{when:%Y-%m-%d}", "at": "09:00"}
    return Ask({**form, "place": Place.objects.get(site=house.cast.site).pk})


def _name(field: str, model: Any, act: str, **lookup: Any) -> Any:
    def build(house: Any) -> Ask:
        return Ask({"act": act, field: model.objects.filter(**lookup).order_by("pk").first().pk})

    return build


def _hours(house: Any) -> Ask:
    given = {"who": house.cast.nurse.pk, "role": "nurse", "on": f"{at(5, 9):%Y-%m-%d}", "begins": "09:00"}
    return Ask({"act": "hours", **given, "ends": "12:00", "is_away": "on"})


def _qualification(house: Any) -> Ask:
    given = {"who": house.cast.nurse.pk, "qualification": "acls", "valid_until": f"{at(300, 9):%Y-%m-%d}"}
    return Ask({"act": "qualification", **given})


def _block(house: Any) -> Ask:
    when = at(40, 9)
    given = {"what": "site", "begins": f"{when:%Y-%m-%d}T09:00", "ends": f"{when:%Y-%m-%d}T12:00", "reason": "painting"}
    return Ask({"act": "block", **given})


def _begin(house: Any) -> Ask:
    given = {"patient": house.dahlia.pk, "starts_on": f"{at(9, 9):%Y-%m-%d}", "count": "2", "at": "09:00"}
    return Ask({"act": "begin", **given})


def _add(house: Any) -> Ask:
    return Ask({"act": "add", "patient": house.alder.pk, "kind": "follow-up", "urgency": "soon"})


def _find(house: Any) -> Ask:
    return Ask({"act": "find", "q": house.alder.family_name})


ASKS: dict[tuple[str, str], Any] = {
    ("web:schedule", "POST find"): _find,
    ("web:schedule-series", "POST find"): _find,
    ("web:schedule-waiting", "POST find"): _find,
    ("web:schedule-book", "POST book"): _book,
    ("web:schedule-series", "POST begin"): _begin,
    ("web:schedule-series", "POST end"): _name("series", Series, "end"),
    ("web:schedule-waiting", "POST add"): _add,
    ("web:schedule-waiting", "POST withdraw"): _name("entry", WaitingEntry, "withdraw", kind="follow-up"),
    ("web:schedule-feed", "POST create"): lambda _house: Ask({"act": "create"}),
    ("web:schedule-staff", "POST hours"): _hours,
    ("web:schedule-staff", "POST qualification"): _qualification,
    ("web:schedule-staff", "POST remove"): _name("hours", StaffHours, "remove"),
    ("web:schedule-blocks", "POST block"): _block,
    ("web:schedule-blocks", "POST lift"): _name("block", Block, "lift"),
    ("web:visit", "POST confirm"): lambda _house: Ask({"act": "confirm"}),
    ("web:visit", "POST cancel"): lambda _house: Ask({"act": "cancel", "reason": "moved away"}),
    ("web:visit", "POST arrive"): lambda _house: Ask({"act": "arrive"}),
    ("web:visit", "POST not-arrived"): lambda _house: Ask({"act": "not-arrived"}),
    ("web:visit", "POST no-show"): lambda _house: Ask({"act": "no-show"}),
    ("web:visit", "POST came"): lambda _house: Ask({"act": "came"}),
    ("web:visit", "POST expected-again"): lambda _house: Ask({"act": "expected-again"}),
    ("web:visit", "POST late"): lambda _house: Ask({"act": "late", "expected": "10:30"}),
    ("web:visit", "POST escort"): lambda _house: Ask({"act": "escort", "escort": ""}),
    ("web:visit", "POST finish"): lambda _house: Ask({"act": "finish"}),
    ("web:visit", "POST wait"): lambda _house: Ask({"act": "wait"}),
    ("web:visit", "POST start"): lambda _house: Ask({"act": "start"}),
}
