"""The sheets of a session as PDF: which templates there are; the typesetting itself is shared."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic.documents.typesetting import typeset

TEMPLATE_PACKAGE = "afterglow.web.record"


def render_pdf(template: str, data: Mapping[str, Any], *, now: datetime) -> bytes:
    """Return the PDF of a template (`session`, `handoff`, `downtime`, `summary`) filled with `data`.

    Raises
    ------
    PrintFailed
        As `typeset`.
    """
    return typeset(TEMPLATE_PACKAGE, template, data, now=now)
