"""Texts of messages that leave the house: packaged words with a few plain places, and nothing clinical in them."""

import string
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from afterglow.clinicday.quiet import Spans, parse_week
from afterglow.terms import Citation, Grade, InvalidInput, Problem, build_error

# the only things a caller may put into a message; everything else is the site's own
PLACES = ("at", "link")
WORDS = frozenset({"who", "day", "time", "phone", "link"})
LANGUAGES = ("en", "es")
_DAYS = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
_MONTHS = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_WHO = {"en": "Your clinic", "es": "Su clínica"}


@dataclass(frozen=True, slots=True)
class Template:
    """One kind of message, by language."""

    id: str
    title: str
    channels: tuple[str, ...]
    subject: Mapping[str, str]
    text: Mapping[str, str]
    is_urgent: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it leaves."""

    subject: str
    text: str


@cache
def load_templates() -> Mapping[str, Template]:
    """Return every template by its id."""
    return {
        key: Template(key, **{**table, "channels": tuple(table["channels"])})
        for key, table in _read_file()["templates"].items()
    }


def get_template(name: str) -> Template:
    """Return a template; raise `InvalidInput` for one that does not exist."""
    try:
        return load_templates()[name]
    except KeyError:
        accepted = ", ".join(load_templates())
        raise InvalidInput([build_error("template", "template-unknown", name, accepted, f"no text {name}")]) from None


def render_message(
    template: Template, context: Mapping[str, Any], *, language: str, zone: ZoneInfo, who: str, phone: str
) -> Message:
    """Return the message in a language; the context holds an instant and a link, and nothing else may enter."""
    check_context(template, context)
    spoken = language if language in template.text else "en"
    at = context.get("at")
    words = {"who": who or _WHO[spoken], "phone": phone or _WHO[spoken].lower(), "link": str(context.get("link", ""))}
    if isinstance(at, datetime):
        local = at.astimezone(zone)
        words["day"] = f"{_DAYS[spoken][local.weekday()]} {local.day} {_MONTHS[spoken][local.month - 1]}"
        words["time"] = f"{local:%H:%M}"
    return Message(template.subject[spoken].format(**words), template.text[spoken].format(**words))


def check_context(template: Template, context: Mapping[str, Any]) -> None:
    """Refuse anything but an aware instant and a web address: free words have no way into a message."""
    problems: list[Problem] = []
    for name, value in context.items():
        if name not in PLACES:
            accepted = ", ".join(PLACES)
            problems.append(build_error(name, "context-unknown", name, accepted, f"a message has no place for {name}"))
        elif name == "at" and not (isinstance(value, datetime) and value.tzinfo):
            problems.append(
                build_error("at", "instant-without-zone", str(value)[:40], "an aware instant", "no instant")
            )
        elif name == "link" and not _is_address(value):
            problems.append(build_error("link", "link-malformed", "", "http(s)://HOST/...", "this is no web address"))
    needed = {field for text in template.text.values() for _, field, _, _ in string.Formatter().parse(text) if field}
    for word, name in (("time", "at"), ("link", "link")):
        if word in needed and name not in context:
            problems.append(build_error(name, "context-missing", "", name, f"this message needs {name}"))
    if problems:
        raise InvalidInput(problems)


def calculate_wait(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts, or None when enough were made."""
    waits = _read_file()["retry"]["waits_min"]
    return timedelta(minutes=waits[attempts - 1]) if attempts <= len(waits) else None


@cache
def get_unsure_after() -> timedelta:
    """Return after how long a claimed message counts as lost track of."""
    return timedelta(minutes=_read_file()["retry"]["unsure_after_min"])


@cache
def load_default_week() -> dict[str, Spans]:
    """Return the proposed opening hours."""
    return parse_week(_read_file()["policy"]["hours"])


@cache
def get_default_quiet() -> tuple[time, time]:
    """Return the proposed quiet hours."""
    table = _read_file()["policy"]
    return time.fromisoformat(table["quiet_from"]), time.fromisoformat(table["quiet_until"])


@cache
def get_quiet_policy() -> Citation:
    """Return the citation of the proposed quiet hours."""
    table = _read_file()["policy"]
    return Citation(table["source"], table["locator"], Grade(table["grade"]))


def get_closed_text(language: str) -> str:
    """Return what is said while nobody reads, as proposed."""
    texts: Mapping[str, str] = _read_file()["closed_text"]
    return texts.get(language, texts["en"])


def _is_address(value: Any) -> bool:
    parts = urlsplit(str(value))
    return parts.scheme in {"http", "https"} and bool(parts.netloc) and len(str(value)) <= 300


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/notices.toml").read_text("utf-8"))
