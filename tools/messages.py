"""The source catalogue of the pages' words: `python tools/messages.py` writes it, `./run check messages` asks.

Python files are read by Babel, templates after Django has turned them into calls of gettext.
"""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parents[1] / "src"
FOLDERS = ("afterglow/web", "afterglow/clinic")
TARGET = SOURCE / "afterglow" / "web" / "locale" / "en" / "LC_MESSAGES" / "django.po"
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop", "lazy"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    "npgettext": ((1, "c"), 2, 3),
}


def list_files() -> Iterator[Path]:
    """Yield every file whose words may be translated, in a fixed order."""
    for folder in FOLDERS:
        paths = (SOURCE / folder).rglob("*")
        yield from sorted(path for path in paths if path.suffix in (".py", ".html", ".txt") and path.is_file())


def read_file(path: Path) -> str:
    """Return a file as Python that calls gettext."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    from django.utils.translation.template import templatize

    return str(templatize(text))


def build_catalogue(before: Catalog) -> Catalog:
    """Return the catalogue of the files as they are; its head is the one that was there."""
    made = Catalog(locale="en", header_comment=before.header_comment, charset="utf-8", fuzzy=False)
    made.mime_headers = before.mime_headers
    for path in list_files():
        name, source = path.relative_to(SOURCE).as_posix(), io.BytesIO(read_file(path).encode("utf-8"))
        for _, message, _, context in extract("python", source, keywords=KEYWORDS):
            if message and (message if isinstance(message, str) else message[0]):
                made.add(message, locations=[(name, 0)], context=context)
    return made


def write_catalogue(catalogue: Catalog) -> bytes:
    """Return the catalogue's file: one place a message, without line numbers that move with every edit."""
    target = io.BytesIO()
    write_po(target, catalogue, width=100, sort_output=True, include_lineno=False, omit_header=False)
    return target.getvalue()


def read_catalogue() -> Catalog:
    """Return the catalogue as it is kept."""
    return read_po(io.BytesIO(TARGET.read_bytes()), locale="en")


def list_stale() -> list[str]:
    """Return what the kept catalogue lacks, and what it holds that no file says any more."""
    before = read_catalogue()
    made = build_catalogue(before)
    known, found = ({(each.context, each.id) for each in one if each.id} for one in (before, made))
    told = [f"not in the catalogue: {message}" for _, message in sorted(found - known, key=str)]
    told += [f"no longer used: {message}" for _, message in sorted(known - found, key=str)]
    return [*told[:20], "run: python tools/messages.py"] if told else []


def main() -> int:
    """Write the catalogue."""
    made = build_catalogue(read_catalogue())
    TARGET.write_bytes(write_catalogue(made))
    print(f"{len(made)} messages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
