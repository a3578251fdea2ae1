"""The consent texts of this version: packaged data, stored as rows that never change; new words are a new version."""

import tomllib
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinic.actions import action
from afterglow.clinic.chain import calculate_digest
from afterglow.clinic.consents.models import ConsentText


@cache
def load_packaged() -> tuple[Mapping[str, Any], ...]:
    """Return the packaged texts with their scope."""
    folder = files("afterglow.clinic.consents").joinpath("data")
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return tuple(tomllib.loads(item.read_text(encoding="utf-8")) for item in found)


@action
def install_texts(*, now: datetime) -> list[ConsentText]:
    """Store the packaged texts that this clinic does not have yet, and return them."""
    added = []
    for content in load_packaged():
        known = {"key": content["key"], "version": content["version"], "locale": content["locale"]}
        if ConsentText.objects.filter(**known).exists():
            continue
        body = content["body"].strip() + "\n"
        added.append(
            ConsentText.objects.create(
                **known,
                title=content["title"],
                body=body,
                drug=content["drug"],
                routes=list(content["routes"]),
                max_dose_mg_per_kg=_read_decimal(content.get("max_dose_mg_per_kg")),
                max_dose_mg=_read_decimal(content.get("max_dose_mg")),
                is_off_label=content["is_off_label"],
                valid_for_d=content["valid_for_d"],
                digest=calculate_digest(body.encode("utf-8")),
                recorded_at=now,
            )
        )
    return added


def list_current_texts(locale: str = "") -> list[ConsentText]:
    """Return the newest version of each text, of one language or of all, in the order of their titles."""
    newest: dict[tuple[str, str], ConsentText] = {}
    rows = ConsentText.objects.filter(**({"locale": locale} if locale else {}))
    for row in rows.order_by("recorded_at", "pk"):
        newest[(row.key, row.locale)] = row
    return sorted(newest.values(), key=lambda row: (row.title, row.locale))


def _read_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
