"""Accepting a wording by name, and finding the words of an instrument in a person's language."""

import json
import tomllib
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.measures.models import Wording
from afterglow.clinic.people.checks import Checks
from afterglow.clinicday.checkin import LANGUAGES
from afterglow.instruments import Instrument, Pack, read_pack
from afterglow.instruments.packs import render_pack
from afterglow.terms import InvalidInput

MANAGE = "wording.manage"
NO_WORDING = "wording-missing"
FIRST_LANGUAGE = "en"
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Offer:
    """The words a form is asked in: an accepted wording, or our own concept labels; `wording` None is the latter."""

    wording: Wording | None
    language: str

    @property
    def is_official(self) -> bool:
        """Return whether these are the words of the instrument."""
        return self.wording is not None


@action
def accept_wording(*, pack: Pack, accepted_by: str, by: Any, now: datetime, accepted_at: datetime) -> Wording:
    """Keep a checked wording with who accepted its terms; the same text again stays as it was first accepted.

    `by` None is the operator on the command line.
    """
    if by is not None:
        policy.require(by, MANAGE)
    checks = Checks()
    name = checks.text(accepted_by, "accepted_by", longest=LONGEST_NAME, is_required=True)
    checks.raise_problems()
    known = {key: getattr(pack, key) for key in ("instrument", "version", "locale", "hash")}
    if found := Wording.objects.filter(**known).first():
        return found
    row = Wording.objects.create(
        **known,
        source=pack.source,
        licence=pack.licence,
        item_count=len(pack.items),
        content=render_pack(pack),
        accepted_by=name,
        accepted_at=accepted_at,
        recorded_at=now,
        recorded_by=by,
    )
    audit.record(by=by, action="wording.accepted", subject=row, now=now, detail={**known, "items": row.item_count})
    return row


@action
def take_in_folder(*, folder: Path, now: datetime) -> list[Wording]:
    """Take over the packs that were accepted into the data folder before this table kept them; return the new ones."""
    found = []
    for path in sorted(folder.glob("*/*/*/*/manifest.json")):
        if path.parent.name.startswith("."):
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        reading = read_pack(json.loads((path.parent / "pack.json").read_text(encoding="utf-8")))
        if reading.pack is None:
            raise InvalidInput(reading.problems)
        accepted = datetime.fromisoformat(manifest["accepted_at"])
        count = Wording.objects.count()
        row = accept_wording(
            pack=reading.pack, accepted_by=manifest["accepted_by"], by=None, now=now, accepted_at=accepted
        )
        if Wording.objects.count() > count:
            found.append(row)
    return found


def find_wording(instrument: Instrument, language: str) -> Wording | None:
    """Return the wording accepted last of this version in a language, else in another region of it."""
    rows = list(Wording.objects.filter(instrument=instrument.id, version=instrument.version))
    exact = [row for row in rows if row.locale == language]
    near = [row for row in rows if row.locale.partition("-")[0] == language.partition("-")[0]]
    found = exact or near
    return found[-1] if found else None


def find_offer(instrument: Instrument, *, language: str, site: Any, has_paper: bool = False) -> Offer:
    """Return the words in which a form may be asked; refuse a self-report form without its own wording.

    A demonstration shows concept labels, and so does a form beside the clinic's own paper.

    Raises
    ------
    Refused
        `wording-missing`: nobody has accepted a wording of this instrument in this language.
    """
    wording = find_wording(instrument, language)
    if wording is not None:
        return Offer(wording, wording.locale)
    if not instrument.needs_pack or has_paper or site.is_demonstration:
        return Offer(None, language)
    text = f"{instrument.title} has no accepted wording in {language}; add one, or enter it from the clinic's paper"
    raise Refused(NO_WORDING, text)


def read_wording(wording: Wording | None) -> Pack | None:
    """Return the checked pack of a stored wording."""
    if wording is None:
        return None
    reading = read_pack(wording.content)
    if reading.pack is None:
        raise InvalidInput(reading.problems)
    return reading.pack


def list_languages(instrument: Instrument, *, site: Any) -> list[str]:
    """Return the languages in which a form may be asked on the phone, the person's choice among them."""
    found = []
    for language in LANGUAGES:
        try:
            offer = find_offer(instrument, language=language, site=site)
        except Refused:
            continue
        if offer.is_official or language == FIRST_LANGUAGE or _has_labels(instrument, language):
            found.append(language)
    return found


@cache
def _load_labels() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("afterglow.clinic.measures").joinpath("labels.toml").read_text(encoding="utf-8"))


def _has_labels(instrument: Instrument, language: str) -> bool:
    """Return whether every label of an instrument is there in a language."""
    known = _load_labels().get(language, {})
    labels = [item.label for item in instrument.items] + [
        each.label for item in instrument.items for each in item.answers
    ]
    return all(label in known for label in labels)


def describe_item(
    instrument: Instrument, item_id: str, pack: Pack | None, language: str = FIRST_LANGUAGE
) -> dict[str, Any]:
    """Return an item as a form shows it: its text and its answers by value, or our concept labels in a language."""
    labels = _load_labels().get(language.partition("-")[0], {}) if pack is None else {}
    item = next(each for each in instrument.items if each.id == item_id)
    wording = pack.items.get(item_id) if pack is not None else None
    texts = dict(wording.answers) if wording is not None else {}
    answers = [
        {"value": f"{each.value:f}", "text": texts.get(each.value, labels.get(each.label, each.label))}
        for each in item.answers
    ] or _list_steps(item, texts)
    return {
        "id": item.id,
        "text": wording.text if wording is not None else labels.get(item.label, item.label),
        "answers": answers,
        "is_number": not item.answers and not answers,
        "minimum": f"{item.minimum:f}",
        "maximum": f"{item.maximum:f}",
        "step": f"{item.step:f}",
        "is_optional": item.is_optional,
    }


def _list_steps(item: Any, texts: dict[Decimal, str]) -> list[dict[str, str]]:
    """Return the steps of a short range as answers; a long one is typed."""
    count = (item.maximum - item.minimum) / item.step + 1
    if count > 11:
        return []
    values = [item.minimum + item.step * place for place in range(int(count))]
    return [{"value": f"{value:f}", "text": texts.get(value, f"{value:f}")} for value in values]
