"""A session opened from the order's page: under today's visit with what was told, or under one that is made now."""

from datetime import timedelta
from typing import Any

import pytest

from afterglow.clinic.checkins import actions as checkins
from afterglow.clinic.dosing_sessions.actions import get_view
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.scheduling.walk_ins import find_visit_today, floor_to_grid, open_today
from afterglow.clinic.sites.models import Place
from afterglow.terms import InvalidInput, Override
from tests import factories
from tests.factories import Cast
from tests.support.booking import book, furnish, local, make_another

pytestmark = pytest.mark.django_db
ASKED = ("SP-1",)


def walk_in(cast: Cast, plan: Any, place: Place, **given: Any) -> Session:
    asked = {"by": cast.nurse, "now": local(3, 9, 2), "accepted": ASKED, **given}
    return open_today(patient=plan.patient, plan=plan, place=place, **asked)


def test_what_was_told_on_the_phone_reaches_a_session_of_the_order_page(cast: Cast) -> None:
    room, other = furnish(cast)
    plan = factories.make_plan(cast)
    visit = book(cast, plan, local(3, 9), room)
    link, _ = checkins.send_checkin(appointment=visit, by=cast.desk, now=local(2, 18))
    checkins.answer(checkin=link, question="fall", value={"choice": ["yes"]}, now=local(2, 19))
    session = walk_in(cast, plan, other)
    assert [row["question"] for row in get_view(session, local(3, 9, 2))["told"]] == ["fall"]
    visit.refresh_from_db()
    assert (visit.session, visit.state) == (session, "in-session")
    assert (visit.place, session.place) == (other, other.name)


def test_without_a_visit_one_is_booked_with_its_checks_and_linked(cast: Cast) -> None:
    room, _ = furnish(cast)
    plan = factories.make_plan(cast)
    session = walk_in(cast, plan, room)
    visit = Appointment.objects.get()
    assert (visit.session, visit.state, visit.place, visit.nurse) == (session, "in-session", room, cast.nurse)
    assert (visit.starts_at, visit.arrived_at, visit.booked_by) == (local(3, 9), local(3, 9, 2), cast.nurse)
    assert {each["rule"] for each in visit.findings} >= {"EL-1", "LS-1", "N-2"}


def test_a_visit_of_another_day_or_one_that_runs_is_left_alone(cast: Cast) -> None:
    room, other = furnish(cast)
    plan = factories.make_plan(cast)
    ahead = book(cast, plan, local(5, 9), room, accepted=ASKED)
    session = walk_in(cast, plan, other)
    ahead.refresh_from_db()
    assert (ahead.state, ahead.session) == ("booked", None)
    with pytest.raises(Refused) as refusal:
        walk_in(cast, plan, other, now=local(3, 9, 30))
    assert {each.rule for each in refusal.value.findings} & {"BK-1", "BK-2", "BK-10"}
    assert Session.objects.get() == session


def test_of_two_visits_today_the_one_who_is_here_comes_first(cast: Cast) -> None:
    room, other = furnish(cast)
    plan = factories.make_plan(cast)
    first = book(cast, plan, local(3, 8), room)
    second = book(cast, plan, local(3, 13), other, accepted=("SP-1", "L-FREQ"), by=cast.owner)
    assert find_visit_today(plan.patient, local(3, 9)) == first
    visits.mark_arrived(appointment=second, by=cast.desk, now=local(3, 8, 50))
    assert find_visit_today(plan.patient, local(3, 9)) == second
    assert find_visit_today(plan.patient, local(2, 9)) is None


def test_what_stops_a_booking_stops_a_walk_in_and_nothing_is_stored(cast: Cast) -> None:
    room, _ = furnish(cast)
    plan = factories.make_plan(cast)
    book(cast, make_another(cast, "Birch"), local(3, 10), room)
    with pytest.raises(Refused) as refusal:
        walk_in(cast, plan, room)
    assert [(each.rule, each.override) for each in refusal.value.findings] == [("BK-1", Override.NONE)]
    with pytest.raises(Refused) as late:
        walk_in(cast, plan, room, now=local(3, 16))
    assert "LS-1" in {each.rule for each in late.value.findings}
    assert not Session.objects.exists()
    assert Appointment.objects.count() == 1


def test_a_start_that_is_refused_leaves_no_visit_behind(cast: Cast) -> None:
    room, other = furnish(cast)
    plan = factories.make_plan(cast)
    session = walk_in(cast, plan, room)
    # the visit is gone from the day, its session still runs
    Appointment.objects.filter(session=session).update(state="done", ended_at=local(3, 9, 5))
    with pytest.raises(Refused) as refusal:
        walk_in(cast, plan, other, now=local(3, 9, 30))
    assert "BK-10" in {each.rule for each in refusal.value.findings}
    assert Appointment.objects.count() == 1


def test_whoever_may_not_open_is_denied_and_a_place_elsewhere_is_told(cast: Cast) -> None:
    room, _ = furnish(cast)
    plan = factories.make_plan(cast)
    with pytest.raises(Denied):
        walk_in(cast, plan, room, by=cast.desk)
    away = Place.objects.create(site=cast.elsewhere, name="Far")
    with pytest.raises(InvalidInput) as problem:
        walk_in(cast, plan, away)
    assert {each.code for each in problem.value.problems} == {"place-unknown"}
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("minute", [0, 4, 5, 59])
def test_the_grid_is_the_last_full_step(minute: int) -> None:
    at = floor_to_grid(local(3, 9, minute) + timedelta(seconds=31))
    assert timedelta(0) <= local(3, 9, minute) + timedelta(seconds=31) - at < timedelta(minutes=5)
    assert at.minute % 5 == at.second == 0
