"""The card of the course on a chart: scores, sessions, forecast, next treatment and the decision on it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from afterglow.clinicday.surveillance import Due
from afterglow.web.outlook import words
from afterglow.web.outlook.asking import LATER, READY, Asked, ask
from afterglow.web.outlook.deciding import build_advice
from afterglow.web.predictions.asking import NO_WAIT_S
from afterglow.web.present import glance


def build_course_card(
    request: HttpRequest, patient: Any, now: datetime, *, plans: list[Any], visits: dict[str, Any] | None,
    form: Any = None, timeout_s: float = NO_WAIT_S, dues: Sequence[Due] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the card as the address asks for it: the span, and a chart or a table."""
    asked = ask(request.user, patient, now, timeout_s=timeout_s, dues=dues)
    span = "half-year" if request.GET.get("span") == "half-year" else "all"
    is_table = request.GET.get("as") == "table"
    return {
        "course": glance.build_course(patient, now, plans, span=span, visits=visits, asked=asked),
        "is_table": is_table,
        "outlook": None if asked is None else describe(asked, patient, span=span, is_table=is_table),
        "next_treatment": None if asked is None else build_advice(request.user, patient, asked, form),
    }


def describe(asked: Asked, patient: Any, *, span: str, is_table: bool) -> dict[str, Any]:
    """Return the forecast in words, with the address at which the page looks again."""
    query = urlencode({"span": span, **({"as": "table"} if is_table else {})})
    return {
        "state": asked.state,
        "is_late": asked.state == LATER,
        "is_ready": asked.state == READY,
        "reason": asked.reason,
        "words": words.list_words(asked),
        "basis": words.list_basis(asked),
        "unknown": words.list_unknown(asked),
        "made": words.describe_made_from(asked, patient),
        "again_url": f"{reverse('web:patient-forecast', args=[patient.pk])}?{query}",
    }
