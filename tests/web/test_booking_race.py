"""Two desks at the last place: one wins, the other is told; a process that dies while booking leaves nothing."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Refused
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.scheduling.models import Appointment, ScheduleDay
from tests import factories
from tests.factories import Cast
from tests.support.booking import book, furnish, local, make_another

pytestmark = pytest.mark.django_db(transaction=True)


def run_at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Return what each job returned or raised, all begun at the same moment on connections of their own."""
    barrier = threading.Barrier(len(jobs))
    found: list[Any] = [None] * len(jobs)

    def work(index: int) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=30)
            found[index] = jobs[index]()
        except Exception as error:  # noqa: BLE001 - what the other desk is told is looked at
            found[index] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def prepare() -> tuple[Cast, list[Any], Any]:
    """Return the cast, two people with plans, and the clinic's only place."""
    cast = factories.make_cast()
    (room,) = furnish(cast, places=1)
    return cast, [make_another(cast, name) for name in ("Alder", "Birch")], room


def test_of_two_desks_at_the_last_place_one_wins_and_the_other_is_told() -> None:
    cast, plans, room = prepare()
    found = run_at_once(
        lambda: book(cast, plans[0], local(3, 9), room), lambda: book(cast, plans[1], local(3, 9, 30), room)
    )
    won = [each for each in found if isinstance(each, Appointment)]
    told = [each for each in found if isinstance(each, Refused)]
    assert (len(won), len(told)) == (1, 1), found
    assert [each.rule for each in told[0].findings] == ["BK-1"]
    assert Appointment.objects.count() == 1
    assert AuditEvent.objects.filter(action="visit.booked").count() == 1


def test_one_person_is_not_booked_twice_at_once() -> None:
    cast, plans, room = prepare()
    days = (local(3, 9), local(3, 12))
    found = run_at_once(*(lambda at=at: book(cast, plans[0], at, room, accepted=()) for at in days))
    assert sum(isinstance(each, Appointment) for each in found) == 1, found
    assert sum(isinstance(each, Refused) for each in found) == 1, found


def test_the_database_itself_refuses_a_place_held_twice() -> None:
    cast, plans, room = prepare()
    first = book(cast, plans[0], local(3, 9), room)
    copy = Appointment.objects.get(pk=first.pk)
    copy.pk, copy.patient = "9" * 20, plans[1].patient
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_a_process_that_dies_while_booking_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cast, plans, room = prepare()
    before = AuditEvent.objects.count()

    class Killed(BaseException):
        """What ends a process where it stands."""

    def die(*_args: Any, **_given: Any) -> None:
        raise Killed

    # the row is stored, its audit and its reminder are not yet
    monkeypatch.setattr("afterglow.clinic.scheduling.actions.remind", die)
    with pytest.raises(Killed):
        book(cast, plans[0], local(3, 9), room)
    connection.close()
    assert not Appointment.objects.exists()
    assert not ScheduleDay.objects.exists()
    assert not Notice.objects.exists()
    assert AuditEvent.objects.count() == before
    monkeypatch.undo()
    assert book(cast, plans[0], local(3, 9), room).place == room
