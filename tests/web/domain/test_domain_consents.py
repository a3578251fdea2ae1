"""Consent: the talk before it, the typed name, what it covers, its end."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.consents.models import Consent, ConsentText
from afterglow.clinic.consents.texts import install_texts
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.people.models import Patient
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, TEXTS, TOPICS, Cast, get_text, make_patient, sign, talk

TODAY = date(2026, 3, 2)


def attempt(cast: Cast, patient: Patient, name: str = "Alder Demo", **changes: Any) -> Consent:
    fields = {"text": get_text("ketamine-infusion"), "typed_name": name, "by": cast.nurse, "now": NOW, **changes}
    return consents.sign_consent(patient=patient, **fields)


def find(patient: Patient, on: date = TODAY, **changes: Any) -> Any:
    asked = {"route": "iv", "drug": "racemic", "dose_mg_per_kg": Decimal("0.5"), **changes}
    return consents.find_valid_consent(patient=patient, on=on, **asked)


def test_texts_come_with_a_site_once_and_say_what_a_person_needs(cast: Cast) -> None:
    assert ConsentText.objects.count() >= len(TEXTS)
    assert install_texts(now=NOW) == []
    for key in TEXTS.values():
        body = ConsentText.objects.get(key=key).body.casefold()
        for word in ("drive", "change your mind", "adult", "pregnancy", "your record", "pressure"):
            assert word in body, f"{key} does not speak of {word}"
    assert get_text("ketamine-infusion").is_off_label
    assert not get_text("esketamine-spray-us").is_off_label


def test_the_talk_comes_first(cast: Cast) -> None:
    patient = make_patient(cast)
    with pytest.raises(Refused) as caught:
        attempt(cast, patient)
    assert caught.value.code == "talk-missing"
    assert not Consent.objects.exists()


@pytest.mark.parametrize("left_out", TOPICS)
def test_every_topic_belongs_to_the_talk_of_an_off_label_text(cast: Cast, left_out: str) -> None:
    patient = make_patient(cast)
    talk(cast, patient, topics=[topic for topic in TOPICS if topic != left_out])
    with pytest.raises(Refused) as caught:
        attempt(cast, patient)
    assert caught.value.code == "talk-incomplete"
    assert left_out in str(caught.value)


@pytest.mark.parametrize("has_capacity", [False, None])
def test_nobody_signs_without_capacity(cast: Cast, has_capacity: bool | None) -> None:
    patient = make_patient(cast)
    talk(cast, patient, has_capacity=has_capacity)
    with pytest.raises(Refused) as caught:
        attempt(cast, patient)
    assert caught.value.code == "capacity-not-shown"


def test_the_talk_of_another_person_does_not_count(cast: Cast) -> None:
    other = talk(cast, make_patient(cast))
    with pytest.raises(Refused) as caught:
        attempt(cast, make_patient(cast, given_name="Birch"), "Birch Demo", talk=other)
    assert caught.value.code == "talk-missing"


@pytest.mark.parametrize(("days", "is_signed"), [(90, True), (91, False)])
def test_a_talk_lasts_90_days(cast: Cast, days: int, is_signed: bool) -> None:
    patient = make_patient(cast)
    talk(cast, patient)
    if is_signed:
        assert attempt(cast, patient, now=NOW + days * DAY).signed_at == NOW + days * DAY
    else:
        with pytest.raises(Refused) as caught:
            attempt(cast, patient, now=NOW + days * DAY)
        assert caught.value.code == "talk-too-old"


def test_a_talk_in_the_future_or_on_nothing_known_is_refused(cast: Cast) -> None:
    for changes in ({"held_at": NOW + timedelta(hours=1)}, {"topics": ["weather"]}):
        with pytest.raises(InvalidInput):
            talk(cast, make_patient(cast), **changes)


@pytest.mark.parametrize("name", ["Alder Demo", "demo, ALDER", "Álder   démo"])
def test_the_name_is_the_patients_whatever_its_case_and_accents(cast: Cast, name: str) -> None:
    patient = make_patient(cast)
    talk(cast, patient)
    assert attempt(cast, patient, name).typed_name == name.strip()


@pytest.mark.parametrize("name", ["", "Alder", "Alder Demos", "Alder Alder Demo", "Demo"])
def test_another_name_is_no_signature(cast: Cast, name: str) -> None:
    patient = make_patient(cast)
    talk(cast, patient)
    with pytest.raises(InvalidInput) as caught:
        attempt(cast, patient, name)
    assert caught.value.problems[0].path == "typed_name"
    assert not Consent.objects.exists()


@pytest.mark.parametrize("who", ["desk", "manager", "therapist", "stranger"])
def test_who_may_not_witness_does_not(cast: Cast, who: str) -> None:
    patient = make_patient(cast)
    talk(cast, patient)
    with pytest.raises(Denied):
        attempt(cast, patient, by=getattr(cast, who))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"dose_mg_per_kg": Decimal("0.75")}, None),
        ({"dose_mg_per_kg": Decimal("0.751")}, "CONSENT-5"),
        ({"dose_mg_per_kg": None}, "CONSENT-5"),
        ({"dose_mg_per_kg": None, "dose_mg": Decimal(50), "weight_kg": Decimal(72)}, None),
        ({"route": "im"}, "CONSENT-4"),
        ({"drug": "esketamine"}, "CONSENT-4"),
    ],
)
def test_a_consent_covers_its_route_and_dose_only(cast: Cast, changes: dict[str, Any], rule: str | None) -> None:
    patient = make_patient(cast)
    consent = sign(cast, patient)
    check = find(patient, **changes)
    assert check.consent == (consent if rule is None else None)
    assert [finding.rule for finding in check.findings] == ([] if rule is None else [rule])


def test_a_consent_ends_by_its_date(cast: Cast) -> None:
    patient = make_patient(cast)
    consent = sign(cast, patient)
    assert consent.expires_on == TODAY + timedelta(days=consent.text.valid_for_d)
    assert find(patient, consent.expires_on).consent == consent
    late = find(patient, consent.expires_on + timedelta(days=1))
    assert [finding.rule for finding in late.findings] == ["CONSENT-3"]
    with pytest.raises(Refused) as caught:
        consents.confirm_consent(consent=consent, by=cast.nurse, now=NOW + (consent.text.valid_for_d + 1) * DAY)
    assert caught.value.code == "consent-expired"


def test_a_withdrawn_consent_covers_nothing_from_then_on(cast: Cast) -> None:
    patient = make_patient(cast)
    consent = sign(cast, patient)
    consents.confirm_consent(consent=consent, by=cast.nurse, now=NOW)
    withdrawn = consents.withdraw_consent(consent=consent, by=cast.nurse, now=NOW)
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by, withdrawn.withdrawal_reason) == (NOW, cast.nurse, "")
    assert [finding.rule for finding in find(patient).findings] == ["CONSENT-2"]
    with pytest.raises(Refused) as caught:
        consents.confirm_consent(consent=withdrawn, by=cast.nurse, now=NOW)
    assert caught.value.code == "consent-withdrawn"
    with pytest.raises(Conflict):
        consents.withdraw_consent(consent=withdrawn, by=cast.nurse, now=NOW)


def test_a_new_consent_covers_after_a_withdrawn_one(cast: Cast) -> None:
    patient = make_patient(cast)
    consents.withdraw_consent(consent=sign(cast, patient), by=cast.nurse, now=NOW)
    again = sign(cast, patient, now=NOW + DAY)
    assert find(patient).consent == again


def test_without_any_consent_the_finding_says_so(cast: Cast) -> None:
    assert [finding.rule for finding in find(make_patient(cast)).findings] == ["CONSENT-1"]
