"""A chair given to somebody who is off duty is said so; staff swap, so that nothing is refused."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from afterglow.clinic.dosing_sessions.actions import get_nurse, submit_command
from afterglow.clinic.scheduling.duty import find_absence
from afterglow.clinic.scheduling.models import Block
from afterglow.clinic.scheduling.rosters import set_hours
from tests.storage_support import make_user
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    """A session with a named nurse, of a clinic whose nurse Nora has the whole day on duty."""
    cast = Cast()
    keep(cast, cast.nurse)
    cast.say("record-arrival")
    cast.say("assign-nurse", {"nurse": cast.nurse.pk})
    return cast


def keep(cast: Cast, user: Any, *, role: str = "nurse", is_away: bool = False, **when: Any) -> None:
    on = timezone.localtime(cast.now, ZoneInfo(cast.site.timezone)).date()
    hours = {"begins": time(0), "ends": time(23, 59, 59), "on": on, **when}
    set_hours(site=cast.site, user=user, role=role, by=None, now=cast.now, is_away=is_away, **hours)


def find(cast: Cast, command: str, data: dict[str, Any]) -> list[tuple[str, str]]:
    given = submit_command(session=cast.session, type=command, data=data, by=cast.nurse, now=cast.now)
    return [(each.rule, each.seen) for each in given.findings]


def test_a_colleague_on_duty_is_no_finding(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    keep(cast, rosa)
    assert find(cast, "offer-handover", {"to": rosa.pk}) == []


def test_a_colleague_who_is_away_today_is_said_and_may_still_take_it(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    keep(cast, rosa)
    keep(cast, rosa, is_away=True)
    assert find(cast, "offer-handover", {"to": rosa.pk}) == [("off-duty", "The receiver is marked as away now")]
    submit_command(session=cast.session, type="accept-handover", data={}, by=rosa, now=cast.now)
    assert get_nurse(cast.session) == rosa


def test_somebody_without_hours_is_said_where_others_of_the_role_have_some(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    seen = "The receiver has no hours in the schedule now"
    assert find(cast, "offer-handover", {"to": rosa.pk}) == [("off-duty", seen)]
    # nobody of the prescribers has hours here: that says nothing of any of them
    assert find(cast, "offer-handover", {"to": cast.prescriber.pk}) == []


def test_what_is_typed_of_the_duty_does_not_count(cast: Cast) -> None:
    rosa = make_user("rosa", cast.site, "nurse")
    keep(cast, rosa)
    assert find(cast, "offer-handover", {"to": rosa.pk, "duty": "away"}) == []


def test_naming_the_first_nurse_is_judged_too() -> None:
    cast = Cast()
    keep(cast, cast.nurse, is_away=True)
    assert [rule for rule, _ in find(cast, "assign-nurse", {"nurse": cast.nurse.pk})] == ["off-duty"]


def test_blocked_time_is_away_and_a_shift_that_ended_is_no_hours(cast: Cast) -> None:
    zone = ZoneInfo(cast.site.timezone)
    noon = datetime.combine(timezone.localtime(cast.now, zone).date(), time(12), tzinfo=zone)
    rosa = make_user("rosa", cast.site, "nurse")
    keep(cast, rosa, begins=time(8), ends=time(13))
    assert find_absence(rosa, cast.site, noon) == ""
    assert find_absence(rosa, cast.site, noon + timedelta(hours=1)) == "no-hours"
    Block.objects.create(
        site=cast.site, user=rosa, begins_at=noon, ends_at=noon + timedelta(minutes=30), reason="course",
        created_at=cast.now, created_by=cast.nurse,
    )  # fmt: skip
    assert find_absence(rosa, cast.site, noon) == "away"
