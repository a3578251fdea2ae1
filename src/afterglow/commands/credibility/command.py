"""Write the credibility report of the drug model as HTML and PDF: published figures, checks, use and limits.

Other programs (scipy, libroadrunner) are asked to solve the same systems where they are installed; where they are not,
the report says so.
"""

import argparse
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from afterglow import __version__
from afterglow.commands import DONE, REFUSED, print_json
from afterglow.terms import InvalidInput, build_error, parse_decimal

HELP = "write the credibility report"
MOST_PEOPLE = 100_000
FEWEST_PEOPLE = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the report takes."""
    parser.add_argument("--to", default=".", metavar="DIR", help="folder for credibility.html and credibility.pdf")
    parser.add_argument("--date", metavar="YYYY-MM-DD", help="the day that the report bears; today otherwise")
    parser.add_argument("--seed", default="1", metavar="N", help="seed of the virtual people")
    parser.add_argument("--people", default="4000", metavar="N", help="virtual people behind effects and mood")
    parser.add_argument("--without-peers", action="store_true", help="do not ask other programs or the compiled engine")


def run(args: argparse.Namespace) -> int:
    """Write both files; return 1 when a figure misses its band without a reason known beforehand."""
    from afterglow.clinic.documents.typesetting import FontMissing
    from afterglow.commands.credibility.html import render_html
    from afterglow.commands.credibility.pdf import render_pdf
    from afterglow.pharmacology.report import Verdict, build_document

    on = _read_date(args.date)
    folder = _open_folder(args.to)
    report = make_report(
        on,
        seed=_read_whole("seed", args.seed, 0, 2**63 - 1),
        people=_read_whole("people", args.people, FEWEST_PEOPLE, MOST_PEOPLE),
        with_peers=not args.without_peers,
    )
    document = build_document(report)
    files = {folder / "credibility.html": render_html(document).encode()}
    _write_all(files)
    try:
        body = render_pdf(document, now=datetime.combine(on, time(), UTC))
    except FontMissing as missing:
        print(f"{folder / 'credibility.html'} is written, credibility.pdf is not", file=sys.stderr)
        raise InvalidInput([missing.problem]) from None
    paper = {folder / "credibility.pdf": body}
    _write_all(paper)
    files |= paper
    counts = {verdict.value: report.count(verdict) for verdict in Verdict if report.count(verdict)}
    if args.json:
        print_json({"files": [str(path) for path in files], "rows": counts, "is_sound": report.is_sound})
    else:
        for path, body in files.items():
            print(f"{path}: {len(body)} bytes")
        print("; ".join(f"{count} {word}" for word, count in counts.items()))
    return DONE if report.is_sound else REFUSED


def make_report(on: date, *, seed: int = 1, people: int = 4000, with_peers: bool = True) -> Any:
    """Return the report with what other programs gave, and the versions of everything that took part."""
    import numpy as np

    from afterglow.commands.credibility.peers import list_versions, run_peers, skip_peers
    from afterglow.pharmacology.report import build_report, run_compiled_checks

    versions = {"afterglow": __version__, "Python": platform.python_version(), "numpy": np.__version__}
    return build_report(
        on,
        versions=versions | (list_versions() if with_peers else {}),
        seed=seed,
        people=people,
        checks=run_compiled_checks() if with_peers else (),
        peers=run_peers() if with_peers else skip_peers("left out by --without-peers"),
    )


def _read_date(text: str | None) -> date:
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a date"
        raise InvalidInput([build_error("date", "date-malformed", text, "YYYY-MM-DD", message)]) from None


def _read_whole(path: str, text: str, lowest: int, highest: int) -> int:
    number = parse_decimal(text, path)
    if number != number.to_integral_value() or not lowest <= number <= highest:
        accepted = f"a whole number from {lowest} to {highest}"
        raise InvalidInput([build_error(path, "count-malformed", text, accepted, f"{text!r} cannot be used")])
    return int(number)


def _open_folder(text: str) -> Path:
    folder = Path(text)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refuse_path(folder, error) from None
    return folder


def _write_all(files: Mapping[Path, bytes]) -> None:
    for path, body in files.items():
        try:
            path.write_bytes(body)
        except OSError as error:
            raise _refuse_path(path, error) from None


def _refuse_path(path: Path, error: OSError) -> InvalidInput:
    message = f"{path} cannot be written: {error.strerror}"
    return InvalidInput([build_error("to", "file-unwritable", str(path), "a folder to write to", message)])
