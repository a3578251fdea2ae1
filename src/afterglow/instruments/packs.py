"""Wording packs: the text of an instrument in one language, read and checked; storing one is not this room's.

Two formats carry the same content: our own table (JSON or TOML) and a FHIR Questionnaire (JSON)::

    format = "afterglow-pack"        instrument = "phq9"      version = "1"      locale = "en"
    source = "where the text is from"    licence = "under which terms"
    item_count = 9    hash = "sha256:..."    title = "..."    instructions = "..."
    [items.1]
    text = "..."
    answers = { 0 = "...", 1 = "..." }

The hash is over the wording alone (`hash_wording`), so that both formats of one text have the same.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from afterglow.instruments.answers import NOT_APPLICABLE, takes
from afterglow.instruments.catalogue import load_instruments
from afterglow.instruments.model import Instrument, Mode
from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal

FORMAT = "afterglow-pack"
HASH_EXTENSION = "urn:afterglow:pack:hash"
SOURCE_EXTENSION = "urn:afterglow:pack:source"
COUNT_EXTENSION = "urn:afterglow:pack:item-count"
_LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z")
_TEXT_KEYS = ("instrument", "version", "locale", "source", "licence", "hash")


@dataclass(frozen=True, slots=True)
class ItemWording:
    """The text of one item and of its answers by value."""

    text: str
    answers: Mapping[Decimal, str]


@dataclass(frozen=True, slots=True)
class Pack:
    """A wording that fits its definition: checked, and still to be accepted by a person of the clinic."""

    instrument: str
    version: str
    locale: str
    source: str
    licence: str
    hash: str
    title: str
    instructions: str
    items: Mapping[str, ItemWording]


@dataclass(frozen=True, slots=True)
class PackReading:
    """A pack, or what is wrong with it."""

    pack: Pack | None
    problems: tuple[Problem, ...]


def read_pack(content: object) -> PackReading:
    """Return the pack in a parsed JSON or TOML document, or every problem found in it."""
    if not isinstance(content, dict):
        return _refuse(build_error("pack", "pack-malformed", type(content).__name__, "a table", "a pack is a table"))
    if content.get("resourceType") == "Questionnaire":
        try:
            content = _read_questionnaire(content)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            message = f"the Questionnaire lacks what a pack needs: {error!r}"
            return _refuse(build_error("pack", "pack-malformed", "Questionnaire", "see docs/instruments.md", message))
    elif content.get("format") != FORMAT:
        accepted = f"format = {FORMAT}, or a FHIR Questionnaire"
        message = "neither a wording pack nor a Questionnaire"
        return _refuse(build_error("format", "pack-format-unknown", str(content.get("format")), accepted, message))
    problems = _check_head(content)
    if problems:
        return PackReading(None, tuple(problems))
    items, problems = _read_items(content)
    problems += _check_fit(load_instruments()[content["instrument"]], content, items)
    if problems:
        return PackReading(None, tuple(problems))
    texts = {key: content[key] for key in _TEXT_KEYS}
    return PackReading(
        Pack(**texts, title=content.get("title", ""), instructions=content.get("instructions", ""), items=items), ()
    )


def hash_wording(content: Mapping[str, Any]) -> str:
    """Return the hash of a pack's wording: instrument, version, locale, title, instructions and items."""
    keys = ("instrument", "version", "locale", "title", "instructions")
    wording: dict[str, Any] = {key: content.get(key, "") for key in keys}
    wording["items"] = {
        str(item_id): {"text": row.get("text"), "answers": {str(k): v for k, v in (row.get("answers") or {}).items()}}
        for item_id, row in content["items"].items()
    }
    text = json.dumps(wording, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("utf-8")).hexdigest()


def render_pack(pack: Pack) -> dict[str, Any]:
    """Return a pack in our own format; `read_pack` reads it back."""
    content: dict[str, Any] = {"format": FORMAT, "item_count": len(pack.items)}
    content |= {key: getattr(pack, key) for key in (*_TEXT_KEYS, "title", "instructions")}
    content["items"] = {
        item_id: {"text": each.text, "answers": {f"{value:f}": text for value, text in each.answers.items()}}
        for item_id, each in pack.items.items()
    }
    return content


def _refuse(problem: Problem) -> PackReading:
    return PackReading(None, (problem,))


def _check_head(content: Mapping[str, Any]) -> list[Problem]:
    problems = [
        build_error(key, "pack-field-missing", str(content.get(key)), "a text", f"a pack names its {key}")
        for key in _TEXT_KEYS
        if not isinstance(content.get(key), str) or not content[key].strip()
    ]
    for key in ("title", "instructions"):
        if not isinstance(content.get(key, ""), str):
            problems.append(build_error(key, "pack-field-malformed", str(content[key]), "a text", f"{key} is a text"))
    if not isinstance(content.get("items"), dict) or not content["items"]:
        problems.append(build_error("items", "pack-field-missing", "", "one table for each item", "no items"))
    elif not all(
        isinstance(row, dict) and isinstance(row.get("answers", {}), dict) for row in content["items"].values()
    ):
        problems.append(build_error("items", "pack-field-malformed", "", "text and answers", "an item is a table"))
    if problems:
        return problems
    if not _LOCALE.match(content["locale"]):
        message = f"{content['locale']} is not a locale"
        problems.append(build_error("locale", "locale-malformed", content["locale"], "such as en or pt-BR", message))
    return problems + _check_instrument(content)


def _check_instrument(content: Mapping[str, Any]) -> list[Problem]:
    known = load_instruments()
    name, version = content["instrument"], content["version"]
    if name not in known:
        return [build_error("instrument", "instrument-unknown", name, ", ".join(known), f"no instrument {name!r}")]
    found = known[name]
    if found.mode is Mode.TOTAL:
        message = f"{name} is carried as a total only; its text may not be installed"
        return [build_error("instrument", "instrument-total-only", name, "an instrument with items", message)]
    if version != found.version:
        message = f"{name} is carried in version {found.version}, not {version}"
        return [build_error("version", "version-unknown", version, found.version, message)]
    return []


def _read_items(content: Mapping[str, Any]) -> tuple[dict[str, ItemWording], list[Problem]]:
    items: dict[str, ItemWording] = {}
    problems: list[Problem] = []
    for item_id, row in content["items"].items():
        answers: dict[Decimal, str] = {}
        for raw, text in (row.get("answers") or {}).items():
            path = f"items.{item_id}.answers.{raw}"
            try:
                answers[parse_decimal(raw, path)] = text
            except InvalidInput as error:
                problems.extend(error.problems)
            if not isinstance(text, str) or not text.strip():
                problems.append(build_error(path, "wording-empty", str(text), "a text", "an answer has no text"))
        text = row.get("text")
        if not isinstance(text, str) or not text.strip():
            path = f"items.{item_id}.text"
            problems.append(build_error(path, "wording-empty", str(text), "a text", f"item {item_id} has no text"))
        items[str(item_id)] = ItemWording(str(text), answers)
    return items, problems


def _check_fit(instrument: Instrument, content: Mapping[str, Any], items: Mapping[str, ItemWording]) -> list[Problem]:
    problems: list[Problem] = []
    known = [item.id for item in instrument.items]
    unknown = [item_id for item_id in items if item_id not in known]
    for item_id in unknown:
        message = f"{instrument.id} has no item {item_id}"
        problems.append(build_error(f"items.{item_id}", "item-unknown", item_id, ", ".join(known), message))
    for item in instrument.items:
        if item.id not in items and not item.is_optional:
            message = f"the wording of item {item.id} ({item.label}) is missing"
            problems.append(build_error(f"items.{item.id}", "item-missing", None, "its text", message))
        elif item.id in items:
            given = set(items[item.id].answers)
            wrong = sorted(value for value in given if not takes(item, value))
            lacking = sorted({answer.value for answer in item.answers} - given)
            for code, values in (("answer-not-accepted", wrong), ("answer-missing", lacking)):
                for value in values:
                    path = f"items.{item.id}.answers.{value:f}"
                    accepted = ", ".join(f"{answer.value:f}" for answer in item.answers) or "its range"
                    problems.append(
                        build_error(path, code, f"{value:f}", accepted, f"item {item.id}: answer {value:f}")
                    )
    return problems + _check_seal(content, items)


def _check_seal(content: Mapping[str, Any], items: Mapping[str, ItemWording]) -> list[Problem]:
    problems: list[Problem] = []
    if content.get("item_count") != len(items):
        message = f"the pack says {content.get('item_count')} items and holds {len(items)}"
        problems.append(
            build_error("item_count", "item-count-wrong", content.get("item_count"), str(len(items)), message)
        )
    actual = hash_wording(content)
    if content["hash"] != actual:
        message = "the wording is not the one that was sealed"
        problems.append(build_error("hash", "hash-wrong", content["hash"], actual, message))
    return problems


def _read_questionnaire(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a Questionnaire as a table of our own format; items are found at any depth, results are left out."""
    marks = {each["url"]: next(value for key, value in each.items() if key != "url") for each in content["extension"]}
    rows: dict[str, Any] = {}
    groups: list[str] = []
    for item in _walk(content["item"]):
        if item["type"] == "group":
            groups.append(item.get("text", ""))
        elif not item.get("readOnly") and item["type"] != "display":
            options = [option["valueCoding"] for option in item.get("answerOption", ())]
            answers = {each["code"]: each["display"] for each in options if each["code"] != NOT_APPLICABLE}
            rows[item["linkId"]] = {"text": item["text"], "answers": answers}
    identifier = content["identifier"][0]["value"]
    return {
        "format": FORMAT,
        "instrument": identifier,
        "version": content["version"],
        "locale": content["language"],
        "source": marks[SOURCE_EXTENSION],
        "licence": content["copyright"],
        "hash": marks[HASH_EXTENSION],
        "item_count": marks[COUNT_EXTENSION],
        "title": content.get("title", ""),
        "instructions": groups[0] if groups else "",
        "items": rows,
    }


def _walk(items: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for item in items:
        yield item
        yield from _walk(item.get("item", ()))
