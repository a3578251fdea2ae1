"""Working out a form's result from its stored answers, and keeping it beside everything it was worked out with."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.measures.models import SUBMITTED, MeasureForm, MeasureResult
from afterglow.instruments import Instrument, ScoreResult, score_answers, score_total
from afterglow.instruments.settings import read_settings

PATIENT = "patient-link"


def read_answers(form: MeasureForm) -> dict[str, Decimal]:
    """Return the answers that count, by item: of several to one item the last; a declined one is no answer."""
    last = {row.item: row.value for row in form.answers.order_by("number")}
    return {item: value.normalize() for item, value in last.items() if value is not None}


def score_form(form: MeasureForm, definition: Instrument) -> ScoreResult:
    """Return the result of what is stored of a form now."""
    return score_answers(definition, read_answers(form), use_settings(form.patient.site, definition))


def score_typed(
    definition: Instrument, total: object, answers: Mapping[str, Decimal], settings: Mapping[str, object]
) -> ScoreResult:
    """Return the result of a total that was typed in, with the single answers known beside it."""
    return score_total(definition, total, answers, settings)


def use_settings(site: Any, definition: Instrument) -> dict[str, object]:
    """Return the site's own numbers of an instrument, where its overlay names some."""
    return dict(site.overlays.get("instruments", {}).get(definition.id, {}))


@action
def store_result(
    *,
    form: MeasureForm,
    result: ScoreResult,
    submission_id: str,
    observed_at: datetime,
    rater: Any,
    by: Any,
    now: datetime,
    correction_reason: str = "",
    is_total_only: bool = False,
) -> MeasureResult:
    """Store a result with its provenance and close the form; ask in person for a suicide item that is not known."""
    from afterglow.clinic.outcomes.marking import mark_stale
    from afterglow.instruments import get_instrument

    definition = get_instrument(form.instrument, form.version)
    chosen = read_settings(definition, use_settings(form.patient.site, definition))
    row = MeasureResult(
        form=form,
        number=form.results.count() + 1,
        submission_id=submission_id,
        instrument=form.instrument,
        version=form.version,
        answers={item: f"{value:f}" for item, value in read_answers(form).items()},
        total=result.total,
        reason="" if result.total is not None else (result.reason or "no total")[:300],
        band=result.band or "",
        is_complete=result.complete,
        is_prorated=result.prorated,
        is_total_only=is_total_only,
        result=as_text(result.to_json()),
        settings={name.removeprefix("setting."): f"{value:f}" for name, value in chosen.items()},
        observed_at=observed_at,
        rater=rater,
        correction_reason=correction_reason,
        recorded_at=now,
        recorded_by=by,
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict("this submission was stored a moment ago") from None
    if form.state != SUBMITTED:
        form.state, form.submitted_at = SUBMITTED, now
        form.save(update_fields=["state", "submitted_at"])
    mark_stale(form.patient_id, now)
    word = "measure.corrected" if correction_reason else "measure.submitted"
    detail = {"instrument": form.instrument, "number": row.number, "complete": row.is_complete}
    audit.record(by=by or PATIENT, action=word, subject=form, now=now, patient=form.patient, detail=detail)
    _follow_up(form, result, by=by, now=now)
    return row


def _follow_up(form: MeasureForm, result: ScoreResult, *, by: Any, now: datetime) -> None:
    """Take back the reminders, end the tasks of a screen that is answered, ask in person what is not known."""
    from afterglow.clinic.measures.alerts import ask_in_person
    from afterglow.clinic.measures.lookups import SCREENS
    from afterglow.clinic.measures.messages import call_back, call_back_instrument
    from afterglow.clinic.tasks.surveillance import settle_screens

    patient = form.patient
    call_back_instrument(patient=patient, instrument=form.instrument, by=by, now=now)
    call_back(form=form, by=by, now=now)
    if result.total is not None and form.instrument in SCREENS:
        settle_screens(patient=patient, fact=SCREENS[form.instrument], by=by, now=now)
    if result.not_screened:
        ask_in_person(form=form, codes=result.not_screened, by=by, now=now)


def as_text(value: Any) -> Any:
    """Return a result as plain JSON whose numbers are text, so that no digit is lost."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return {str(key): as_text(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [as_text(part) for part in value]
    return value
