"""The words of the patient's pages as data, in each language; days and times as a person says them."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files

from afterglow.clinicday.checkin import LANGUAGES

FIRST = LANGUAGES[0]


class Words:
    """The sentences of one language: `words.help.title` in a template, `words.say("help.title")` in code."""

    def __init__(self, language: str, sentences: Mapping[str, Mapping[str, str]]) -> None:
        """Keep the language and its sentences by section."""
        self.language = language
        self._sentences = sentences

    def __getitem__(self, section: str) -> Mapping[str, str]:
        """Return a section."""
        return self._sentences[section]

    def say(self, key: str, /, **filled: object) -> str:
        """Return a sentence with its places filled."""
        section, _, name = key.partition(".")
        text = self._sentences[section][name]
        return text.format(**filled) if filled else text

    def say_error(self, code: str) -> str:
        """Return what to do about a problem."""
        return self._sentences["errors"].get(code) or self._sentences["errors"]["other"]

    def say_day(self, on: date) -> str:
        """Return the name of a weekday."""
        return self._sentences["calendar"]["days"].split()[on.weekday()]

    def say_date(self, on: date) -> str:
        """Return a day of the month."""
        month = self._sentences["calendar"]["months"].split()[on.month - 1]
        return self.say("calendar.date", day=on.day, month=month)

    def say_moment(self, at: datetime, today: date) -> str:
        """Return an instant of the site's clock: the time alone today, else with its day."""
        clock = f"{at:%H:%M}"
        return clock if at.date() == today else f"{self.say_day(at.date())} {self.say_date(at.date())}, {clock}"


@cache
def load_words(language: str) -> Words:
    """Return the words of a language, of the first one for a language that is not there."""
    spoken = language if language in LANGUAGES else FIRST
    chosen = {
        section: {name: texts[spoken] for name, texts in entries.items()} for section, entries in read_words().items()
    }
    return Words(spoken, chosen)


@cache
def read_words() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """Return every text in every language."""
    return tomllib.loads(files("afterglow.web.phone").joinpath("words.toml").read_text(encoding="utf-8"))
