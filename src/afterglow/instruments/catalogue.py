"""The packaged definitions: loading them and finding one by id and version."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files

from afterglow.instruments.definition import parse_instrument
from afterglow.instruments.model import Instrument
from afterglow.terms import InvalidInput, build_error


@cache
def load_instruments() -> Mapping[str, Instrument]:
    """Return every packaged definition by id, in order of id."""
    folder = files("afterglow.instruments").joinpath("data")
    texts = sorted((entry.name, entry.read_text("utf-8")) for entry in folder.iterdir() if entry.name.endswith(".toml"))
    definitions = [parse_instrument(tomllib.loads(text, parse_float=Decimal), name) for name, text in texts]
    return {definition.id: definition for definition in definitions}


def get_instrument(instrument_id: str, version: str | None = None) -> Instrument:
    """Return the definition of that id; refuse an unknown id or version by naming those there are."""
    known = load_instruments()
    if instrument_id not in known:
        accepted = ", ".join(known)
        message = f"no instrument {instrument_id!r}"
        raise InvalidInput([build_error("instrument", "instrument-unknown", instrument_id, accepted, message)])
    found = known[instrument_id]
    if version is not None and version != found.version:
        message = f"{instrument_id} is carried in version {found.version}, not {version}"
        raise InvalidInput([build_error("version", "version-unknown", version, found.version, message)])
    return found
