"""Pages of care: empty states, words kept on errors, notes that only say that they exist."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.care import actions as care

pytestmark = pytest.mark.django_db


def open_page(client: Client, name: str, *args: str) -> str:
    response = client.get(reverse(f"web:{name}", args=args))
    assert response.status_code == 200, name
    return response.content.decode()


def test_empty_pages_say_what_is_absent_and_what_comes(patient: Any, sign_in: Callable[[str], Client]) -> None:
    client = sign_in("nurse")
    expected = {
        "patient-care": "No goal yet",
        "care-notes": "No therapy note",
        "care-shared": "No outside clinician",
        "care-letters": "First name an outside clinician.",
        "care-stepping-down": "No plan signed",
    }
    for name, words in expected.items():
        page = open_page(client, name, patient.pk)
        assert words in page, name
        assert 'aria-current="page"' in page
    assert client.get(reverse("web:care-stepping-down-print", args=[patient.pk])).status_code == 404


def test_a_goal_without_words_is_refused_under_its_field(patient: Any, sign_in: Callable[[str], Client]) -> None:
    url = reverse("web:patient-care", args=[patient.pk])
    response = sign_in("nurse").post(url, {"act": "add", "goal-kind": "goal", "goal-words": " "})
    assert response.status_code == 422
    assert "Nothing was stored" in response.content.decode()
    assert patient.goals.count() == 0


def test_a_note_shows_its_words_to_the_author_and_its_being_there_to_others(
    patient: Any, staff: dict[str, Any], sign_in: Callable[[str], Client]
) -> None:
    note = care.write_note(
        patient=patient, text="<b>Spoke</b> about the father", by=staff["therapist"], now=datetime.now(UTC)
    )
    page = open_page(sign_in("therapist"), "care-note", patient.pk, note.pk)
    assert "&lt;b&gt;Spoke&lt;/b&gt; about the father" in page
    listed = open_page(sign_in("prescriber"), "care-notes", patient.pk)
    assert "Talk on" in listed
    assert "father" not in listed
    assert reverse("web:care-note", args=[patient.pk, note.pk]) not in listed
    for role in ("nurse", "prescriber", "medical-director", "frontdesk"):
        assert sign_in(role).get(reverse("web:care-note", args=[patient.pk, note.pk])).status_code == 403


def test_steps_typed_wrong_are_kept_and_nothing_is_stored(patient: Any, sign_in: Callable[[str], Client]) -> None:
    url = reverse("web:care-stepping-down", args=[patient.pk])
    fields = {"act": "store", "plan-kind": "stop", "steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0"}
    response = sign_in("nurse").post(url, {**fields, "steps-0-on": "soon", "steps-0-what": "Half as often"})
    assert response.status_code == 422
    assert "Half as often" in response.content.decode()
    broken = sign_in("nurse").post(url, {**fields, "steps-TOTAL_FORMS": "many"})
    assert broken.status_code == 422
    assert patient.step_down_plans.count() == 0


def test_the_chart_counts_therapy_notes_for_everybody_and_opens_them_for_few(
    patient: Any, staff: dict[str, Any], sign_in: Callable[[str], Client]
) -> None:
    assert "therapy note" not in open_page(sign_in("therapist"), "patient", patient.pk)
    for text in ("Spoke about the father", "Spoke about the mother"):
        care.write_note(patient=patient, text=text, by=staff["therapist"], now=datetime.now(UTC))
    way = f'<a href="{reverse("web:care-notes", args=[patient.pk])}">2 therapy notes</a>'
    for role, may_open in (("therapist", True), ("nurse", False), ("prescriber", False)):
        page = open_page(sign_in(role), "patient", patient.pk)
        assert "2 therapy notes" in page, role
        assert "last talk" in page, role
        assert (way in page) is may_open, role
        assert "father" not in page


def test_a_change_of_a_medicine_is_handed_to_another_owner_with_the_reason(
    patient: Any, staff: dict[str, Any], sign_in: Callable[[str], Client]
) -> None:
    nurse, now = staff["nurse"], datetime.now(UTC)
    doctor = care.add_clinician(
        patient=patient, fields={"name": "Dr. Ada Fieldworth", "profession": "family-doctor"}, by=nurse, now=now
    )
    change = care.propose_change(
        patient=patient, medicine="Lorazepam", proposal="Halve", outside_owner=doctor, by=nurse, now=now
    )
    client, url = sign_in("nurse"), reverse("web:care-shared", args=[patient.pk])
    form = {"act": "hand", "change": change.pk, f"hand-{change.pk}-owner": f"here:{staff['prescriber'].pk}"}
    response = client.post(url, form)
    assert response.status_code == 422
    change.refresh_from_db()
    assert change.outside_owner == doctor
    words = {f"hand-{change.pk}-words": "Dr. Fieldworth asked us to, by phone"}
    assert client.post(url, {**form, **words}).status_code == 302
    change.refresh_from_db()
    assert (change.owner, change.outside_owner) == (staff["prescriber"], None)
    page = open_page(client, "care-shared", patient.pk)
    assert "new owner, Nurse. Dr. Fieldworth asked us to, by phone" in page
    # one that is over has nobody to be handed to
    care.drop_change(change=change, words="Not needed", by=nurse, now=now)
    assert 'value="hand"' not in open_page(client, "care-shared", patient.pk)
    assert client.post(url, {**form, **words}).status_code in (409, 422)
