"""What a chart states: typed answers, nothing overwritten, nothing from the future."""

from datetime import date, timedelta
from typing import Any

import pytest

from afterglow.clinic.errors import Conflict, Denied
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Allergy, HistoryFact, Measurement, MedicationStatement, Patient
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient

FACT = "history.aneurysm"


def current(patient: Patient, name: str = FACT) -> list[Any]:
    return list(patient.historyfact_set.filter(name=name, ended_at__isnull=True).values_list("value", flat=True))


def test_a_new_answer_ends_the_old_one_and_both_stay(cast: Cast) -> None:
    patient = make_patient(cast)
    people.record_history(patient=patient, facts={FACT: None}, by=cast.nurse, now=NOW)
    people.record_history(patient=patient, facts={FACT: False}, by=cast.owner, now=NOW + DAY)
    old, new = HistoryFact.objects.filter(name=FACT).order_by("recorded_at")
    assert (old.value, old.ended_at, old.ended_by) == (None, NOW + DAY, cast.owner)
    assert (new.value, new.ended_at) == (False, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (FACT, "no"),
        (FACT, 0),
        ("scales.phq9.total", 28),
        ("scales.phq9.total", -1),
        ("scales.phq9.total", 3.5),
        ("scales.phq9.total", "many"),
        ("history.child_pugh", "D"),
        ("labs.ecg.on", date(2026, 3, 3)),
        ("history.cardiovascular_event_on", "2026-13-01"),
        ("resistance.is_met", True),
        ("pregnancy.status", "pregnant"),
        ("no.such.fact", True),
    ],
)
def test_an_answer_that_is_none_is_refused_and_nothing_stored(cast: Cast, name: str, value: Any) -> None:
    patient = make_patient(cast)
    with pytest.raises(InvalidInput) as caught:
        people.record_history(patient=patient, facts={"history.porphyria": False, name: value}, by=cast.nurse, now=NOW)
    assert [problem.path for problem in caught.value.problems] == [name]
    assert not HistoryFact.objects.exists()


def test_answers_keep_their_type_and_day(cast: Cast) -> None:
    patient = make_patient(cast)
    facts = {"scales.phq9.total": "18", "scales.phq9.on": date(2026, 2, 20), "labs.alt.value": 24.5}
    people.record_history(patient=patient, facts=facts, by=cast.nurse, now=NOW)
    row = HistoryFact.objects.get(name="scales.phq9.total")
    assert (row.value, row.observed_on) == (18, date(2026, 2, 20))
    assert current(patient, "labs.alt.value") == [24.5]


@pytest.mark.parametrize("who", ["desk", "manager", "therapist", "stranger"])
def test_who_may_not_write_the_chart_does_not(cast: Cast, who: str) -> None:
    patient = make_patient(cast)
    with pytest.raises(Denied):
        people.record_history(patient=patient, facts={FACT: False}, by=getattr(cast, who), now=NOW)
    assert not HistoryFact.objects.exists()


def test_no_known_allergies_gives_way_to_an_allergy_and_not_the_reverse(cast: Cast) -> None:
    patient = make_patient(cast)
    people.record_no_known_allergies(patient=patient, by=cast.nurse, now=NOW)
    assert Patient.objects.get(pk=patient.pk).has_no_known_allergies is True
    entry = people.record_allergy(patient=patient, substance="Penicillin", by=cast.nurse, now=NOW)
    assert Patient.objects.get(pk=patient.pk).has_no_known_allergies is False
    with pytest.raises(Conflict):
        people.record_no_known_allergies(patient=patient, by=cast.nurse, now=NOW)
    people.end_entry(entry=entry, reason="refuted by the allergist", by=cast.owner, now=NOW + DAY)
    people.record_no_known_allergies(patient=patient, by=cast.nurse, now=NOW + DAY)
    assert Allergy.objects.get().end_reason == "refuted by the allergist"


def test_an_entry_ends_once(cast: Cast) -> None:
    patient = make_patient(cast)
    entry = people.record_preference(patient=patient, text="mask and quiet", by=cast.nurse, now=NOW)
    people.end_entry(entry=entry, by=cast.nurse, now=NOW)
    with pytest.raises(Conflict):
        people.end_entry(entry=entry, by=cast.nurse, now=NOW)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("Lorazepam 1 mg", ["benzodiazepine"]), ("Nothing anybody knows", [])],
)
def test_a_medicine_brings_its_classes(cast: Cast, name: str, classes: list[str]) -> None:
    patient = make_patient(cast)
    row = people.record_medication(patient=patient, name=name, by=cast.nurse, now=NOW)
    assert row.classes == classes
    assert Patient.objects.get(pk=patient.pk).medicines_asked_at == NOW


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"last_taken_at": NOW + timedelta(minutes=2)}, "last_taken_at"),
        ({"started_on": date(2026, 3, 3)}, "started_on"),
        ({"classes": ["no-such-class"]}, "classes"),
        ({"name": ""}, "name"),
    ],
)
def test_a_medicine_of_the_future_is_refused(cast: Cast, changes: dict[str, Any], path: str) -> None:
    fields = {"name": "Lithium", **changes}
    with pytest.raises(InvalidInput) as caught:
        people.record_medication(patient=make_patient(cast), by=cast.nurse, now=NOW, **fields)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not MedicationStatement.objects.exists()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"stopped_on": date(2025, 1, 1)}, "stopped_on"),
        ({"outcome": "cured"}, "outcome"),
        ({"weeks": -1}, "weeks"),
        ({"dose_mg": 0}, "dose_mg"),
        ({"improvement_percent": 101}, "improvement_percent"),
    ],
)
def test_a_trial_that_cannot_be_is_refused(cast: Cast, changes: dict[str, Any], path: str) -> None:
    fields = {"drug": "Sertraline", "started_on": date(2025, 2, 1), **changes}
    with pytest.raises(InvalidInput) as caught:
        people.record_trial(patient=make_patient(cast), by=cast.nurse, now=NOW, **fields)
    assert [problem.path for problem in caught.value.problems] == [path]


@pytest.mark.parametrize(
    ("kind", "value", "second", "path"),
    [
        ("weight", "700", None, "value"),
        ("weight", "-70", None, "value"),
        ("weight", "70", "60", "second_value"),
        ("weight", "", None, "value"),
        ("blood-pressure", 80, 120, "second_value"),
        ("blood-pressure", 120, 120, "second_value"),
        ("blood-pressure", 120, None, "second_value"),
        ("spo2", 101, None, "value"),
        ("mood", 5, None, "kind"),
    ],
)
def test_an_impossible_measurement_is_refused(cast: Cast, kind: str, value: Any, second: Any, path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        people.record_measurement(
            patient=make_patient(cast),
            kind=kind,
            value=value,
            second_value=second,
            observed_at=NOW,
            by=cast.nurse,
            now=NOW,
        )
    assert [problem.path for problem in caught.value.problems] == [path]
    assert not Measurement.objects.exists()


@pytest.mark.parametrize(("minutes", "is_stored"), [(0, True), (2, False)])
def test_a_measurement_from_the_future_is_refused(cast: Cast, minutes: int, is_stored: bool) -> None:
    patient, at = make_patient(cast), NOW + timedelta(minutes=minutes)
    given = {"kind": "weight", "value": "72.4", "observed_at": at, "by": cast.nurse, "now": NOW}
    if is_stored:
        assert str(people.record_measurement(patient=patient, **given).value) == "72.4"
    else:
        with pytest.raises(InvalidInput) as caught:
            people.record_measurement(patient=patient, **given)
        assert caught.value.problems[0].code == "instant-in-future"
