"""Sets a template and its data as a tagged PDF (PDF/UA-1) with the packaged font and nothing of the machine's own.

The one place that calls the typesetter; what is set, and from which template, is the caller's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import typst
from django.utils.translation import gettext_lazy as lazy

from afterglow.clinic.documents.drawable import find_undrawn, find_unsafe, list_letters, write_numbers
from afterglow.terms import Problem, build_error

FONT_PACKAGE = "afterglow.clinic.documents"
FONT_FOLDER = "fonts"
FONT_ENDINGS = frozenset({".ttf", ".otf"})
FONT_COMMAND = "afterglow assets"
# what a template prints at its foot where characters stand as numbers
REPLACED = "replaced"
REPLACED_WORDS = lazy(
    "Characters that these fonts cannot draw stand as their Unicode numbers, such as [U+1F642]; "
    "the screen has them as they were typed."
)
# up to the first thing that a message quotes: that may be a person's words
_FAULT = re.compile(r"[^`\"'“‘\n]*")


class PrintFailed(RuntimeError):
    """The sheet could not be set; the message names the fault and quotes nothing of the sheet."""


class FontMissing(PrintFailed):
    """The packaged font was not built on this machine."""

    def __init__(self) -> None:
        """Say which command builds it."""
        super().__init__(f"the PDF font is not built here; `{FONT_COMMAND}` builds it")

    @property
    def problem(self) -> Problem:
        """The same for a command line."""
        return build_error("font", "font-missing", FONT_FOLDER, f"the font that `{FONT_COMMAND}` builds", str(self))


def typeset(package: str, template: str, data: Mapping[str, Any], *, now: datetime) -> bytes:
    """Return the PDF of a package's template filled with data, whatever was typed into it.

    Characters that the fonts cannot draw are printed as their numbers; then `replaced` holds the words for the foot.

    Parameters
    ----------
    package : str
        The package whose folder `templates` holds the template.
    template : str
        Its name without an ending.
    data : mapping
        What the template reads, as JSON; `replaced` is added to it.
    now : datetime
        The instant that the document bears; the same one gives the same bytes.

    Raises
    ------
    FontMissing
        No font was built.
    PrintFailed
        The template is wrong, a warning was given, or an image lacks its text alternative; it quotes no text.
    """
    letters = frozenset(list_letters(data))
    with as_file(files(package).joinpath("templates")) as templates, as_file(files(FONT_PACKAGE)) as packaged:
        fonts = packaged / FONT_FOLDER
        if not _has_font(fonts):
            raise FontMissing
        sheet = _Sheet(templates, template, fonts, now)
        try:
            undrawn = find_undrawn(letters, fonts)
            unsafe = undrawn | find_unsafe(letters)
            try:
                return sheet.set(data, undrawn)
            except typst.TypstError:
                # what no single character explains: letters that fail together
                if unsafe == undrawn:
                    raise
                return sheet.set(data, unsafe)
        except typst.TypstError as error:
            fault = _name_fault(str(error.message))
    # not from the error itself: its message quotes the text that failed
    raise PrintFailed(fault)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A template with its fonts, to be set at one instant."""

    templates: Path
    name: str
    fonts: Path
    now: datetime

    def set(self, data: Mapping[str, Any], undrawn: frozenset[str]) -> bytes:
        """Return the PDF with those characters as their numbers."""
        shown = {**write_numbers(data, undrawn), REPLACED: str(REPLACED_WORDS) if undrawn else ""}
        pdf, warnings = typst.compile_with_warnings(
            str(self.templates / f"{self.name}.typ"),
            root=str(self.templates),
            font_paths=[str(self.fonts)],
            ignore_system_fonts=True,
            sys_inputs={"data": json.dumps(shown, ensure_ascii=False)},
            pdf_standards=["ua-1"],
            timestamp=self.now.replace(microsecond=0),
        )
        if warnings:
            raise PrintFailed("; ".join(_name_fault(str(warning.message)) for warning in warnings))
        if not isinstance(pdf, bytes):
            raise PrintFailed("the typesetter returned no document")
        return pdf


def _name_fault(message: str) -> str:
    """Return what went wrong without what it went wrong with."""
    found = _FAULT.match(message)
    words = " ".join(found[0].split()) if found else ""
    return words or "the typesetter refused the sheet"


def _has_font(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix in FONT_ENDINGS for path in folder.iterdir())
