"""Turns a sheet's data into a tagged PDF (PDF/UA-1) with the packaged font and nothing of the machine's own."""

import json
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import as_file, files
from typing import Any

import typst

FONT_PACKAGE = "afterglow.clinic.documents"
FONT_FOLDER = "fonts"


class PrintFailed(RuntimeError):
    """The sheet could not be set; the message is the typesetter's, which holds no patient data."""


def render_pdf(template: str, data: Mapping[str, Any], *, now: datetime) -> bytes:
    """Return the PDF of a template (`session`, `handoff`, `downtime`) filled with `data`.

    Raises
    ------
    PrintFailed
        The font is missing, a warning was given, or an image lacks its text alternative.
    """
    folder = files("afterglow.web.record").joinpath("templates")
    fonts = files(FONT_PACKAGE).joinpath(FONT_FOLDER)
    with as_file(folder) as templates, as_file(fonts) as font_path:
        if not any(font_path.glob("*.ttf")) and not any(font_path.glob("*.otf")):
            raise PrintFailed("the PDF font is missing; run `afterglow assets`")
        try:
            pdf, warnings = typst.compile_with_warnings(
                str(templates / f"{template}.typ"),
                root=str(templates),
                font_paths=[str(font_path)],
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
