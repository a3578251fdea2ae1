"""Help on every patient's page: the site's numbers, and when nobody reads what is written."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinicday.quiet import Hours
from afterglow.web.phone.words import Words

# the first run of digits of a line such as "988, call or text" is what a phone dials
_NUMBER = re.compile(r"\+?\d[\d ()./-]*\d|\d")


@dataclass(frozen=True, slots=True)
class Call:
    """One number to tap: its words, what it is for, what the phone dials."""

    kind: str
    title: str
    what: str
    dial: str


@dataclass(frozen=True, slots=True)
class Help:
    """The numbers of a site in their order, and the sentence on who reads when."""

    calls: tuple[Call, ...]
    reading: str


def describe_help(site: Any, words: Words, *, now: datetime) -> Help:
    """Return the help of a site, without a sign-in; an unset number is left out, never guessed."""
    hours = find_hours(site)
    calls = []
    if site is not None:
        texts = (
            ("emergency", site.emergency_number, words.say("help.emergency_what")),
            ("crisis", site.crisis_line, words.say("help.crisis_what")),
            ("clinic", site.phone, _say_today(hours, words, now)),
        )
        for kind, number, what in texts:
            if number.strip():
                title = words.say(f"help.{kind}", number=number.strip())
                calls.append(Call(kind, title, what, find_dial(number)))
    return Help(tuple(calls), _say_reading(hours, words, now))


def find_dial(text: str) -> str:
    """Return what a phone dials for a line of text, or the empty text."""
    found = _NUMBER.search(text)
    return "" if found is None else re.sub(r"[^\d+]", "", found[0])


def find_hours(site: Any) -> Hours | None:
    """Return the hours in which a site's messages are read, or None where they are not set."""
    from afterglow.clinic.notices.hours import get_hours

    return None if site is None else get_hours(site)


def _say_today(hours: Hours | None, words: Words, now: datetime) -> str:
    if hours is None or not any(hours.week.values()):
        return words.say("help.clinic_hours_unknown")
    today = now.astimezone(hours.zone).date()
    spans = [
        f"{begin.astimezone(hours.zone):%H:%M}-{end.astimezone(hours.zone):%H:%M}"
        for begin, end in hours.iterate_spans(now, 1)
        if begin.astimezone(hours.zone).date() == today
    ]
    return words.say("help.clinic_hours", hours=", ".join(spans)) if spans else words.say("help.clinic_closed")


def _say_reading(hours: Hours | None, words: Words, now: datetime) -> str:
    closes = hours.find_closing(now) if hours is not None else None
    if hours is not None and closes is not None:
        return words.say("help.reads_until", closes=f"{closes.astimezone(hours.zone):%H:%M}")
    opens = hours.find_next_opening(now) if hours is not None else None
    if hours is None or opens is None:
        return words.say("help.nobody_reads")
    zone: ZoneInfo = hours.zone
    moment = words.say_moment(opens.astimezone(zone), now.astimezone(zone).date())
    return words.say("help.nobody_reads_now", opens=moment)
