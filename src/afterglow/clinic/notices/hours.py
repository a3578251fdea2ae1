"""When a site is open and silent, and what it says while nobody reads."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.notices.models import NoticeSettings
from afterglow.clinic.scheduling.hours import find_opening_hours
from afterglow.clinicday.messages import get_closed_text, get_default_quiet, load_default_week
from afterglow.clinicday.quiet import Hours, parse_week


@dataclass(frozen=True, slots=True)
class HoursNotice:
    """What a patient's page says about being read: open or not, until when or from when, and whom to call instead."""

    is_open: bool
    changes_at: datetime | None
    text: str
    phone: str
    emergency_number: str
    crisis_line: str
    is_default: bool


def find_settings(site: Any) -> NoticeSettings | None:
    """Return what a site set for its messages, or None where it keeps the proposed values."""
    return NoticeSettings.objects.filter(site=site).first()


def get_hours(site: Any, settings: NoticeSettings | None = None) -> Hours:
    """Return the opening hours of a site: the schedule's; where none stand, those of its messages or the proposed."""
    own = find_opening_hours(site)
    if own is not None:
        return own
    settings = settings or find_settings(site)
    week = parse_week(settings.hours) if settings is not None and settings.hours else load_default_week()
    return Hours(ZoneInfo(site.timezone), week)


def get_quiet(site: Any, settings: NoticeSettings | None = None) -> tuple[time, time]:
    """Return from when until when nothing is sent."""
    settings = settings or find_settings(site)
    if settings is None or settings.quiet_from is None or settings.quiet_until is None:
        return get_default_quiet()
    return settings.quiet_from, settings.quiet_until


def describe_hours(site: Any, now: datetime, language: str = "en") -> HoursNotice:
    """Return what a patient's page says: whether somebody reads now, when that changes, and whom to call instead."""
    settings = find_settings(site)
    hours = get_hours(site, settings)
    is_open = hours.is_open(now)
    own = (settings.closed_text if settings is not None else {}).get(language, "")
    return HoursNotice(
        is_open=is_open,
        changes_at=hours.find_closing(now) if is_open else hours.find_next_opening(now),
        text="" if is_open else own or get_closed_text(language),
        phone=site.phone,
        emergency_number=site.emergency_number,
        crisis_line=site.crisis_line,
        is_default=not own,
    )
