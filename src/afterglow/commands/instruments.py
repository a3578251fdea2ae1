"""List the instruments, print one with its scoring, rights, sources and grades, or add a wording pack.

`afterglow instruments add PACK --data DIR --accepted-by NAME` checks a pack (our own JSON or TOML, or a FHIR
Questionnaire) and keeps it in the clinic's data folder; `add camcops` fetches the published CamCOPS wheel, checks its
pinned hash and makes packs from its string files. Nothing of it is part of this program.
"""

import argparse
from pathlib import Path
from typing import Any

from afterglow.commands import DONE, print_json
from afterglow.commands.wording.command import add_pack
from afterglow.instruments import Instrument, Pack, build_questionnaire, get_instrument, load_instruments
from afterglow.instruments.answers import describe_answers
from afterglow.instruments.model import Item, Role, ScoreDefinition
from afterglow.terms import Citation, Coding, InvalidInput, build_error

HELP = "list the instruments, print one, or add a wording pack"
ADD = "add"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the optional instrument id and what `add` takes."""
    parser.add_argument("id", nargs="?", metavar="ID", help="print this instrument; `add` stores a wording pack")
    parser.add_argument(
        "pack", nargs="?", metavar="PACK", help="after `add`: a pack file, - for standard input, or camcops"
    )
    parser.add_argument("--fhir", action="store_true", help="print the instrument as a FHIR R4 Questionnaire")
    parser.add_argument("--data", metavar="DIR", help="the clinic's data folder, for its installed packs")
    parser.add_argument("--locale", metavar="LOCALE", help="with --fhir and --data: the language of the wording")
    parser.add_argument("--accepted-by", metavar="NAME", help="after `add`: who accepts the terms of the wording")
    parser.add_argument("--only", metavar="ID,ID", help="after `add camcops`: these instruments and no others")
    parser.add_argument("--wheel", metavar="FILE", help="after `add camcops`: the wheel, fetched before")


def run(args: argparse.Namespace) -> int:
    """Print the list or one definition, or add a pack."""
    if args.id == ADD:
        return add_pack(args)
    if args.pack is not None:
        message = f"{args.pack!r} is one word too many"
        raise InvalidInput([build_error("arguments", "argument-unexpected", args.pack, "ID, or add PACK", message)])
    installed = _list_installed(args.data)
    if args.id is None:
        _print_list(args, installed)
        return DONE
    instrument = get_instrument(args.id)
    if args.fhir:
        print_json(build_questionnaire(instrument, _find_pack(args, instrument)))
        return DONE
    content = _describe(instrument)
    if args.data:
        content["packs"] = [each for each in installed if each["instrument"] == instrument.id]
    if args.json:
        print_json(content)
    else:
        _print_text(content)
    return DONE


def _list_installed(data: str | None) -> list[dict[str, Any]]:
    from afterglow.commands.wording.store import check_clinic, list_manifests

    return list_manifests(check_clinic(Path(data))) if data else []


def _find_pack(args: argparse.Namespace, instrument: Instrument) -> Pack | None:
    from afterglow.commands.wording.store import check_clinic, find_pack

    return find_pack(check_clinic(Path(args.data)), instrument.id, args.locale) if args.data else None


def _print_list(args: argparse.Namespace, installed: list[dict[str, Any]]) -> None:
    rows = [_summarise(each) for each in load_instruments().values()]
    if args.data:
        for row in rows:
            row["packs"] = sorted({each["locale"] for each in installed if each["instrument"] == row["id"]})
    if args.json:
        print_json(rows)
        return
    for row in rows:
        packs = f"  wording: {', '.join(row['packs'])}" if row.get("packs") else ""
        line = f"{row['id']:22} {row['title']:28} {row['rater']:10} {row['items']:2} items  {row['mode']}{packs}"
        print(line)


def _summarise(instrument: Instrument) -> dict[str, Any]:
    return {
        "id": instrument.id,
        "version": instrument.version,
        "title": instrument.title,
        "measures": instrument.measures,
        "rater": instrument.rater,
        "recall": instrument.recall,
        "mode": str(instrument.mode),
        "direction": str(instrument.direction),
        "items": len(instrument.items),
        "needs_pack": instrument.needs_pack,
    }


def _cite(citation: Citation) -> dict[str, str]:
    grade = citation.grade
    return {"source": citation.text, "grade": str(grade), "grade_label": grade.label}


def _code(coding: Coding | None) -> dict[str, str]:
    return {} if coding is None else {"code": f"{coding.system}|{coding.code}"}


def _describe(instrument: Instrument) -> dict[str, Any]:
    content = _summarise(instrument)
    content |= _code(instrument.code)
    content["accepts_total"] = instrument.accepts_total
    content["total_range"] = (
        [instrument.total_minimum, instrument.total_maximum] if instrument.total or instrument.accepts_total else None
    )
    content["items"] = [_describe_item(item) for item in instrument.items]
    content["scores"] = [
        _describe_score(instrument, each) for each in instrument.scores if each.role is not Role.WORKING
    ]
    content["bands"] = [
        {"score": band.score, "from": band.lowest, "to": band.highest, "label": band.label, **_cite(band.citation)}
        for band in instrument.bands
    ]
    if instrument.between_bands:
        content["between_bands"] = instrument.between_bands
    content["alerts"] = [
        {"code": alert.code, "level": alert.level, "title": alert.title, **_cite(alert.citation)}
        for alert in instrument.alerts
    ]
    content["settings"] = {
        name: {
            "title": each.title,
            "value": each.value,
            "accepted": [each.minimum, each.maximum],
            **_cite(each.citation),
        }
        for name, each in instrument.settings.items()
    }
    content["thresholds"] = {
        name: {"kind": each.kind, "value": each.value, **_cite(each.citation)}
        for name, each in instrument.thresholds.items()
    }
    rights = instrument.rights
    content["rights"] = {"owner": rights.owner, "terms": rights.terms, **_cite(rights.citation)}
    content["notes"] = list(instrument.notes)
    return content


def _describe_item(item: Item) -> dict[str, Any]:
    content: dict[str, Any] = {
        "id": item.id,
        "label": item.label,
        "answers": describe_answers(item),
        **_code(item.code),
    }
    if item.is_reversed:
        content["reversed"] = True
    if item.is_optional:
        content["optional"] = True
    return content


def _describe_score(instrument: Instrument, score: ScoreDefinition) -> dict[str, Any]:
    items = list(score.items) or [item_id for group in score.groups for item_id in group]
    return {
        "id": score.id,
        "role": "total" if score.id == instrument.total else str(score.role),
        "operation": str(score.operation),
        "items": items,
        **_code(score.code),
        **_cite(score.citation),
    }


def _print_text(content: dict[str, Any]) -> None:
    for key, value in content.items():
        if isinstance(value, list) and any(isinstance(row, dict) for row in value):
            print(f"{key}:")
            for row in value:
                print("  " + ", ".join(f"{name} {_show(each)}" for name, each in row.items()))
        elif isinstance(value, dict) and any(isinstance(row, dict) for row in value.values()):
            print(f"{key}:")
            for name, row in value.items():
                print(f"  {name}: " + ", ".join(f"{part} {_show(each)}" for part, each in row.items()))
        elif isinstance(value, dict):
            print(f"{key}: " + ", ".join(f"{part} {each}" for part, each in value.items()))
        else:
            print(f"{key}: {_show(value)}")


def _show(value: object) -> str:
    return ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
