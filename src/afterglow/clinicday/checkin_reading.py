"""The form of the check-in's data: questions, options, parts, policy values; refused at load when it is not kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from afterglow.terms import Citation, Finding, Grade, Override, Severity

DECLINED = "declined"
KINDS = ("single", "many", "time")
PART_KINDS = ("text", "phone")
NEEDS = ("", "can-become-pregnant")

Text = Mapping[str, str]


class CheckInDataError(ValueError):
    """The packaged check-in does not follow its form; raised at load, never on a phone."""


@dataclass(frozen=True, slots=True)
class Option:
    """One answer a person can choose: its words, what it states, what it raises."""

    id: str
    text: Text
    facts: Mapping[str, Any] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    finding: str = ""
    is_none: bool = False
    is_crisis: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked together with some options of a question."""

    id: str
    kind: str
    text: Text
    longest: int
    with_options: tuple[str, ...]
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """One page of the check-in."""

    id: str
    kind: str
    short: Text
    text: Text
    options: tuple[Option, ...]
    hint: Text = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    visits: tuple[str, ...] = ()
    needs: str = ""
    # the check of a session at which staff ask the same in person
    check: str = ""
    time_fact: str = ""
    declined_finding: str = ""


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """A number the clinic chose, with where it comes from."""

    value: int
    unit: str
    citation: Citation


Policy = Mapping[str, PolicyValue]


@dataclass(frozen=True, slots=True)
class Fast:
    """How long before the planned dose a person is told to take no food and no clear drink."""

    solids: timedelta
    liquids: timedelta
    citation: Citation


def parse_fasts(entries: Mapping[str, Any]) -> Mapping[str, Fast]:
    """Return the times that are told, by fasting profile."""
    return {
        name: Fast(
            timedelta(hours=entry["solids_h"]),
            timedelta(hours=entry["liquids_h"]),
            Citation(entry["source"], entry["locator"], Grade(entry["grade"])),
        )
        for name, entry in entries.items()
    }


def parse_policy(entries: Mapping[str, Any]) -> Policy:
    """Return the policy values by name."""
    return {
        name: PolicyValue(
            int(entry["value"]), entry["unit"], Citation(entry["source"], entry["locator"], Grade(entry["grade"]))
        )
        for name, entry in entries.items()
    }


def parse_finding(key: str, entry: Mapping[str, str]) -> Finding:
    """Return one finding of the check-in's own table."""
    citation = Citation(entry["source"], entry["locator"], Grade(entry["grade"]))
    return Finding(
        rule=key,
        severity=Severity(entry["severity"]),
        seen=entry["seen"],
        threshold=entry["threshold"],
        asks=entry["asks"],
        override=Override(entry["override"]),
        source=citation.text,
        grade=citation.grade,
        title=entry["title"],
    )


def parse_question(entry: Mapping[str, Any], languages: Sequence[str]) -> Question:
    """Return one question; each of its texts has every language."""
    name, content = str(entry["id"]), dict(entry)
    options = tuple(_parse_option(name, each, languages) for each in content.pop("option"))
    parts = tuple(_parse_part(name, each, languages) for each in content.pop("part", ()))
    for key in ("short", "text", "hint"):
        content[key] = _read_text(name, content.get(key, {}), languages, is_required=key != "hint")
    content["visits"] = tuple(content.get("visits", ()))
    question = Question(**content, options=options, parts=parts)
    known = {option.id for option in options}
    if question.kind not in KINDS or question.needs not in NEEDS or len(known) != len(options):
        raise CheckInDataError(f"question {name}: unknown kind or need, or an option that stands twice")
    if any(set(part.with_options) - known for part in parts) or (question.kind == "time") != bool(question.time_fact):
        raise CheckInDataError(f"question {name}: a part of an absent option, or a time without its fact")
    return question


def _parse_option(name: str, entry: Mapping[str, Any], languages: Sequence[str]) -> Option:
    content = dict(entry)
    content["text"] = _read_text(name, content["text"], languages)
    content["classes"] = tuple(content.get("classes", ()))
    return Option(**content)


def _parse_part(name: str, entry: Mapping[str, Any], languages: Sequence[str]) -> Part:
    content = dict(entry)
    content["text"] = _read_text(name, content["text"], languages)
    content["with_options"] = tuple(content["with_options"])
    part = Part(**content)
    if part.kind not in PART_KINDS:
        raise CheckInDataError(f"question {name}: part {part.id} of unknown kind")
    return part


def _read_text(name: str, text: Text, languages: Sequence[str], *, is_required: bool = True) -> Text:
    if set(text) != set(languages) and (is_required or text):
        raise CheckInDataError(f"question {name}: a text lacks a language")
    return dict(text)
