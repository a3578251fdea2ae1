"""A visit that is moved takes its check-in link with it: sent again where it had left, the desk's to send where not."""

import re
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.checkins.actions import answer, find_checkin
from afterglow.clinic.checkins.models import CheckIn
from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.people.models import Patient
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.models import Appointment
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local
from tests.web.domain.test_domain_notices import FakeSender
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db

TOKEN = re.compile(r"/checkin/([A-Za-z0-9_-]{40,60})/")


class Moving:
    """A booked visit, the desk's browser, and what left the house by text message."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.sender = cast, FakeSender()
        self.plan = factories.make_plan(cast)
        self.room, self.other = furnish(cast)
        Patient.objects.filter(pk=self.plan.patient.pk).update(phone="0660 1234567")
        self.visit = book(cast, self.plan, local(3, 9), self.room)
        self.client = Client()
        self.client.force_login(cast.desk, backend=BACKEND)

    def send_link(self) -> None:
        page = self.client.post(reverse("web:visit-checkin", args=[self.visit.pk]), {"act": "send"})
        assert page.status_code == 200

    def deliver(self, now: datetime = NOW) -> list[str]:
        """Let what is due leave; return the tokens of the links that left."""
        before = len(self.sender.given)
        notices.send_due(now=now, senders={"sms": self.sender})
        texts = [given.message.text for given in self.sender.given[before:]]
        return [token for text in texts for token in TOKEN.findall(text)]

    def move(self, on: str = "2026-03-03", clock: str = "10:00") -> tuple[Any, str]:
        """Move the visit by the form of the schedule; return the new one and its page."""
        slot = f"{on}|{clock}|{self.other.pk}|{self.cast.nurse.pk}"
        form = {"move": self.visit.pk, "version": "1", "reason": "child ill", "slot": slot}
        assert self.client.post(reverse("web:schedule-book"), form).status_code == 302
        moved = Appointment.objects.get(moved_from=self.visit)
        return moved, self.client.get(reverse("web:visit", args=[moved.pk])).content.decode()


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> Moving:
    made = Moving(factories.make_cast())
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return made


def test_a_link_that_had_left_is_sent_again_for_the_new_time(moving: Moving) -> None:
    moving.send_link()
    (first,) = moving.deliver()
    moved, page = moving.move()
    assert "visit was moved; new link waits to be sent" in page
    (second,) = moving.deliver()
    assert second != first
    ended, found = find_checkin(first, now=NOW), find_checkin(second, now=NOW)
    assert ended is not None
    assert not ended.is_valid
    assert found is not None
    assert (found.is_valid, found.checkin.appointment_id) == (True, moved.pk)
    page = moving.client.get(reverse("web:visit", args=[moved.pk])).content.decode()
    assert "visit was moved; new link sent" in page


def test_a_link_that_still_waited_is_called_back_and_only_the_new_one_leaves(moving: Moving) -> None:
    moving.send_link()
    moved, _ = moving.move()
    (token,) = moving.deliver()
    found = find_checkin(token, now=NOW)
    assert found is not None
    assert found.checkin.appointment_id == moved.pk


def test_no_new_link_where_the_person_has_opted_out_meanwhile(moving: Moving) -> None:
    moving.send_link()
    moving.deliver()
    patient, desk = moving.plan.patient, moving.cast.desk
    notices.record_wish(patient=patient, channel="sms", is_allowed=False, by=desk, now=NOW)
    _, page = moving.move()
    assert "no message could be sent: give the link" in page
    assert moving.deliver() == []


def test_the_new_link_keeps_silent_at_night(moving: Moving) -> None:
    moving.send_link()
    moving.deliver()
    quiet = {"quiet_from": time(0), "quiet_until": time(23)}
    notices.change_settings(site=moving.cast.site, by=moving.cast.manager, now=NOW, version=0, **quiet)
    moving.move()
    assert moving.deliver() == []
    notice = Notice.objects.get(template="checkin", state="waiting")
    assert notice.send_after > NOW
    assert len(moving.deliver(notice.send_after)) == 1


def test_a_visit_moved_far_away_gets_its_link_no_earlier_than_the_policy_says(moving: Moving) -> None:
    moving.send_link()
    moving.deliver()
    moved, _ = moving.move(on="2026-03-12")
    notice = Notice.objects.get(template="checkin", state="waiting")
    assert notice.send_after == moved.starts_at - timedelta(hours=72)


@pytest.mark.parametrize("case", ["held", "ended", "failed"])
def test_a_link_that_never_reached_anybody_is_the_desks_to_send(moving: Moving, case: str) -> None:
    if case == "held":
        Patient.objects.filter(pk=moving.plan.patient.pk).update(phone="")
    moving.send_link()
    if case == "failed":
        Notice.objects.filter(template="checkin").update(state="failed", ended_at=NOW, sealed="")
    if case == "ended":
        moving.deliver()
        moving.client.post(reverse("web:visit-checkin", args=[moving.visit.pk]), {"act": "revoke"})
    moved, page = moving.move()
    assert not CheckIn.objects.filter(appointment=moved).exists()
    assert ("send again" in page) is (case != "ended")
    assert moving.deliver() == []


def test_who_may_book_and_not_send_leaves_the_link_to_the_desk(moving: Moving) -> None:
    moving.send_link()
    moving.deliver()
    moving.client.force_login(moving.cast.therapist, backend=BACKEND)
    moved, page = moving.move()
    assert not CheckIn.objects.filter(appointment=moved).exists()
    assert "send again" in page


def test_a_cancelled_visit_calls_its_waiting_link_back(moving: Moving) -> None:
    moving.send_link()
    visits.cancel(appointment=moving.visit, by=moving.cast.desk, now=NOW, reason="ill")
    assert moving.deliver() == []
    assert Notice.objects.get(template="checkin").state == "cancelled"


def test_the_visits_page_says_how_much_was_answered_and_that_something_was_found(moving: Moving) -> None:
    moving.send_link()
    address = reverse("web:visit", args=[moving.visit.pk])
    assert "questions answered" not in moving.client.get(address).content.decode()
    answer(checkin=CheckIn.objects.get(), question="fever", value={"choice": ["yes"]}, now=NOW)
    page = moving.client.get(address).content.decode()
    assert re.search(r"1 of \d+ questions answered, findings to look at", page)
