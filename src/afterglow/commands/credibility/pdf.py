"""The report as PDF: its template and its data; the typesetting itself is shared with the clinic's sheets."""

from dataclasses import asdict
from datetime import datetime

from afterglow.clinic.documents.typesetting import typeset
from afterglow.pharmacology.report import Document

TEMPLATE_PACKAGE = "afterglow.commands.credibility"


def render_pdf(document: Document, *, now: datetime) -> bytes:
    """Return the PDF of the report.

    Raises
    ------
    PrintFailed
        As `typeset`.
    """
    return typeset(TEMPLATE_PACKAGE, "report", asdict(document), now=now)
