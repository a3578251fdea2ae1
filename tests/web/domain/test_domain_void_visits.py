"""A visit that will not take place: the board says so, arriving says so, the task stays until somebody acts."""

from datetime import datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.floor.cards import forget_cards
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.sweeping import open_visits_to_cancel, settle_visits_to_cancel
from afterglow.clinic.scheduling.voiding import STOPPED, find_void
from afterglow.clinic.tasks.models import Task
from afterglow.web.floor.present import present_board
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db
KIND = "visits-to-cancel"
SAID = {
    "stopped": "Plan stopped: no dose, ask the prescriber",
    "withdrawn": "Consent withdrawn: no dose, ask the prescriber",
}


def end(cast: Cast, plan: Any, way: str, now: datetime = NOW) -> None:
    """Stop the plan, or withdraw the consent."""
    if way == "stopped":
        plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=now)
    else:
        consents.withdraw_consent(consent=plan.patient.consents.get(), by=cast.nurse, now=now)


def show(cast: Cast, user: Any, now: datetime = NOW) -> dict[str, Any]:
    forget_cards()
    return present_board(build_board(site=cast.site, user=user, now=now))


def find_arrival(cast: Cast, user: Any) -> tuple[str, str, str, str]:
    """Return the tag, the words and their tone of the one arrival."""
    (row,) = show(cast, user)["arrivals"]["rows"]
    return row["tag"]["kind"], row["tag"]["text"], row["line"]["text"], row["line"]["tone"]


@pytest.mark.parametrize("way", ["stopped", "withdrawn"])
def test_the_board_says_that_there_is_no_dose_before_and_after_arrival(cast: Cast, way: str) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 12), room)
    assert "no dose" not in find_arrival(cast, cast.nurse)[2]
    end(cast, plan, way)
    for user in (cast.nurse, cast.desk):
        assert find_arrival(cast, user) == ("high", "No dose", SAID[way], "high")
        assert show(cast, user)[f"place-{room.pk}"]["next"]["void"] == SAID[way]
    visits.mark_arrived(appointment=visit, by=cast.desk, now=NOW)
    for user in (cast.nurse, cast.desk):
        kind, tag, words, tone = find_arrival(cast, user)
        assert (kind, tag, tone) == ("high", "Arrived", "high")
        assert words.startswith(f"{SAID[way]}. In waiting area since")


@pytest.mark.parametrize("way", ["stopped", "withdrawn"])
def test_the_chair_of_who_is_seated_says_that_there_is_no_dose(cast: Cast, way: str) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 12), room)
    at = local(2, 12)
    visits.start_session(appointment=visit, by=cast.owner, now=at)
    assert show(cast, cast.nurse, at)[f"place-{room.pk}"]["void"] == ""
    end(cast, plan, way, at)
    card = show(cast, cast.nurse, at)[f"place-{room.pk}"]
    assert (card["void"], card["band"], card["state"]) == (SAID[way], "high", "No dose")


def test_arriving_is_noted_and_says_that_the_plan_was_stopped(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 12), room)
    end(cast, plan, "stopped")
    client = Client()
    client.force_login(cast.desk, backend=BACKEND)
    page = client.post(reverse("web:visit", args=[visit.pk]), {"act": "arrive"}, follow=True).content.decode()
    visit.refresh_from_db()
    assert visit.state == "arrived"
    assert f"Arrived. {SAID['stopped']}." in page
    assert "The plan was stopped." in page
    client.force_login(cast.nurse, backend=BACKEND)
    assert SAID["stopped"] in client.get(reverse("web:floor-seat", args=[room.pk])).content.decode()


def test_the_later_version_of_a_plan_stops_the_visits_of_the_first(cast: Cast) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(5, 9), room)
    draft = factories.draft(cast, plan.patient, plan.protocol)
    later = plans.sign_plan(plan=draft, by=cast.owner, now=NOW)
    visit.refresh_from_db()
    assert find_void(visit, now=NOW) == ""
    end(cast, later, "stopped")
    visit = type(visit).objects.get(pk=visit.pk)
    assert find_void(visit, now=NOW) == STOPPED
    assert Task.objects.filter(kind=KIND, state="open").count() == 1
    assert settle_visits_to_cancel(site=cast.site, now=NOW) == []


@pytest.mark.parametrize(
    ("starts_at", "due_at", "climbs_at"),
    [
        (local(3, 9), local(3, 8), local(3, 8, 30)),
        (local(2, 12), local(2, 11), local(2, 11, 30)),
        (local(2, 10, 45), NOW, local(2, 10, 15)),
        (local(2, 10, 15), NOW, NOW),
    ],
)
def test_the_task_to_cancel_falls_due_before_the_visit(
    cast: Cast, starts_at: datetime, due_at: datetime, climbs_at: datetime
) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 12), room)
    book(cast, plan, local(6, 9), room)
    type(visit).objects.filter(pk=visit.pk).update(starts_at=starts_at, dose_at=None, dose_ends_at=None)
    end(cast, plan, "stopped")
    task = Task.objects.get(kind=KIND)
    assert (task.due_at, task.escalate_at) == (due_at, climbs_at)


def test_a_visit_far_off_leaves_the_task_its_eight_clinic_hours(cast: Cast) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    book(cast, plan, local(6, 9), room)
    end(cast, plan, "stopped")
    task = Task.objects.get(kind=KIND)
    assert (task.due_at, task.escalate_at) == (local(3, 9), local(3, 17))


@pytest.mark.parametrize("has_arrived", [True, False])
def test_the_task_stays_until_somebody_acts_whatever_the_hour(cast: Cast, has_arrived: bool) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 12), room)
    end(cast, plan, "stopped")
    if has_arrived:
        visits.mark_arrived(appointment=visit, by=cast.desk, now=local(2, 11, 50))
    for now in (local(2, 11, 55), local(2, 16), local(3, 9)):
        assert settle_visits_to_cancel(site=cast.site, now=now) == open_visits_to_cancel(site=cast.site, now=now) == []
    visits.cancel(appointment=visit, by=cast.desk, now=local(3, 9), reason="plan stopped")
    assert len(settle_visits_to_cancel(site=cast.site, now=local(3, 9))) == 1


def test_who_has_arrived_when_the_plan_is_stopped_is_in_the_task(cast: Cast) -> None:
    plan, (room, _) = factories.make_plan(cast), furnish(cast)
    visit = book(cast, plan, local(2, 10, 30), room)
    visits.mark_arrived(appointment=visit, by=cast.desk, now=local(2, 10, 20))
    end(cast, plan, "stopped", local(2, 10, 40))
    assert Task.objects.get(kind=KIND, state="open").due_at == local(2, 10, 40)
    visit.refresh_from_db()
    assert "PL-1" in {each["rule"] for each in visit.findings if each["severity"] == "stop"}
