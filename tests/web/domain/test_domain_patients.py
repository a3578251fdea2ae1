"""Patients: numbers, edits that meet, escorts, and who sees whom."""

from datetime import date, timedelta
from typing import Any

import pytest

from afterglow.clinic import policy
from afterglow.clinic.errors import Conflict, Denied
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Patient
from afterglow.terms import InvalidInput
from tests.factories import NOW, Cast, make_patient


def test_numbers_follow_one_another_at_a_site(cast: Cast) -> None:
    first, second = make_patient(cast), make_patient(cast, given_name="Birch")
    there = people.register_patient(
        site=cast.elsewhere,
        family_name="Demo",
        given_name="Cedar",
        birth_on=date(1990, 1, 1),
        by=cast.stranger,
        now=NOW,
    )
    assert [first.number, second.number, there.number] == ["000-101", "000-102", "000-101"]


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"family_name": "  "}, "family_name"),
        ({"given_name": "x" * 121}, "given_name"),
        ({"given_name": "A\x00B"}, "given_name"),
        ({"birth_on": date(2026, 3, 3)}, "birth_on"),
        ({"birth_on": date(1850, 1, 1)}, "birth_on"),
        ({"birth_on": None}, "birth_on"),
        ({"sex": "x"}, "sex"),
        ({"can_become_pregnant": "maybe"}, "can_become_pregnant"),
    ],
)
def test_what_cannot_be_a_person_is_refused_with_its_field(cast: Cast, changes: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make_patient(cast, **changes)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not Patient.objects.exists()


def test_a_birth_today_at_the_site_is_possible(cast: Cast) -> None:
    assert make_patient(cast, birth_on=date(2026, 3, 2)).birth_on == date(2026, 3, 2)


@pytest.mark.parametrize("who", ["stranger", "manager", "therapist"])
def test_who_may_not_register_does_not(cast: Cast, who: str) -> None:
    with pytest.raises(Denied):
        people.register_patient(
            site=cast.site,
            family_name="Demo",
            given_name="Alder",
            birth_on=date(1990, 1, 1),
            by=getattr(cast, who),
            now=NOW,
        )
    assert not Patient.objects.exists()


def test_two_edits_of_one_person_lose_nothing(cast: Cast) -> None:
    patient = make_patient(cast)
    people.edit_patient(patient=patient, version=1, phone="1", by=cast.desk, now=NOW)
    with pytest.raises(Conflict):
        people.edit_patient(patient=patient, version=1, phone="2", by=cast.owner, now=NOW)
    kept = Patient.objects.get(pk=patient.pk)
    assert (kept.phone, kept.version) == ("1", 2)
    assert people.edit_patient(patient=patient, version=2, phone="2", by=cast.owner, now=NOW).phone == "2"


def test_a_new_name_is_found_by_search_without_accents(cast: Cast) -> None:
    patient = make_patient(cast)
    people.edit_patient(patient=patient, version=1, family_name="Öztürk", by=cast.desk, now=NOW)
    assert list(Patient.objects.visible_to(cast.desk).search("OZTURK ald")) == [patient]
    assert not Patient.objects.visible_to(cast.desk).search("demo").exists()


def test_a_stranger_sees_nobody_here(cast: Cast) -> None:
    patient = make_patient(cast)
    assert list(Patient.objects.visible_to(cast.owner)) == [patient]
    assert not Patient.objects.visible_to(cast.stranger).exists()
    assert not policy.allow(cast.stranger, "patient.read", patient)


def test_an_escort_is_added_and_ended_once(cast: Cast) -> None:
    patient = make_patient(cast)
    escort = people.add_escort(patient=patient, name="Rowan Demo", relation="sister", by=cast.desk, now=NOW)
    ended = people.end_escort(escort=escort, by=cast.desk, now=NOW + timedelta(days=1))
    assert ended.ended_at == NOW + timedelta(days=1)
    with pytest.raises(Conflict):
        people.end_escort(escort=escort, by=cast.desk, now=NOW + timedelta(days=2))
    with pytest.raises(InvalidInput):
        people.add_escort(patient=patient, name=" ", by=cast.desk, now=NOW)
