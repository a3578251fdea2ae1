"""Today's plan knows who sits where: a session that takes longer holds its place, and nobody is booked into a lap."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from afterglow.clinic.dosing_sessions.actions import submit_command
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.days import load_span
from afterglow.clinic.scheduling.occupancy import measure
from afterglow.clinic.scheduling.openings import find_openings
from afterglow.clinicday.booking import Asked, Day, Held, Names, Spans, judge_place_and_people
from afterglow.terms import Severity
from afterglow.web.schedule.day import build_day
from tests import factories
from tests.factories import Cast
from tests.support.booking import book, furnish, judge, local, make_another
from tests.support.rooms import Room

MINUTE = timedelta(minutes=1)
HERE: Any = SimpleNamespace(pk="s", patient_id="p", place="Room 2", opened_at=None)


def test_the_earliest_leaving_is_what_is_left_of_the_dose_and_the_stay() -> None:
    room = Room().start()
    started = room.now
    room.wait(11)
    # 40 min of infusion, then 60 min of stay by the protocol's gate
    assert measure(HERE, room.state, room.protocol, room.now).leaves_at == started + 100 * MINUTE
    room.do("record-pause", reason="other")
    room.wait(20)
    # a pause moves everything: 29 min are left from now on
    assert measure(HERE, room.state, room.protocol, room.now).leaves_at == room.now + 89 * MINUTE
    room.do("record-stop", reason="emergency")
    ended = room.now
    room.wait(59)
    assert measure(HERE, room.state, room.protocol, room.now).leaves_at == ended + 60 * MINUTE
    room.wait(30)
    assert measure(HERE, room.state, room.protocol, room.now).is_overdue


@pytest.mark.django_db
def test_a_session_that_runs_late_holds_its_place_today() -> None:
    cast = factories.make_cast()
    room, other = furnish(cast)
    late = book(cast, factories.make_plan(cast), local(3, 9), room)
    session = visits.start_session(appointment=late, by=cast.nurse, now=local(3, 9))
    submit_command(session=session, type="record-arrival", data={}, by=cast.nurse, now=local(3, 9), request_key="a")
    now = local(3, 11)
    late.refresh_from_db()
    leaves_at = now + 100 * MINUTE
    assert late.ends_at < local(3, 12)
    judged = judge_at(cast, local(3, 12), room, now)
    assert (judged["BK-1"].severity, "12:40 at the earliest" in judged["BK-1"].seen) == (Severity.CAUTION, True)
    assert judge_at(cast, leaves_at, room, now)["BK-1"].severity is Severity.INFO
    # asked the day before, the plan holds
    assert judge_at(cast, local(3, 12), room, local(2, 16))["BK-1"].severity is Severity.INFO
    # somebody sits there: nothing begins now, whatever is accepted
    stop = judge_at(cast, now, room, now)["BK-10"]
    assert (stop.severity, str(stop.override)) == (Severity.STOP, "none")
    span = load_span(cast.site, now.date(), now=now)
    assert {held.place: held.spans.ends_at for held in span.get_day(now.date()).held} == {room.pk: leaves_at}
    drawn = build_day(cast.site, now.date(), now=now, may_book=True)
    assert "until 12:40 at the earliest" in drawn["places"]
    # what is offered is the other place
    plan = make_another(cast, "Elder")
    offered = find_openings(
        site=cast.site, patient=plan.patient, kind="dosing", plan=plan, after=local(3, 12), until=local(3, 12), now=now,
        limit=1,
    )  # fmt: skip
    assert [opening.place for opening in offered] == [other]
    # who was booked there in good time and comes is told that the place is not free
    following = book(cast, make_another(cast, "Fir"), local(3, 12), room)
    assert "Room 1 is free" in {finding["title"] for finding in following.findings}
    arrived = visits.mark_arrived(appointment=following, by=cast.desk, now=local(3, 12))
    found = {finding["rule"]: finding["seen"] for finding in arrived.findings}
    assert found["BK-10"].startswith("Room 1: somebody is there")
    drawn = build_day(cast.site, now.date(), now=now, may_book=True)
    assert "place not free before 12:40" in drawn["places"]


def test_a_place_that_should_be_empty_and_is_not_is_doubted_for_half_an_hour() -> None:
    now = local(3, 12)
    here = Held(
        "v", "p", Spans(local(3, 9), None, None, now + 5 * MINUTE), place="r", planned_until=local(3, 11),
        sits_until=now + 5 * MINUTE, leaves_at=local(3, 11, 30),
    )  # fmt: skip
    names = Names(users={}, places={"r": "Room 4"}, clock=lambda at: f"{at:%H:%M}")

    def ask(minutes: int) -> tuple[str, str]:
        spans = Spans(now + minutes * MINUTE, None, None, now + (minutes + 60) * MINUTE)
        found = judge_place_and_people(Day(held=(here,)), Asked("other", spans, place="r"), names)[0]
        return found.rule, str(found.severity)

    assert [ask(minutes) for minutes in (4, 5, 34, 35)] == [
        ("BK-10", "stop"),
        ("BK-1", "caution"),
        ("BK-1", "caution"),
        ("BK-1", "info"),
    ]


def judge_at(cast: Cast, starts_at: Any, place: Any, now: Any) -> dict[str, Any]:
    """Return by rule what stands against a dose of somebody else at a place, asked at an instant."""
    return judge(cast, make_another(cast, "Cedar"), starts_at, place, now=now)
