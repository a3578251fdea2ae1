"""Who takes the person home: today's escort where one was named today, else the one on file, said as such."""

import pytest

from afterglow.clinic.people.models import Escort
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
ON_FILE = "on file, not asked today"


@pytest.mark.parametrize(
    ("is_on_file", "named_today", "shown", "is_said"),
    [
        (True, "", "Mock, Moss", True),
        (True, "Sample, Fern", "Sample, Fern", False),
        (False, "Sample, Fern", "Sample, Fern", False),
        (False, "", "not recorded", False),
    ],
)
def test_an_escort_of_the_chart_is_not_shown_as_todays(
    is_on_file: bool, named_today: str, shown: str, is_said: bool
) -> None:
    cast = Cast()
    if is_on_file:
        Escort.objects.create(patient=cast.patient, name="Mock, Moss", recorded_at=cast.now, recorded_by=cast.nurse)
    if named_today:
        cast.say("record-arrival", {"escort": named_today}, after_s=30)
    text = cast.client().get(cast.url()).content.decode()
    escort = text[text.index("<dt>Escort</dt>") :].split("</div>", 1)[0]
    assert shown in escort
    assert (ON_FILE in escort) is is_said
