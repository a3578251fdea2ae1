"""Pages of tasks: what is late first, completing and taking back, roster with its gaps, screens, delivery log."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import OnCallShift, Task
from tests.factories import Cast, make_cast, make_patient, make_user

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def open_task(cast: Cast, kind: str = "call-back-48h", **changes: Any) -> Task:
    fields = {"site": cast.site, "kind": kind, "by": cast.nurse, "now": timezone.now()}
    return tasks.open_task(**{**fields, **changes})


def read(client: Client, name: str, *args: str, query: str = "", status: int = 200) -> str:
    answer = client.get(reverse(f"web:{name}", args=args) + query)
    assert answer.status_code == status
    return answer.content.decode()


def test_the_list_shows_mine_with_what_is_late_first(cast: Cast) -> None:
    now, patient = timezone.now(), make_patient(cast)
    open_task(cast, owner=cast.nurse, patient=patient, due_at=now - 2 * HOUR, key="late")
    open_task(cast, "screen-bladder", owner=cast.nurse, patient=patient, due_at=now + 90 * HOUR)
    open_task(cast, "call-to-return", owner=cast.desk)
    page = read(sign_in(cast.nurse), "tasks")
    assert page.index("Urgent, late calls") < page.index("48 h call-back, Demo, Alder") < page.index("Later")
    assert page.index("2 h late") < page.index("Bladder score")
    assert "Call to return" not in page
    assert "Call to return" in read(sign_in(cast.nurse), "tasks", query="?show=all")


def test_what_nobody_owns_waits_for_the_role(cast: Cast) -> None:
    open_task(cast, "screen-liver", patient=make_patient(cast))
    assert "Liver tests" not in read(sign_in(cast.nurse), "tasks", query="?show=role")
    assert "Liver tests" in read(sign_in(cast.owner), "tasks", query="?show=role")


def test_a_call_to_somebody_at_home_stands_with_the_whole_role_whoever_owns_it(cast: Cast) -> None:
    now, patient = timezone.now(), make_patient(cast)
    open_task(cast, owner=cast.nurse, patient=patient, due_at=now - 20 * HOUR)
    other = make_user("nurse-b", cast.site, "nurse")
    page = read(sign_in(other), "tasks", query="?show=role")
    assert "48 h call-back" in page
    assert "Nurse" in page, "with who owns it"
    assert "48 h call-back" not in read(sign_in(other), "tasks", query="?show=mine")
    assert "48 h call-back" not in read(sign_in(cast.owner), "tasks", query="?show=role")


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("+43 660 123 45 67", '<a href="tel:+436601234567">+43 660 123 45 67</a>'),
        ("0660/1234567", '<a href="tel:06601234567">0660/1234567</a>'),
        ("", "no number on file"),
        # nothing there that could be dialled
        ("ask the escort", "<dd>ask the escort</dd>"),
    ],
)
def test_a_call_back_shows_the_number_to_call_or_that_there_is_none(cast: Cast, phone: str, shown: str) -> None:
    task = open_task(cast, patient=make_patient(cast, phone=phone))
    assert shown in read(sign_in(cast.nurse), "task", task.pk)
    assert shown not in read(sign_in(cast.manager), "task", task.pk)


def test_the_manager_sees_that_something_is_late_and_not_whose(cast: Cast) -> None:
    task = open_task(cast, patient=make_patient(cast), detail="Low mood", due_at=timezone.now() - HOUR)
    for page in (
        read(sign_in(cast.manager), "tasks", query="?show=all"),
        read(sign_in(cast.manager), "task", task.pk),
    ):
        assert "48 h call-back" in page
        assert "Alder" not in page
        assert "Low mood" not in page
    assert "48 h call-back" not in read(sign_in(cast.desk), "tasks", query="?show=all")
    read(sign_in(cast.desk), "task", task.pk, status=404)


def test_a_task_is_completed_and_taken_back_from_its_page(cast: Cast) -> None:
    task, client = open_task(cast, patient=make_patient(cast)), sign_in(cast.nurse)
    url = reverse("web:task", args=[task.pk])
    refused = client.post(url, {"act": "complete", "complete-outcome": "concern", "complete-note": ""})
    assert refused.status_code == 422
    assert "this is needed" in refused.content.decode().casefold()
    assert client.post(url, {"act": "complete", "complete-outcome": "well"}).status_code == 422
    asked = {"complete-answers.suicide": "no", "complete-answers.mood": "same"}
    assert client.post(url, {"act": "complete", "complete-outcome": "well", **asked}).status_code == 302
    page = read(client, "task", task.pk)
    assert "Reached, doing well" in page
    assert "Mood: as before; Thoughts of suicide: no; Blood pressure: not recorded" in page
    assert "Undo, within 10 s" in page
    assert client.post(url, {"act": "undo"}).status_code == 302
    task.refresh_from_db()
    assert task.state == "open"


def test_the_times_of_climbing_are_shown_as_site_policy(cast: Cast) -> None:
    page = read(sign_in(cast.nurse), "task", open_task(cast, patient=make_patient(cast)).pk)
    assert "Medical director after 4 h, Prescriber on call after another 8 h" in page
    assert "Site policy" in page
    assert "row LT-12" in page


def test_a_call_is_noted_by_hand_for_a_patient_of_this_house(cast: Cast) -> None:
    client, patient = sign_in(cast.desk), make_patient(cast)
    form = {"kind": "call-to-return", "detail": "Asks for another day", "number": "000-000"}
    assert "No patient here has this number" in client.post(reverse("web:task-open"), form).content.decode()
    assert client.post(reverse("web:task-open"), {**form, "number": patient.number}).status_code == 302
    task = Task.objects.get()
    assert (task.patient, task.detail, task.owner_role) == (patient, "Asks for another day", "nurse")


def test_the_set_up_error_is_shown_to_who_keeps_the_roster(cast: Cast) -> None:
    for user, is_shown in ((cast.manager, True), (cast.director, True), (cast.nurse, False)):
        assert ("Set-up error: alerts reach nobody" in read(sign_in(user), "tasks")) is is_shown


def test_the_roster_names_its_gaps_and_takes_a_shift(cast: Cast) -> None:
    client = sign_in(cast.manager)
    assert "Nobody on call" in read(client, "on-call")
    begin = timezone.localtime()
    shift = {
        "role": "prescriber",
        "user": cast.owner.pk,
        "begins_at": (begin - timedelta(days=7)).strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begin + timedelta(days=14)).strftime("%Y-%m-%dT%H:%M"),
    }
    data = {"act": "add", **{f"shift-{name}": value for name, value in shift.items()}}
    assert client.post(reverse("web:on-call"), data).status_code == 302
    page = read(client, "on-call")
    assert "<b>Prescriber</b>: " not in page
    assert "Petra" in page
    assert client.post(reverse("web:on-call"), data).status_code == 422
    assert (
        client.post(reverse("web:on-call"), {"act": "remove", "shift": OnCallShift.objects.get().pk}).status_code == 302
    )
    assert "<b>Prescriber</b>: " in read(client, "on-call")
    for week in ("?week=nonsense", "?week=9999-99-99", "?week=0001-01-01", "?week=2026-10-25"):
        read(client, "on-call", query=week)


def test_screens_are_recorded_and_the_task_ends_with_them(cast: Cast) -> None:
    patient, client = make_patient(cast), sign_in(cast.nurse)
    task = open_task(cast, "screen-bladder", patient=patient)
    url = reverse("web:patient-surveillance", args=[patient.pk])
    page = read(client, "patient-surveillance", patient.pk)
    assert "Every 4th session or monthly in the first 3 months" in page
    assert "LT-1. Site policy, row LT-1, interval" in page
    empty = client.post(url, {"screen": "bladder", "bladder-scales.luts.total": "3"})
    assert empty.status_code == 422
    answers = {"scales.luts.total": "3", "course.has_haematuria_or_pain": "no", "history.urinary_symptoms": "no"}
    data = {"screen": "bladder", **{f"bladder-{name}": value for name, value in answers.items()}}
    assert client.post(url, data).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.outcome, task.done_by) == ("done", "recorded", cast.nurse)
    assert "In time" in read(client, "patient-surveillance", patient.pk)


def test_the_log_says_what_became_of_a_message_without_its_words(cast: Cast) -> None:
    patient = make_patient(cast, phone="+43 660 1234567")
    notices.queue_notice(site=cast.site, template="call-us", patient=patient, by=cast.nurse, now=timezone.now())
    page = read(sign_in(cast.desk), "notices")
    assert "Please call" in page
    assert "…567" in page
    assert "1234567" not in page
    assert "please call us" not in page
    assert patient.number not in read(sign_in(cast.manager), "notices")


def test_the_manager_says_how_the_house_speaks(cast: Cast) -> None:
    client = sign_in(cast.manager)
    data = {
        "version": "0",
        "sender_name": "Hall Street 4",
        "quiet_from": "21:00",
        "quiet_until": "07:00",
        "closed_text_en": "We are closed. Call 112.",
        "hours_mon": "08:00-12:00, 13:00-17:00",
    }
    posted = {"act": "settings", **{f"settings-{name}": value for name, value in data.items()}}
    bad = client.post(reverse("web:notices"), {**posted, "settings-hours_mon": "8 to 12"})
    assert bad.status_code == 422
    assert client.post(reverse("web:notices"), posted).status_code == 302
    assert client.post(reverse("web:notices"), posted).status_code == 409
    night = timezone.now().replace(hour=3)
    assert notices.describe_hours(cast.site, night).text == "We are closed. Call 112."


def test_a_no_of_the_patient_counts_at_once(cast: Cast) -> None:
    patient, client = make_patient(cast, phone="+43 660 1234567"), sign_in(cast.desk)
    notices.queue_notice(site=cast.site, template="call-us", patient=patient, by=cast.nurse, now=timezone.now())
    url = reverse("web:patient-contact", args=[patient.pk])
    assert client.post(url, {"channel": "sms", "sms-is_allowed": ""}).status_code == 422
    assert client.post(url, {"channel": "sms", "sms-is_allowed": "no"}).status_code == 302
    assert (Notice.objects.get().state, Notice.objects.get().sealed) == ("held", "")


def test_the_list_asks_the_database_no_more_for_many_tasks_than_for_few(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(cast.nurse)
    patient = make_patient(cast)
    for number in range(3):
        open_task(cast, patient=patient, key=f"few:{number}")
    client.get(reverse("web:tasks"), {"show": "all"})
    with django_assert_max_num_queries(40) as few:
        client.get(reverse("web:tasks"), {"show": "all"})
    for number in range(20):
        open_task(cast, patient=patient, owner=cast.nurse, key=f"many:{number}")
    with django_assert_max_num_queries(40) as many:
        client.get(reverse("web:tasks"), {"show": "all"})
    assert len(many) == len(few)
