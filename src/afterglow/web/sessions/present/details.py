"""What an entry holds beside its words and its note, in one line: `To: City Hospital. Drug reconciled: no`."""

from collections.abc import Iterable, Mapping
from typing import Any

from afterglow.chairside.details import PERSON, write_value
from afterglow.web.sessions.present.words import mend_words, write_day, write_hour, write_short_day

View = dict[str, Any]


def list_persons(log: Iterable[View]) -> set[str]:
    """Return the keys of the people whom details name."""
    return {str(each["value"]) for line in log for each in line.get("details") or [] if each["kind"] == PERSON}


def write_details(details: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> str:
    """Return details in words, each with its label."""
    return ". ".join(f"{each['label']}: {_write(each, names)}".rstrip(".") for each in details)


def _write(detail: Mapping[str, Any], names: Mapping[str, str]) -> str:
    value, kind = detail["value"], detail["kind"]
    if kind == PERSON:
        return names.get(str(value), str(value))
    if kind == "day":
        return write_day(value)
    if kind == "instant":
        return f"{write_short_day(value)}, {write_hour(value)}"
    return mend_words(write_value(detail))
