"""A message that cannot go its way goes the next one that the person allows; the log shows both."""

from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.notices.senders import NotSent
from afterglow.clinic.notices.senders.sms import HttpSender
from tests.factories import DAY, NOW, Cast, make_patient
from tests.web.domain.test_domain_notices import HOUR, FakeSender, adapter, queue
from tests.web.security_support import BACKEND

__all__ = ["adapter"]
pytestmark = pytest.mark.django_db
MAIL = "alder@example.org"


@pytest.fixture
def patient(cast: Cast) -> Any:
    made = make_patient(cast, phone="+43 660 1234567")
    notices.record_wish(patient=made, channel="mail", is_allowed=True, address=MAIL, by=cast.desk, now=NOW)
    return made


def list_log() -> list[tuple[str, str, str]]:
    # the first way before the one in its place, in every database
    way = F("instead_of").asc(nulls_first=True)
    return list(Notice.objects.order_by("queued_at", way).values_list("channel", "state", "reason"))


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_refused_text_message_goes_by_mail_and_the_log_shows_both(
    cast: Cast, patient: Any, adapter: Any, status: int
) -> None:
    adapter.answers = [status]
    first = queue(cast, patient, key="reminder:1")
    text, mail = HttpSender(f"http://127.0.0.1:{adapter.server_address[1]}/sms", "a token"), FakeSender()
    for _ in range(3):
        notices.send_due(now=NOW, senders={"sms": text, "mail": mail})
    assert len(adapter.posted) == 1
    assert [delivery.to for delivery in mail.given] == [MAIL]
    assert mail.given[0].message.text == adapter.posted[0][2]["text"]
    first.refresh_from_db()
    second = Notice.objects.get(instead_of=first)
    assert (first.state, first.reason, first.sealed) == ("failed", f"http-{status}", "")
    assert (second.state, second.channel, second.shown_to) == ("sent", "mail", "a…@example.org")
    assert notices.find_notice("reminder:1") == second
    assert AuditEvent.objects.filter(action="notice.goes-another-way", subject_id=second.pk).count() == 1


def test_the_page_of_messages_shows_both_ways(cast: Cast, patient: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    queue(cast, patient)
    senders = {"sms": FakeSender([NotSent("permanent", "opted-out")]), "mail": FakeSender()}
    for _ in range(2):
        notices.send_due(now=NOW, senders=senders)
    client = Client()
    client.force_login(cast.manager, backend=BACKEND)
    page = client.get(reverse("web:notices")).content.decode()
    assert "in place of: Text message" in page
    assert "Not delivered" in page
    assert "a…@example.org" in page


@pytest.mark.parametrize("outcome", ["unsure"])
def test_what_may_have_left_goes_no_other_way(cast: Cast, patient: Any, outcome: str) -> None:
    queue(cast, patient)
    notices.send_due(now=NOW, senders={"sms": FakeSender([NotSent(outcome, "x")]), "mail": FakeSender()})
    assert list_log() == [("sms", "unsure", "x")]


def test_without_a_mail_that_the_person_allows_it_stays_undelivered(cast: Cast, patient: Any) -> None:
    queue(cast, patient)
    notices.record_wish(patient=patient, channel="mail", is_allowed=False, by=cast.desk, now=NOW)
    notices.send_due(now=NOW, senders={"sms": FakeSender([NotSent("permanent", "no")]), "mail": FakeSender()})
    assert list_log() == [("sms", "failed", "no")]


def test_where_text_messages_are_not_set_up_the_mail_goes(cast: Cast, patient: Any) -> None:
    queue(cast, patient)
    mail = FakeSender()
    for _ in range(2):
        notices.send_due(now=NOW, senders={"mail": mail})
    assert list_log() == [("sms", "held", "channel-off"), ("mail", "sent", "")]


def test_a_mail_that_is_refused_too_ends_there(cast: Cast, patient: Any) -> None:
    queue(cast, patient)
    senders = {"sms": FakeSender([NotSent("permanent", "no")]), "mail": FakeSender([NotSent("permanent", "smtp-550")])}
    for _ in range(4):
        notices.send_due(now=NOW, senders=senders)
    assert list_log() == [("sms", "failed", "no"), ("mail", "failed", "smtp-550")]


def test_a_no_to_mail_and_a_calling_back_reach_what_waits_to_go_by_mail(cast: Cast, patient: Any) -> None:
    for number, key in enumerate(("one", "two")):
        queue(cast, patient, key=key, now=NOW + number * HOUR)
        text = FakeSender([NotSent("permanent", "no")])
        notices.send_due(now=NOW + number * HOUR, senders={"sms": text, "mail": FakeSender()}, limit=1)
        if key == "one":
            assert notices.cancel_notices(keys=["one"], by=cast.desk, now=NOW) == 1
    notices.record_wish(patient=patient, channel="mail", is_allowed=False, by=cast.desk, now=NOW + 2 * HOUR)
    mail = FakeSender()
    notices.send_due(now=NOW + DAY / 2, senders={"mail": mail})
    assert mail.given == []
    assert set(Notice.objects.filter(channel="mail").values_list("state", flat=True)) == {"cancelled", "held"}
