"""Sets a template and its data as a tagged PDF (PDF/UA-1) with the packaged font and nothing of the machine's own.

The one place that calls the typesetter; what is set, and from which template, is the caller's.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import typst

from afterglow.terms import Problem, build_error

FONT_PACKAGE = "afterglow.clinic.documents"
FONT_FOLDER = "fonts"
FONT_ENDINGS = frozenset({".ttf", ".otf"})
FONT_COMMAND = "afterglow assets"


class PrintFailed(RuntimeError):
    """The sheet could not be set; the message is the typesetter's, which holds no patient data."""


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
    """Return the PDF of a package's template filled with data.

    Parameters
    ----------
    package : str
        The package whose folder `templates` holds the template.
    template : str
        Its name without an ending.
    data : mapping
        What the template reads, as JSON.
    now : datetime
        The instant that the document bears; the same one gives the same bytes.

    Raises
    ------
    FontMissing
        No font was built.
    PrintFailed
        The template is wrong, a warning was given, or an image lacks its text alternative.
    """
    with as_file(files(package).joinpath("templates")) as templates, as_file(files(FONT_PACKAGE)) as packaged:
        fonts = packaged / FONT_FOLDER
        if not _has_font(fonts):
            raise FontMissing
        try:
            pdf, warnings = typst.compile_with_warnings(
                str(templates / f"{template}.typ"),
                root=str(templates),
                font_paths=[str(fonts)],
                ignore_system_fonts=True,
                sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                pdf_standards=["ua-1"],
                timestamp=now.replace(microsecond=0),
            )
        except typst.TypstError as error:
            raise PrintFailed(error.message) from error
    if warnings:
        raise PrintFailed("; ".join(str(warning) for warning in warnings))
    if not isinstance(pdf, bytes):
        raise PrintFailed("the typesetter returned no document")
    return pdf


def _has_font(folder: Path) -> bool:
    return folder.is_dir() and any(path.suffix in FONT_ENDINGS for path in folder.iterdir())
