"""The schedule's pages: booked, moved and refused through plain forms; a full day asks as little as an empty."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.scheduling.waiting import add_waiting
from afterglow.clinic.tasks.models import Task
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local, make_another
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db

TUESDAY = "2026-03-03"


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The cast, with the pages' clock at the first of March's Mondays."""
    made = factories.make_cast()
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return made


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client


def count_queries(client: Client, url: str) -> int:
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as found:
        assert client.get(url).status_code == 200
    return len(found)


@pytest.mark.parametrize("name", ["schedule", "schedule-week", "schedule-series", "schedule-waiting"])
def test_a_full_day_asks_as_many_questions_as_an_empty_one(cast: Cast, name: str) -> None:
    rooms = furnish(cast, places=6)
    client = sign_in(cast.desk)
    url = f"{reverse(f'web:{name}')}?on={TUESDAY}"
    add_waiting(site=cast.site, patient=make_another(cast, "Zeder").patient, kind="follow-up", by=cast.desk, now=NOW)
    plan = make_another(cast, "Yucca")
    visits.plan_series(plan=plan, starts_on=local(3, 9).date(), count=2, by=cast.desk, now=NOW)
    few = count_queries(client, url)
    for index, room in enumerate(rooms[:4]):
        more = make_another(cast, f"Person{index}")
        visits.plan_series(plan=more, starts_on=local(3, 9).date(), count=2, by=cast.desk, now=NOW)
        for hour in (15, 16):
            patient = factories.make_patient(cast, family_name=f"Guest{index}{hour}")
            visits.book(
                site=cast.site, patient=patient, kind="follow-up", starts_at=local(3, hour, 30), place=room,
                by=cast.desk, now=NOW,
            )  # fmt: skip
        add_waiting(site=cast.site, patient=more.patient, kind="dosing", plan=more, by=cast.desk, now=NOW)
    assert Appointment.objects.count() >= 10
    assert count_queries(client, url) == few


def test_a_visit_is_checked_then_booked_with_plain_forms(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    client = sign_in(cast.desk)
    asked = {"patient": plan.patient.pk, "on": TUESDAY, "at": "09:00", "place": room.pk, "nurse": cast.nurse.pk}
    page = client.get(reverse("web:schedule"), asked)
    assert "Room 1" in page.content.decode()
    assert 'value="2026-03-03|09:00|' in page.content.decode()
    slot = f"{TUESDAY}|09:00|{room.pk}|{cast.nurse.pk}"
    answer = client.post(
        reverse("web:schedule-book"), {"patient": plan.patient.pk, "kind": "dosing", "slot": slot, "tell": "1"}
    )
    assert (answer.status_code, answer["Location"]) == (302, f"/schedule/?on={TUESDAY}")
    visit = Appointment.objects.get()
    assert (visit.starts_at, visit.place, visit.nurse, visit.booked_by) == (local(3, 9), room, cast.nurse, cast.desk)


@pytest.mark.parametrize("name", ["schedule", "schedule-series", "schedule-waiting"])
def test_a_person_is_found_by_a_form_and_not_by_an_address(cast: Cast, name: str) -> None:
    patient = factories.make_patient(cast, family_name="Quincetree")
    client, url = sign_in(cast.desk), reverse(f"web:{name}")
    found = client.post(url, {"act": "find", "q": "Quince", "on": TUESDAY}).content.decode()
    assert f"patient={patient.pk}" in found
    assert 'name="q"' in found
    assert 'method="get" role="search"' not in found
    named = client.get(url, {"q": "Quince"}).content.decode()
    assert patient.pk not in named
    assert "Quince" not in named
    assert sign_in(cast.manager).post(url, {"act": "find", "q": "Quince"}).status_code == 403


def test_a_refused_booking_can_be_checked_at_another_time(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    book(cast, make_another(cast, "Birch"), local(3, 9), room)
    client = sign_in(cast.desk)
    slot = f"{TUESDAY}|09:30|{room.pk}|{cast.nurse.pk}"
    asked = {"patient": plan.patient.pk, "kind": "dosing", "slot": slot}
    page = client.post(reverse("web:schedule-book"), asked).content.decode()
    forms = re.findall(r'<form[^>]*method="get"[^>]*>', page)
    assert forms
    assert all('action="/schedule/"' in form for form in forms)


def test_who_was_booked_from_the_list_meanwhile_is_not_booked_twice(cast: Cast) -> None:
    patient = factories.make_patient(cast, family_name="Larch")
    room, other = furnish(cast)
    entry = add_waiting(site=cast.site, patient=patient, kind="assessment", by=cast.desk, now=NOW)
    client = sign_in(cast.desk)
    asked = {"patient": patient.pk, "kind": "assessment", "entry": entry.pk, "clinician": cast.owner.pk}
    first = client.post(reverse("web:schedule-book"), {**asked, "slot": f"{TUESDAY}|09:00|{room.pk}|"})
    assert first.status_code == 302
    second = client.post(reverse("web:schedule-book"), {**asked, "slot": f"{TUESDAY}|11:00|{other.pk}|"})
    assert second.status_code == 422
    assert Appointment.objects.filter(patient=patient).count() == 1


def test_who_waits_for_one_kind_waits_on_where_another_is_booked(cast: Cast) -> None:
    patient = factories.make_patient(cast, family_name="Larch")
    room, _ = furnish(cast)
    entry = add_waiting(site=cast.site, patient=patient, kind="follow-up", by=cast.desk, now=NOW)
    asked = {"patient": patient.pk, "kind": "assessment", "entry": entry.pk, "clinician": cast.owner.pk}
    answer = sign_in(cast.desk).post(reverse("web:schedule-book"), {**asked, "slot": f"{TUESDAY}|09:00|{room.pk}|"})
    assert answer.status_code == 302
    entry.refresh_from_db()
    assert (entry.state, entry.appointment) == ("waiting", None)


def test_an_arrival_of_the_wrong_person_is_taken_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    monkeypatch.setattr("django.utils.timezone.now", lambda: local(3, 8, 50))
    client, url = sign_in(cast.desk), reverse("web:visit", args=[visit.pk])
    assert client.post(url, {"act": "not-arrived"}).status_code == 422
    assert client.post(url, {"act": "arrive"}).status_code == 302
    assert 'value="not-arrived"' in client.get(url).content.decode()
    assert client.post(url, {"act": "not-arrived"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.arrived_at) == ("booked", None)
    assert client.post(url, {"act": "arrive"}).status_code == 302


def test_who_comes_second_reads_why_and_what_is_clear_instead(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    book(cast, make_another(cast, "Birch"), local(3, 9), room)
    client = sign_in(cast.desk)
    slot = f"{TUESDAY}|09:30|{room.pk}|{cast.nurse.pk}"
    answer = client.post(reverse("web:schedule-book"), {"patient": plan.patient.pk, "kind": "dosing", "slot": slot})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert "Room 1 is taken 09:00 to 11:00" in body
    assert 'data-rule="BK-1"' in body
    assert f"|{other.pk}|" in body
    assert Appointment.objects.count() == 1


def test_a_place_that_another_desk_took_is_chosen_no_more_and_the_field_says_so(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    client, form = sign_in(cast.desk), {"patient": plan.patient.pk, "kind": "dosing"}
    asked = {**form, "on": TUESDAY, "at": "09:30", "place": room.pk, "nurse": cast.nurse.pk}
    free = client.get(reverse("web:schedule"), asked).content.decode()
    assert f'<option value="{room.pk}" selected>' in free
    book(cast, make_another(cast, "Birch"), local(3, 9), room)
    slot = f"{TUESDAY}|09:30|{room.pk}|{cast.nurse.pk}"
    refused = client.post(reverse("web:schedule-book"), {**form, "slot": slot}).content.decode()
    for page in (refused, client.get(reverse("web:schedule"), asked).content.decode()):
        assert f'<option value="{room.pk}" selected>' not in page
        assert 'id="id_place_helptext">Room 1 is taken at this time: none is chosen now.' in page
        assert re.search(r'name="place"[^>]*aria-describedby="id_place_helptext"', page)
        # what else was asked for stays
        assert f'<option value="{cast.nurse.pk}" selected>' in page
        assert 'value="09:30"' in page
    kept = client.get(reverse("web:schedule"), {**asked, "place": other.pk}).content.decode()
    assert f'<option value="{other.pk}" selected>' in kept


def test_a_caution_is_accepted_by_a_prescriber_and_not_by_the_desk(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    for day in (3, 5, 9):
        book(cast, plan, local(day, 9), room, accepted=("SP-1",))
    form = {"patient": plan.patient.pk, "kind": "dosing", "slot": f"2026-03-06|09:00|{room.pk}|{cast.nurse.pk}"}
    accepted = {**form, "accepted": ["L-FREQ", "SP-1"]}
    url = reverse("web:schedule-book")
    assert sign_in(cast.desk).post(url, accepted).status_code == 422
    assert sign_in(cast.owner).post(url, form).status_code == 422
    assert sign_in(cast.owner).post(url, accepted).status_code == 302
    visit = Appointment.objects.get(starts_at=local(6, 9))
    assert [each["rule"] for each in visit.accepted] == ["L-FREQ", "SP-1"]


def test_a_visit_is_moved_by_the_form_and_an_old_version_is_told(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    client = sign_in(cast.desk)
    page = client.get(reverse("web:schedule"), {"on": TUESDAY, "move": visit.pk, "at": "10:00", "place": other.pk})
    assert "Move a visit" in page.content.decode()
    form = {
        "move": visit.pk,
        "version": "1",
        "reason": "child ill",
        "slot": f"{TUESDAY}|10:00|{other.pk}|{cast.nurse.pk}",
    }
    assert client.post(reverse("web:schedule-book"), form).status_code == 302
    assert Appointment.objects.get(state="booked").place == other
    assert client.post(reverse("web:schedule-book"), form).status_code in (409, 422)


@pytest.mark.parametrize("asked", ["at=99:99", "on=xx", "place=';--", "slot=a|b", "patient=%00", "move=zz", "at=09:03"])
def test_what_cannot_be_read_is_no_failure(cast: Cast, asked: str) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    client = sign_in(cast.desk)
    url = f"{reverse('web:schedule')}?on={TUESDAY}&{asked}"
    url += "" if asked.startswith(("patient", "move")) else f"&patient={plan.patient.pk}"
    assert client.get(url).status_code in (200, 404)


@pytest.mark.parametrize("asked", [{"on": "garbage", "at": "25:99"}, {"on": "garbage"}, {"on": TUESDAY, "at": "25:99"}])
def test_a_day_or_time_that_cannot_be_read_chooses_no_other_and_books_nothing(
    cast: Cast, asked: dict[str, str]
) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    url = reverse("web:schedule")
    page = sign_in(cast.desk).get(url, {"patient": plan.patient.pk, "kind": "dosing", **asked}).content.decode()
    assert "Book the chosen time" not in page
    assert 'name="slot"' not in page
    assert "Mend what is marked above" in page
    assert "field__error" in page


def test_an_hour_that_the_clocks_leave_out_is_refused_by_its_name(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    client, url = sign_in(cast.desk), reverse("web:schedule")
    asked = {"patient": plan.patient.pk, "kind": "dosing", "on": "2026-03-29", "at": "02:30"}
    page = client.get(url, asked).content.decode()
    assert "02:30 does not exist on 2026-03-29" in page
    assert 'name="slot"' not in page
    form = {"patient": plan.patient.pk, "kind": "dosing", "slot": f"2026-03-29|02:30|{room.pk}|{cast.nurse.pk}"}
    answer = client.post(reverse("web:schedule-book"), form)
    assert answer.status_code == 422
    assert "02:30 does not exist" in answer.content.decode()
    assert not Appointment.objects.exists()
    assert "does not exist" not in client.get(url, {**asked, "at": "03:30"}).content.decode()


def test_the_grid_says_what_the_picture_shows(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    body = sign_in(cast.desk).get(reverse("web:schedule"), {"on": TUESDAY}).content.decode()
    assert f'data-visit="{visit.pk}"' in body
    assert "data-movable" in body
    assert 'data-begins-min="480"' in body
    assert 'data-start-min="60"' in body
    assert "latest first dose: IV 40 min" in body
    manager = sign_in(cast.manager).get(reverse("web:schedule"), {"on": TUESDAY}).content.decode()
    assert "data-movable" not in manager
    assert "Book a visit" not in manager


def test_the_printed_day_names_people_only_to_who_may_find_them(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    book(cast, plan, local(3, 9), room)
    url = f"{reverse('web:schedule-print')}?on={TUESDAY}"
    assert "Demo, Alder" in sign_in(cast.desk).get(url).content.decode()
    assert "Demo, Alder" not in sign_in(cast.manager).get(url).content.decode()


def test_a_day_of_the_clock_change_has_its_hours(cast: Cast) -> None:
    furnish(cast)
    client = sign_in(cast.desk)
    for day in ("2026-03-29", "2026-10-25"):
        assert client.get(f"{reverse('web:schedule')}?on={day}").status_code == 200


def test_the_address_of_a_feed_is_shown_once(cast: Cast) -> None:
    client = sign_in(cast.nurse)
    url = reverse("web:schedule-feed")
    made = client.post(url, {"act": "create"})
    assert ".ics" in made.content.decode()
    assert made["Cache-Control"] == "no-store"
    assert ".ics" not in client.get(url).content.decode()
    assert client.post(url, {"act": "revoke"}).status_code == 302
    assert client.post(url, {"act": "revoke"}).status_code == 404


def test_hours_typed_by_the_manager_close_a_day(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    form = {"act": "hours", "who": cast.owner.pk, "role": "prescriber", "on": TUESDAY, "begins": "08:00"}
    client = sign_in(cast.manager)
    assert client.post(reverse("web:schedule-staff"), {**form, "ends": "07:00"}).status_code == 422
    assert client.post(reverse("web:schedule-staff"), {**form, "ends": "17:00", "is_away": "on"}).status_code == 302
    found = visits.judge_booking(
        site=cast.site, patient=plan.patient, kind="dosing", starts_at=local(3, 9), place=room, nurse=None,
        clinician=None, plan=plan, protocol="", now=NOW,
    )  # fmt: skip
    assert "ST-1" in {each.rule for each in found if each.severity == "stop"}


def test_the_visit_page_says_what_is_next(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    url = reverse("web:visit", args=[visit.pk])
    monkeypatch.setattr("django.utils.timezone.now", lambda: local(3, 9, 2))
    client = sign_in(cast.nurse)
    assert client.post(url, {"act": "arrive"}).status_code == 302
    assert client.post(url, {"act": "start"}).status_code == 302
    visit.refresh_from_db()
    assert visit.state == "in-session"
    assert client.post(url, {"act": "cancel", "reason": "late"}).status_code == 422


def test_a_visit_to_be_moved_is_judged_by_what_lies_before_it(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    series = visits.plan_series(plan=plan, starts_on=local(3, 9).date(), count=6, by=cast.desk, now=NOW)
    second = series.appointments.get(number=2)
    body = sign_in(cast.desk).get(reverse("web:schedule"), {"on": "2026-03-06", "move": second.pk}).content.decode()
    # the first was on Tuesday the 3rd: two a week lie at least two days apart and at most five
    assert "window 5 Mar to 8 Mar" in body
    assert "session 2," in body


def test_did_not_come_is_taken_back_from_the_page_of_the_visit(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    monkeypatch.setattr("django.utils.timezone.now", lambda: local(3, 9, 20))
    client, url = sign_in(cast.desk), reverse("web:visit", args=[visit.pk])
    assert 'value="came"' not in client.get(url).content.decode()
    client.post(url, {"act": "no-show"})
    page = client.get(url).content.decode()
    assert 'value="came"' in page
    assert 'value="expected-again"' in page
    assert client.post(url, {"act": "came"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.state, visit.place) == ("arrived", room)
    assert 'value="came"' not in client.get(url).content.decode()


def test_a_refused_move_keeps_what_was_typed_and_sends_nobody_to_a_window_that_has_passed(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    done = book(cast, plan, local(3, 9), room)
    Appointment.objects.filter(pk=done.pk).update(state="arrived")
    visit = book(cast, plan, local(5, 9), room, accepted=("SP-1",))
    monkeypatch.setattr("django.utils.timezone.now", lambda: local(30, 8))
    form = {"move": visit.pk, "version": "1", "reason": "bus did not run", "because": "asked the doctor"}
    slot = f"2026-03-30|10:00|{other.pk}|{cast.nurse.pk}"
    answer = sign_in(cast.desk).post(reverse("web:schedule-book"), {**form, "slot": slot})
    body = answer.content.decode()
    assert answer.status_code == 422
    assert 'data-rule="SP-1"' in body
    assert 'value="bus did not run"' in body
    assert 'value="asked the doctor"' in body
    assert "That window has passed" in body
    assert "has passed</span>" in body
    assert "Choose a day in the window" not in body
    assert re.search(r'name="tell" value="1">', body)


def test_who_cannot_be_told_of_a_move_is_to_be_telephoned_and_the_page_says_so(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    form = {"move": visit.pk, "version": "1", "reason": "child ill", "tell": "1"}
    slot = f"{TUESDAY}|10:00|{other.pk}|{cast.nurse.pk}"
    page = sign_in(cast.desk).post(reverse("web:schedule-book"), {**form, "slot": slot}, follow=True)
    assert "Moved to 3 Mar 2026 10:00. Alder could not be told: no address. Telephone" in page.content.decode()
    task = Task.objects.get(kind="tell-by-phone")
    assert (task.patient, task.owner_role, task.state) == (plan.patient, "frontdesk", "open")
    assert task.detail == "Visit moved to Tue 3 Mar 10:00; no address is on file"
    moved = Appointment.objects.get(state="booked")
    url = reverse("web:visit", args=[moved.pk])
    gone = sign_in(cast.desk).post(url, {"act": "cancel", "reason": "ill", "tell": "1"}, follow=True).content.decode()
    assert "Cancelled. The place is free. Alder could not be told" in gone
    task.refresh_from_db()
    assert (task.state, task.outcome) == ("cancelled", "changed-again")
    assert Task.objects.get(kind="tell-by-phone", state="open").detail.startswith("Visit cancelled")


def test_who_can_be_told_or_is_not_to_be_told_leaves_no_task(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    slot = f"{TUESDAY}|10:00|{other.pk}|{cast.nurse.pk}"
    form = {"move": visit.pk, "version": "1", "reason": "child ill", "slot": slot}
    page = sign_in(cast.desk).post(reverse("web:schedule-book"), form, follow=True).content.decode()
    assert "could not be told" not in page
    type(plan.patient).objects.filter(pk=plan.patient.pk).update(phone="+43 660 1234567")
    moved = Appointment.objects.get(state="booked")
    again = {**form, "move": moved.pk, "tell": "1", "slot": slot.replace("10:00", "11:00")}
    page = sign_in(cast.desk).post(reverse("web:schedule-book"), again, follow=True).content.decode()
    assert "Moved to 3 Mar 2026 11:00." in page
    assert "could not be told" not in page
    assert not Task.objects.filter(kind="tell-by-phone").exists()
