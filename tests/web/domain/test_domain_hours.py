"""One source of opening hours: what a booking is judged by is what messages and clocks go by."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.test import Client

from afterglow.clinic.notices import actions as notices
from afterglow.clinic.notices.hours import find_settings, get_hours
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.days import load_span
from afterglow.clinic.scheduling.models import StaffHours
from tests.factories import NOW, Cast
from tests.support.booking import local
from tests.web.security_support import BACKEND

pytestmark = pytest.mark.django_db
SUNDAY = 8


def open_on(cast: Cast, begins: time, ends: time, **when: Any) -> StaffHours:
    return rosters.set_hours(
        site=cast.site, user=None, role="clinic", begins=begins, ends=ends, by=cast.manager, now=NOW, **when
    )


def test_the_schedule_s_sunday_is_open_for_messages_too(cast: Cast) -> None:
    assert not get_hours(cast.site).is_open(local(SUNDAY, 10))
    open_on(cast, time(7), time(18), weekday=6)
    assert get_hours(cast.site).is_open(local(SUNDAY, 10))
    assert notices.describe_hours(cast.site, local(SUNDAY, 10)).changes_at == local(SUNDAY, 18)
    # the other days have no hours in the schedule: closed, whatever was proposed
    assert not get_hours(cast.site).is_open(local(SUNDAY + 1, 10))


def test_hours_of_the_settings_count_only_where_the_schedule_has_none(cast: Cast) -> None:
    notices.change_settings(site=cast.site, by=cast.manager, now=NOW, version=0, hours={"sun": [["10:00", "12:00"]]})
    assert get_hours(cast.site).is_open(local(SUNDAY, 11))
    row = open_on(cast, time(8), time(9), weekday=6)
    assert not get_hours(cast.site).is_open(local(SUNDAY, 11))
    rosters.remove_hours(hours=row, by=cast.manager, now=NOW)
    assert get_hours(cast.site).is_open(local(SUNDAY, 11))


@pytest.mark.parametrize(("hour", "minute"), [(6, 59), (7, 0), (11, 59), (12, 0), (12, 59), (13, 0), (17, 59), (18, 0)])
def test_bookings_and_messages_agree_minute_by_minute(cast: Cast, hour: int, minute: int) -> None:
    open_on(cast, time(7), time(15), weekday=6)
    open_on(cast, time(14), time(18), weekday=6)
    open_on(cast, time(12), time(13), weekday=6, is_away=True)
    open_on(cast, time(9), time(10), on=date(2026, 3, SUNDAY + 7))
    for day in (SUNDAY, SUNDAY + 7):
        at = local(day, hour, minute)
        windows = load_span(cast.site, date(2026, 3, day)).get_day(date(2026, 3, day)).open or ()
        assert get_hours(cast.site).is_open(at) is any(each.begins_at <= at < each.ends_at for each in windows)


def test_a_day_off_closes_messages_and_moves_the_clocks(cast: Cast) -> None:
    for weekday in range(5):
        open_on(cast, time(8), time(17), weekday=weekday)
    asked, due = local(3, 16), timedelta(hours=2)
    assert get_hours(cast.site).add_open_time(asked, due) == local(4, 9)
    open_on(cast, time(0), time(23, 59), on=date(2026, 3, 4), is_away=True)
    assert get_hours(cast.site).add_open_time(asked, due) == local(5, 9)


def test_storing_how_the_house_speaks_leaves_hours_that_do_not_count_alone(
    cast: Cast, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    week = {"sun": [["10:00", "12:00"]]}
    notices.change_settings(site=cast.site, by=cast.manager, now=NOW, version=0, hours=week)
    open_on(cast, time(7), time(18), weekday=0)
    client.force_login(cast.manager, backend=BACKEND)
    page = client.get("/notices/")
    assert page.status_code == 200
    assert b"settings-hours_mon" not in page.content
    assert b"07:00 to 18:00" in page.content
    notices.change_settings(site=cast.site, by=cast.manager, now=NOW, version=1, sender_name="Hall Street")
    settings = find_settings(cast.site)
    assert settings is not None
    assert (settings.sender_name, settings.hours) == ("Hall Street", week)
