"""Requests of the measures: a link, a form entered, a correction, an assessment without an alert, a safety plan."""

from typing import Any

from afterglow.clinic.measures import actions
from afterglow.clinic.measures.models import MeasureForm, MeasureResult
from tests.support.measuring import CALM, enter, install_wording
from tests.web.matrix.ask import Ask

OBJECTS = {"result_id"}
# leads to the form that was chosen
OWN = {("web:patient-measures", "POST enter")}


def furnish(house: Any) -> None:
    """Add what the pages show: a form sent and one entered; an open alert would hold the doses of other rows."""
    patient, nurse, now = house.alder, house.cast.nurse, house.now
    install_wording()
    actions.ask_form(patient=patient, instrument="phq9", by=nurse, now=now)
    enter(patient, nurse, "phq9", CALM, "matrix-1", now=now)


def build_parts(house: Any) -> dict[str, str]:
    """Return the instrument and the result that the addresses name."""
    row = MeasureResult.objects.filter(submission_id="matrix-1").first()
    return {"instrument": "phq9", "result_id": row.pk if row else "0" * 20}


def _act(act: str, **fields: Any) -> Any:
    return lambda house: Ask({"act": act, **fields})


def _end(house: Any) -> Ask:
    form = MeasureForm.objects.filter(patient=house.alder, way="link").first()
    return Ask({"act": "end", "form": form.pk if form else "0" * 20})


def _again(house: Any) -> Ask:
    form = MeasureForm.objects.filter(patient=house.alder, way="link").first()
    return Ask({"act": "again", "form": form.pk if form else "0" * 20})


def _assess(house: Any) -> Ask:
    return Ask({"act": "assess", "assess-decision": "hold", "assess-note": "Seen, held."})


ASKS = {
    ("web:patient-measures", "POST ask"): _act("ask", **{"ask-instrument": "phq9"}),
    ("web:patient-measures", "POST again"): _again,
    ("web:patient-measures", "POST end"): _end,
    ("web:patient-measures", "POST excuse"): _act(
        "excuse", **{"excuse-instrument": "gad7", "excuse-reason": "declined"}
    ),
    ("web:patient-measures", "POST enter"): _act("enter", instrument="gad7"),
    ("web:measure-enter", "POST"): lambda house: Ask({"key": "matrix-3", "item-1": "1", "item-2": "0"}),
    ("web:measure-result", "POST"): lambda house: Ask(
        {"key": "matrix-4", "item": "1", "value": "2", "reason": "misread"}
    ),
    ("web:patient-risk", "POST assess"): _assess,
    ("web:patient-risk", "POST plan"): _act("plan", **{"plan-means": "With a neighbour"}),
}
