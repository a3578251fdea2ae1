"""Who is on call and could not be told is said in red; a call of a crisis names the person and is due in 15 min."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.floor.board import build_board
from afterglow.clinic.notices.actions import set_staff_contact
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.dues import calculate_climb, get_kind
from afterglow.web.floor.board import name_audience
from tests.factories import Cast, make_cast
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
UNTOLD = "could not be told: no address. Telephone."


@pytest.fixture
def cast(db: None) -> Cast:
    made = make_cast()
    now = timezone.now()
    shift = {"begins_at": now - 4 * HOUR, "ends_at": now + 4 * HOUR, "now": now - 4 * HOUR}
    tasks.add_shift(site=made.site, role="prescriber", user=made.owner, by=made.director, **shift)
    return made


def call(cast: Cast) -> Task:
    """Return the call of a crisis that was told half an hour ago and has climbed to who is on call."""
    now = timezone.now()
    answers = {"crisis_today": "yes", "given_name": "Quill", "family_name": "Teasel", "phone": "0660 5550101"}
    began = now - 30 * MINUTE
    referrals.receive_public_intake(site=cast.site, answers=answers, now=began, source_key="k")
    for minutes in (6, 12):
        tasks.sweep(now=began + minutes * MINUTE)
    task = Task.objects.get(kind="crisis-call")
    assert task.on_call == cast.owner
    return task


def read(user: Any, name: str, *args: str, query: str = "") -> str:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.get(reverse(f"web:{name}", args=args) + query).content.decode()


def test_without_an_address_the_task_the_list_the_board_and_the_referrals_say_to_telephone(cast: Cast) -> None:
    task = call(cast)
    assert {row.state for row in Notice.objects.filter(key__startswith=f"task:{task.pk}:on-call:")} == {"held"}
    for name, args, query in (("task", (task.pk,), ""), ("tasks", (), "?show=all"), ("referrals", (), "")):
        # the bar of the page says it as well: the page's own words count
        assert UNTOLD in read(cast.nurse, name, *args, query=query).partition("<main")[2]
    board = build_board(site=cast.site, user=cast.nurse, now=timezone.now())
    assert UNTOLD in board["due"]["rows"][0]["alert"]
    assert UNTOLD in board["needs"][0]["crisis"]["untold"]


def test_with_an_address_nothing_is_said_until_the_message_fails(cast: Cast) -> None:
    given = {"channel": "sms", "address": "0660 5550199", "now": timezone.now()}
    set_staff_contact(user=cast.owner, site=cast.site, by=cast.owner, **given)
    task = call(cast)
    assert "could not be told" not in read(cast.nurse, "task", task.pk)
    rows = Notice.objects.filter(key__startswith=f"task:{task.pk}:on-call:")
    rows.update(state="failed", reason="refused", ended_at=timezone.now(), sealed="")
    assert "could not be told: the message failed. Telephone." in read(cast.nurse, "task", task.pk)


def test_the_call_names_the_person_of_the_referral_with_initials_and_telephone(cast: Cast) -> None:
    task = call(cast)
    page = read(cast.nurse, "task", task.pk)
    assert "Acute risk: call now, Teasel, Quill" in page
    assert "0660 5550101" in page
    assert "Acute risk: call now, Teasel, Quill" in read(cast.nurse, "tasks", query="?show=all")
    board = build_board(site=cast.site, user=cast.nurse, now=timezone.now())
    assert board["due"]["rows"][0]["initials"] == "Q.T."


def test_the_call_is_late_after_15_min_and_climbs_from_its_opening(cast: Cast) -> None:
    task, kind = call(cast), get_kind("crisis-call")
    assert task.due_at - task.opened_at == 15 * MINUTE
    assert calculate_climb(kind, task.due_at, 0, None) == task.opened_at + 5 * MINUTE
    page = read(cast.nurse, "task", task.pk)
    assert "15 min late" in page
    assert "While it is open: Medical director after 5 min" in page


def test_the_list_opens_where_something_urgent_waits_for_somebody(cast: Cast) -> None:
    task = call(cast)
    Task.objects.filter(pk=task.pk).update(on_call=None)
    assert 'class="tasks__urgent"' in read(cast.owner, "tasks")
    assert 'class="tasks__urgent"' not in read(cast.owner, "tasks", query="?show=mine")
    tasks.take_task(task=task, by=cast.nurse, now=timezone.now())
    assert 'class="tasks__urgent"' not in read(cast.owner, "tasks")


def test_who_is_on_call_is_never_told_that_they_could_not_be_told(cast: Cast) -> None:
    task = call(cast)
    for name, args, query in (("task", (task.pk,), ""), ("tasks", (), "?show=all"), ("referrals", (), "")):
        assert "could not be told" not in read(cast.owner, name, *args, query=query)
        assert UNTOLD in read(cast.nurse, name, *args, query=query)
    board = build_board(site=cast.site, user=cast.owner, now=timezone.now())
    assert (board["due"]["rows"][0]["alert"], board["needs"][0]["crisis"]["untold"]) == ("", "")
    # the board of who may be on call is their own, so that nobody else's loses the words
    assert name_audience(cast.site, cast.owner) != name_audience(cast.site, cast.colleague)


def test_who_has_acted_on_it_knows_and_nobody_is_told_otherwise(cast: Cast) -> None:
    task = call(cast)
    assert UNTOLD in read(cast.nurse, "task", task.pk)
    tasks.note_attempt(task=task, by=cast.owner, now=timezone.now(), outcome="not-reached", note="Rang twice.")
    assert "could not be told" not in read(cast.nurse, "task", task.pk)
