"""What was accepted at booking, on the day: unchanged it stays accepted, worse or different it is asked again."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from afterglow.clinic.errors import Refused
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.sites.models import Place
from afterglow.clinicday.acceptance import read_acceptances
from afterglow.terms import InvalidInput
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, local, make_another

pytestmark = pytest.mark.django_db
CONVERT = import_module("afterglow.clinic.scheduling.migrations.0002_keep_what_was_accepted")
ASKED = ("ES-1", "SP-1", "ST-2")


def fill(cast: Cast) -> tuple[Appointment, list[Place]]:
    """Return a visit whose nurse would have 2.5 patients at once, accepted by the director, and the places."""
    rooms = furnish(cast, places=6)
    book(cast, make_another(cast, "Alder"), local(3, 9), rooms[0])
    book(cast, make_another(cast, "Birch"), local(3, 10), rooms[1])
    # 10:05: observing counts half, two give whole
    visit = book(
        cast, factories.make_plan(cast), local(3, 10, 5), rooms[2], accepted=("N-2",), by=cast.director,
        because="Alder leaves at eleven",
    )  # fmt: skip
    return visit, rooms


def start(cast: Cast, visit: Any, **given: Any) -> Any:
    return visits.start_session(appointment=visit, by=cast.owner, **{"now": visit.starts_at, **given})


def test_what_was_seen_by_whom_when_and_why_is_kept(cast: Cast) -> None:
    visit, _ = fill(cast)
    kept = {each.rule: each for each in read_acceptances(visit.accepted)}["N-2"]
    assert (kept.seen, kept.threshold) == ("Nora would have 2.5, 10:05 to 11:00", "at most 2")
    assert (kept.by, kept.by_name) == (cast.director.pk, cast.director.display_name)
    assert (kept.at, kept.reason) == (NOW, "Alder leaves at eleven")


def test_an_unchanged_finding_stays_accepted_on_the_day(cast: Cast) -> None:
    visit, _ = fill(cast)
    start(cast, visit, accepted=ASKED)
    visit.refresh_from_db()
    kept = {each.rule: each for each in read_acceptances(visit.accepted)}["N-2"]
    assert (kept.by, kept.reason) == (cast.director.pk, "Alder leaves at eleven")


def test_a_few_minutes_later_with_the_same_load_is_unchanged(cast: Cast) -> None:
    visit, _ = fill(cast)
    assert start(cast, visit, accepted=ASKED, now=visit.starts_at + timedelta(minutes=5)).pk


def test_a_finding_that_became_worse_is_asked_again_on_the_day(cast: Cast) -> None:
    visit, rooms = fill(cast)
    for index, name in enumerate(("Cedar", "Elder"), start=3):
        book(cast, make_another(cast, name), local(3, 10, 10), rooms[index], accepted=("N-2",), by=cast.director)
    with pytest.raises(Refused) as refusal:
        start(cast, visit, accepted=ASKED)
    assert [each.rule for each in refusal.value.findings] == ["N-2"]
    assert "Nora would have 4.5" in refusal.value.findings[0].seen
    visit.refresh_from_db()
    assert visit.state == "booked"
    start(cast, visit, accepted=(*ASKED, "N-2"), because="A second nurse stands by")
    visit.refresh_from_db()
    kept = {each.rule: each for each in read_acceptances(visit.accepted)}["N-2"]
    assert (kept.by, kept.at, kept.reason) == (cast.owner.pk, visit.starts_at, "A second nurse stands by")
    assert kept.measure == Decimal("4.5")


def test_another_thing_seen_under_the_same_rule_is_asked_again(cast: Cast) -> None:
    visit, _ = fill(cast)
    Appointment.objects.filter(pk=visit.pk).update(nurse=cast.director)
    Appointment.objects.exclude(pk=visit.pk).update(nurse=cast.director)
    visit.refresh_from_db()
    with pytest.raises(Refused) as refusal:
        start(cast, visit, accepted=ASKED)
    assert "N-2" in {each.rule for each in refusal.value.findings}


def test_a_reason_too_long_is_told_and_nothing_is_booked(cast: Cast) -> None:
    furnish(cast)
    with pytest.raises(InvalidInput) as problem:
        book(cast, factories.make_plan(cast), local(3, 9), None, because="x" * 201)
    assert [each.path for each in problem.value.problems] == ["because"]
    assert not Appointment.objects.exists()


def test_acceptances_from_before_keep_what_their_booking_saw(cast: Cast) -> None:
    visit, _ = fill(cast)
    now = read_acceptances(visit.accepted)
    Appointment.objects.filter(pk=visit.pk).update(accepted=[each.rule for each in now])
    CONVERT.forward(apps, None)
    visit.refresh_from_db()
    then = read_acceptances(visit.accepted)
    assert [(each.rule, each.seen, each.at) for each in then] == [(each.rule, each.seen, each.at) for each in now]
    assert start(cast, visit, accepted=ASKED).pk
    CONVERT.back(apps, None)
    visit.refresh_from_db()
    assert "N-2" in visit.accepted


def test_acceptances_of_a_visit_judged_again_since_cover_nothing(cast: Cast) -> None:
    visit, _ = fill(cast)
    Appointment.objects.filter(pk=visit.pk).update(accepted=["N-2"], expected_at=local(3, 10, 30))
    CONVERT.forward(apps, None)
    visit.refresh_from_db()
    assert [(each.rule, each.seen, each.by) for each in read_acceptances(visit.accepted)] == [("N-2", "", "")]
    with pytest.raises(Refused):
        start(cast, visit, accepted=ASKED)
