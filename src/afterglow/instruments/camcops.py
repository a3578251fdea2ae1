"""Wording packs made from the published CamCOPS wheel: its string files are read, nothing of it is installed or run."""

import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from defusedxml.ElementTree import fromstring

from afterglow.instruments.catalogue import get_instrument
from afterglow.instruments.model import Item
from afterglow.instruments.packs import FORMAT, PackReading, hash_wording, read_pack
from afterglow.terms import InvalidInput, build_error

Strings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Release:
    """The one release that is read: its file and the hash that it must have."""

    package: str
    version: str
    file: str
    sha256: str


@cache
def _load_map() -> Mapping[str, Any]:
    return tomllib.loads(files("afterglow.instruments").joinpath("camcops.toml").read_text("utf-8"))


def get_release() -> Release:
    """Return the release whose string files the packs are made from."""
    table = _load_map()
    return Release(table["package"], table["version"], table["file"], table["sha256"])


def read_camcops(wheel: bytes) -> dict[str, PackReading]:
    """Return a reading for each instrument whose wording the wheel carries and this program may take from it.

    Raises
    ------
    InvalidInput
        The bytes are not the pinned release.
    """
    release = get_release()
    actual = hashlib.sha256(wheel).hexdigest()
    if actual != release.sha256:
        message = f"this is not {release.file} as it was published"
        raise InvalidInput([build_error("wheel", "hash-wrong", actual, release.sha256, message)])
    table = _load_map()
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        texts = {
            row["task"]: archive.read(f"{table['folder']}/{row['task']}.xml") for row in table["instruments"].values()
        }
    return {name: make_pack(name, row, read_strings(texts[row["task"]])) for name, row in table["instruments"].items()}


def read_strings(xml: bytes) -> dict[str, str]:
    """Return the strings of one task file by name, without markup; entities and outside files are refused."""
    found: dict[str, str] = {}
    for element in fromstring(xml).iter("string"):
        text = "".join(element.itertext()).replace("\\n", " ")
        found[element.attrib["name"]] = " ".join(text.split())
    return found


def make_pack(instrument_id: str, row: Mapping[str, Any], strings: Strings) -> PackReading:
    """Return the pack of one instrument from the strings of its task; a name that is not there is a problem."""
    instrument, table = get_instrument(instrument_id), _load_map()
    content: dict[str, Any] = {
        "format": FORMAT,
        "instrument": instrument.id,
        "version": instrument.version,
        "locale": table["locale"],
        "source": f"{table['package']} {table['version']}, {row['task']}.xml",
        "licence": table["licence"],
        "title": instrument.title,
        "instructions": strings.get(row.get("instructions", ""), ""),
        "items": {},
    }
    for item in instrument.items:
        names = {**row, **row.get("items", {}).get(item.id, {})}
        if not (item.is_optional and item.id not in row.get("items", {})):
            content["items"][item.id] = _word_item(item, names, strings)
    content["item_count"] = len(content["items"])
    content["hash"] = hash_wording(content)
    return read_pack(content)


def _word_item(item: Item, names: Mapping[str, Any], strings: Strings) -> dict[str, Any]:
    values = [each.value for each in item.answers]
    if not values:
        steps = int((item.maximum - item.minimum) / item.step)
        values = [item.minimum + step * item.step for step in range(steps + 1)]
    answers = {}
    for value in values:
        name = names.get("answers", {}).get(f"{value:f}", names["answer"])
        answers[f"{value:f}"] = _look_up(name, item.id, f"{value:f}", strings)
    return {"text": _look_up(names["item"], item.id, "", strings), "answers": answers}


def _look_up(name: str | list[str], item_id: str, value: str, strings: Strings) -> str:
    """Return the string of a name, or of several joined; an absent one is empty, which the reader refuses."""
    names = [name] if isinstance(name, str) else name
    found = [strings.get(each.format(id=item_id, value=value), "") for each in names]
    return " / ".join(found) if all(found) else ""
