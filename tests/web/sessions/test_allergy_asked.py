"""The sheet asks before it stores a drug that meets a recorded allergy; what has happened is stored with the answer."""

from typing import Any

import pytest

from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.people.models import Allergy
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
GIVEN = {
    "type": "record-drug-given",
    "data.drug": "Amoxicillin",
    "data.dose": "500 mg",
    "data.route": "oral",
    "data.purpose": "rescue",
}


@pytest.fixture
def cast() -> Cast:
    """Return a cast whose person has a recorded allergy, in a session opened with it."""
    made = Cast()
    Allergy.objects.create(
        patient=made.patient, substance="Penicillin", reaction="rash", recorded_at=made.now, recorded_by=made.nurse
    )
    return reopen(made)


def reopen(cast: Cast) -> Cast:
    from afterglow.clinic.dosing_sessions.actions import open_session

    cast.session = open_session(
        patient=cast.patient, plan=None, site=cast.site, by=cast.prescriber, now=cast.now, protocol_id="iv-racemic"
    )
    return cast


def post(cast: Cast, **more: str) -> Any:
    return cast.client().post(cast.url("session-commands"), {**GIVEN, **more})


def count(cast: Cast) -> int:
    return SessionEvent.objects.filter(session=cast.session, type="drug-given").count()


def test_it_is_asked_first_with_the_allergy_by_name_and_nothing_is_stored(cast: Cast) -> None:
    answer = post(cast)
    assert (answer.status_code, count(cast)) == (422, 0)
    text = answer.content.decode()
    assert "Amoxicillin: allergy to penicillin (penicillins)" in text
    assert 'name="data.despite_allergy"' in text


def test_what_was_given_is_stored_and_stands_among_the_alarms(cast: Cast) -> None:
    assert post(cast, **{"data.despite_allergy": "yes"}).status_code == 302
    assert count(cast) == 1
    text = cast.client().get(cast.url()).content.decode()
    assert "Amoxicillin given against an allergy" in text
    assert "No alarm here" not in text


def test_what_a_screen_kept_without_a_link_is_never_sent_back(cast: Cast) -> None:
    assert post(cast, kept="1").status_code == 302
    assert count(cast) == 1


def test_a_drug_that_meets_none_is_stored_at_once(cast: Cast) -> None:
    assert post(cast, **{"data.drug": "Ondansetron"}).status_code == 302
    assert count(cast) == 1
