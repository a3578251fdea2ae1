"""List the instruments, or print one definition with its scoring, bands, rights, sources and grades."""

import argparse

from afterglow.commands import DONE, print_json
from afterglow.instruments import Instrument, get_instrument, load_instruments
from afterglow.instruments.scorer import describe_answers
from afterglow.terms import Citation

HELP = "list the instruments, or print one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the optional instrument id."""
    parser.add_argument("id", nargs="?", help="print this instrument")


def run(args: argparse.Namespace) -> int:
    """Print the list or one definition."""
    if args.id is None:
        listed = load_instruments().values()
        if args.json:
            print_json([_summarise(each) for each in listed])
        else:
            for each in listed:
                print(f"{each.id:22} {each.title:28} {each.rater:10} {len(each.items):2} items  {each.mode}")
        return DONE
    content = _describe(get_instrument(args.id))
    if args.json:
        print_json(content)
    else:
        _print_text(content)
    return DONE


def _summarise(instrument: Instrument) -> dict[str, object]:
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
    }


def _cite(citation: Citation) -> dict[str, str]:
    grade = citation.grade
    return {"source": citation.text, "grade": str(grade), "grade_label": grade.label}


def _describe(instrument: Instrument) -> dict[str, object]:
    content = _summarise(instrument)
    content["items"] = [
        {"id": item.id, "label": item.label, "answers": describe_answers(item)} for item in instrument.items
    ]
    content["scores"] = [
        {"id": score.id, "operation": str(score.operation), "items": list(score.items), **_cite(score.citation)}
        for score in instrument.scores
    ]
    content["bands"] = [
        {"from": band.lowest, "to": band.highest, "label": band.label, **_cite(band.citation)}
        for band in instrument.bands
    ]
    content["alerts"] = [
        {"code": alert.code, "level": alert.level, "title": alert.title, **_cite(alert.citation)}
        for alert in instrument.alerts
    ]
    content["thresholds"] = {
        name: {"kind": each.kind, "value": each.value, **_cite(each.citation)}
        for name, each in instrument.thresholds.items()
    }
    content["rights"] = {
        "owner": instrument.rights.owner,
        "terms": instrument.rights.terms,
        **_cite(instrument.rights.citation),
    }
    content["notes"] = list(instrument.notes)
    return content


def _print_text(content: dict[str, object]) -> None:
    for key, value in content.items():
        if isinstance(value, list):
            print(f"{key}:")
            for row in value:
                print("  " + (", ".join(f"{k} {v}" for k, v in row.items()) if isinstance(row, dict) else str(row)))
        elif isinstance(value, dict):
            print(f"{key}: " + ", ".join(f"{k} {v}" for k, v in value.items()))
        else:
            print(f"{key}: {value}")
