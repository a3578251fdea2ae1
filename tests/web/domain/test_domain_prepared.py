"""Prepared statements: they find what the query finds, at once and for everybody anew, and refuse what they cannot."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

from afterglow.clinic.people.models import User
from afterglow.clinic.prepared import Prepared, read_once
from afterglow.clinic.sites.models import Place
from tests.web.sessions.session_support import Cast as Sitting


@pytest.mark.django_db
def test_a_change_shows_at_once_and_each_value_finds_its_own() -> None:
    built: list[Any] = []

    def build(pk: Any) -> QuerySet[User, User]:
        built.append(pk)
        return User.objects.filter(pk=pk)

    found, sitting = Prepared(build), Sitting()
    assert found.ask(pk=sitting.nurse) == [sitting.nurse]
    assert found.ask(pk=sitting.prescriber.pk) == [sitting.prescriber]
    User.objects.filter(pk=sitting.nurse.pk).update(display_name="N. Renamed")
    assert found.ask(pk=sitting.nurse)[0].display_name == "N. Renamed"
    assert found.find(pk="nobody") is None
    assert len(built) == 1


@pytest.mark.django_db
def test_lists_of_any_length_find_what_the_query_finds() -> None:
    site = Sitting().site
    names = [Place.objects.create(site=site, name=f"Chair {number}").name for number in range(40)]
    found = Prepared(lambda names: Place.objects.filter(name__in=names).values_list("name", flat=True))
    for size in (0, 1, 3, 8, 9, 33, 40):
        assert sorted(found.ask(names=names[:size])) == sorted(names[:size])


@pytest.mark.django_db
def test_what_cannot_be_prepared_is_refused() -> None:
    sitting = Sitting()
    computed = Prepared(lambda at: User.objects.filter(username=str(at)))
    with pytest.raises(TypeError, match="does not compare"):
        computed.ask(at=sitting.now)
    with pytest.raises(TypeError, match="beside"):
        Prepared(lambda pk: User.objects.filter(pk=pk).prefetch_related("practitioner_roles")).ask(pk="x")
    with pytest.raises(TypeError, match="timedelta"):
        Prepared(lambda at: User.objects.filter(created_at__lt=at)).ask(at=timedelta(days=1))


@pytest.mark.django_db
def test_a_page_that_only_reads_asks_once_and_no_longer_than_it_lasts(django_assert_num_queries: Any) -> None:
    found, sitting = Prepared(lambda keys: User.objects.filter(pk__in=keys)), Sitting()
    nurse, prescriber = [sitting.nurse.pk], [sitting.prescriber.pk]
    with django_assert_num_queries(2), read_once():
        first = found.ask(keys=nurse)
        first.clear()
        assert found.ask(keys=nurse) == [sitting.nurse]
        assert found.ask(keys=prescriber) == [sitting.prescriber]
    User.objects.filter(pk=sitting.nurse.pk).update(display_name="N. Renamed")
    assert found.ask(keys=nurse)[0].display_name == "N. Renamed"
    with read_once():
        assert found.ask(keys=nurse)[0].display_name == "N. Renamed"


@pytest.mark.django_db(transaction=True)
def test_what_is_locked_is_asked_for_each_time() -> None:
    locked, sitting = Prepared(lambda pk: User.objects.select_for_update().filter(pk=pk)), Sitting()
    with transaction.atomic(), read_once():
        assert locked.ask(pk=sitting.nurse)[0].display_name != "N. Renamed"
        User.objects.filter(pk=sitting.nurse.pk).update(display_name="N. Renamed")
        assert locked.ask(pk=sitting.nurse)[0].display_name == "N. Renamed"


@pytest.mark.django_db(transaction=True)
def test_rows_are_locked_inside_a_transaction_only() -> None:
    locked = Prepared(lambda pk: User.objects.select_for_update().filter(pk=pk))
    with transaction.atomic():
        assert locked.ask(pk="nobody") == []
    with pytest.raises(TransactionManagementError):
        locked.ask(pk="nobody")


@pytest.mark.django_db
def test_every_prepared_statement_of_the_pages_finds_what_its_query_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    ask, compared = Prepared.ask, set()

    def compare(self: Any, **values: Any) -> list[Any]:
        found, build = ask(self, **values), self._build
        expected = list(build(**values))
        assert [_read(row) for row in found] == [_read(row) for row in expected]
        compared.add(build)
        return found

    sitting = Sitting()
    sitting.say("record-arrival")
    client = sitting.client()
    monkeypatch.setattr(Prepared, "ask", compare)
    visits: dict[str, Callable[[], Any]] = {
        "board": lambda: client.get("/"),
        "session": lambda: client.get(f"/sessions/{sitting.session.pk}/"),
        "chart": lambda: client.get(f"/patients/{sitting.patient.pk}/"),
        "schedule": lambda: client.get("/schedule/"),
        "tasks": lambda: client.get("/tasks/"),
        "entry": lambda: client.post(
            f"/sessions/{sitting.session.pk}/commands?parts=1",
            {"type": "record-vitals", "data": {"systolic": 120, "diastolic": 78, "heart_rate": 70}},
            content_type="application/json",
            headers={"Accept": "application/json"},
        ),
    }
    for name, visit in visits.items():
        assert visit().status_code == 200, name
    assert len(compared) > 12


def _read(row: Any) -> Any:
    return {name: value for name, value in vars(row).items() if name != "_state"} if hasattr(row, "pk") else row
