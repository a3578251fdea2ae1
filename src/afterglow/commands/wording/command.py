"""`afterglow instruments add`: check a wording pack, have its terms accepted by name, keep it."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from afterglow.clinic.config import DATABASE_FILE, read_config
from afterglow.commands import BAD_INPUT, DONE, parse_json, parse_toml, print_json, print_problems, read_text
from afterglow.commands.wording.store import PACKS, check_clinic, store_pack
from afterglow.instruments import Pack, PackReading, get_instrument, read_pack
from afterglow.terms import InvalidInput, build_error

CAMCOPS = "camcops"


def add_pack(args: argparse.Namespace) -> int:
    """Store the pack, or each of a set; one that is wrong is named and refused, as every other input that is wrong."""
    for name in ("pack", "data", "accepted_by"):
        if getattr(args, name) is None:
            accepted = "afterglow instruments add PACK --data DIR --accepted-by NAME"
            path = name.replace("_", "-")
            raise InvalidInput([build_error(path, "argument-missing", None, accepted, f"{path} is missing")])
    data_dir = check_clinic(Path(args.data))
    readings = _read_camcops(args) if args.pack == CAMCOPS else [read_pack(_read_content(args.pack))]
    packs = [reading.pack for reading in readings if reading.pack]
    problems = [problem for reading in readings for problem in reading.problems]
    rows = [_store(pack, data_dir, args.accepted_by) for pack in packs]
    if args.json:
        print_json({"stored": rows, "problems": [problem.to_json() for problem in problems]})
    else:
        for row in rows:
            state = "stored" if row["is_new"] else "was stored before"
            print(f"{row['instrument']} {row['version']} {row['locale']}: {state}; terms: {row['terms']}")
        print_problems(problems)
    return BAD_INPUT if problems else DONE


def _store(pack: Pack, data_dir: Path, accepted_by: str) -> dict[str, object]:
    now = datetime.now(UTC)
    stored = store_pack(pack, data_dir, accepted_by=accepted_by, accepted_at=now)
    _take_in(data_dir, now)
    return {
        "instrument": pack.instrument,
        "version": pack.version,
        "locale": pack.locale,
        "hash": pack.hash,
        "is_new": stored.is_new,
        "terms": f"{get_instrument(pack.instrument).rights.terms} {pack.licence}",
        "folder": str(stored.folder),
    }


def _take_in(data_dir: Path, now: datetime) -> None:
    """Keep the accepted wordings in the clinic's database too, which backups hold and from which forms are shown."""
    database = read_config(data_dir).database
    if database.is_sqlite and not (data_dir / DATABASE_FILE).exists():
        return
    from afterglow.clinic.setup import set_up_clinic, tell_troubles

    with tell_troubles(str(data_dir)):
        set_up_clinic(data_dir)
        from afterglow.clinic.measures.wordings import take_in_folder

        take_in_folder(folder=data_dir / PACKS, now=now)


def _read_content(argument: str) -> object:
    text = read_text(argument, "pack")
    if argument.endswith(".toml"):
        return parse_toml(text, argument, "pack")
    return parse_json(text, argument, "pack")


def _read_camcops(args: argparse.Namespace) -> list[PackReading]:
    from afterglow.commands.wording.registry import fetch_release
    from afterglow.instruments.camcops import get_release, read_camcops

    readings = read_camcops(_read_wheel(args.wheel) if args.wheel else fetch_release(get_release()))
    if not args.only:
        return list(readings.values())
    wanted = [name.strip() for name in args.only.split(",")]
    unknown = [name for name in wanted if name not in readings]
    if unknown:
        message = f"CamCOPS has no wording for {', '.join(unknown)} that may be taken"
        raise InvalidInput([build_error("only", "instrument-unknown", args.only, ", ".join(readings), message)])
    return [readings[name] for name in wanted]


def _read_wheel(argument: str) -> bytes:
    try:
        return Path(argument).read_bytes()
    except OSError as error:
        message = f"{argument} cannot be read: {error.strerror}"
        raise InvalidInput([build_error("wheel", "file-unreadable", argument, "the wheel file", message)]) from None
