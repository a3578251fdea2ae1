"""Sets the report as a tagged PDF (PDF/UA-1) with the packaged font and nothing of the machine's own."""

import json
from dataclasses import asdict
from datetime import datetime
from importlib.resources import as_file, files

import typst

from afterglow.pharmacology.report import Document

FONT_PACKAGE = "afterglow.clinic.documents"


class PrintFailed(RuntimeError):
    """The report could not be set; the message is the typesetter's."""


def render_pdf(document: Document, *, now: datetime) -> bytes:
    """Return the PDF of the report.

    Raises
    ------
    PrintFailed
        The font is missing, or the typesetter warned of anything.
    """
    folder = files("afterglow.commands.credibility").joinpath("templates")
    fonts = files(FONT_PACKAGE).joinpath("fonts")
    with as_file(folder) as templates, as_file(fonts) as font_path:
        if not any(font_path.glob("*.ttf")):
            raise PrintFailed("the PDF font is missing; run `afterglow assets`")
        try:
            pdf, warnings = typst.compile_with_warnings(
                str(templates / "report.typ"),
                root=str(templates),
                font_paths=[str(font_path)],
                ignore_system_fonts=True,
                sys_inputs={"data": json.dumps(asdict(document), ensure_ascii=False)},
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
