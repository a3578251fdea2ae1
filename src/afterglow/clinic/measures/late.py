"""Answers that come through a form's link after the form was closed: sent, expired, asked anew or given a new link.

One about suicide is kept and alerts as if it had come in time; it changes no total. Every other one is refused.
"""

import re
from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.measures.actions import (
    LINK_ENDED,
    PATIENT,
    check_key,
    find_definition,
    find_form,
    hash_token,
    is_usable,
    read_one,
)
from afterglow.clinic.measures.alerts import Case, find_rules, raise_case
from afterglow.clinic.measures.models import LateAnswer, MeasureForm
from afterglow.clinic.measures.scoring import read_answers

MOST_LATE = 60
_TOKEN = re.compile(r"[A-Za-z0-9_-]{40,60}\Z")


def find_known(token: str) -> tuple[MeasureForm | None, bool]:
    """Return the form that a token leads to or ever led to, and whether a new link has taken this one's place."""
    form = find_form(token)
    if form is not None or not _TOKEN.fullmatch(token):
        return form, False
    rows = MeasureForm.objects.select_related("patient__site", "wording")
    former = rows.filter(former_links__token_hash=hash_token(token)).first()
    return former, former is not None


@action
def save_late(
    *, form: MeasureForm, item: str, value: object, now: datetime, key: str = "", is_former: bool = False
) -> LateAnswer | None:
    """Keep an answer about suicide that came after its form was closed; open its alert, its task and the hold.

    None is returned where this answer had come in time, and was only sent again.

    Parameters
    ----------
    key : str
        What the device called this answer; the same key again returns what is stored.
    is_former : bool
        Whether it came by a link that a new one has replaced; the form itself may then still be open.

    Raises
    ------
    InvalidInput
        The item or the value is not the instrument's; nothing is stored.
    Refused
        The answer says nothing of suicide, or far too many came; nothing is stored.
    """
    row = MeasureForm.objects.select_for_update(of=("self",)).select_related("patient__site").get(pk=form.pk)
    named = check_key(key)
    number = read_one(find_definition(row), item, value)
    for rows in (row.answers, row.late_answers) if named else ():
        if (found := rows.filter(key=named).first()) is None:
            continue
        if found.item != item or found.value != number:
            raise Conflict("this answer was stored before with another content")
        return found if isinstance(found, LateAnswer) else None
    if is_usable(row, now) and not is_former:
        raise Refused("form-open", "this form can be answered")
    answers = read_answers(row)
    rules = [] if number is None else find_rules(row, {**answers, item: number}, item)
    if number is None or not rules:
        raise Refused(LINK_ENDED, "this link has ended; please call the clinic")
    if row.late_answers.count() >= MOST_LATE:
        raise Refused("answers-too-many", "more answers came than a person gives; please call the clinic")
    cases = [Case(row, rule, {**answers, item: number}, now, is_late=True) for rule in rules]
    alerts = [alert for case in cases for alert in raise_case(case, {item}, by=None, now=now)]
    kept = LateAnswer.objects.create(
        form=row, item=item, value=number, key=named or None, alert=alerts[0] if alerts else None, recorded_at=now
    )
    detail = {"item": item, "alerts": len(alerts)}
    patient = row.patient
    audit.record(
        by=PATIENT,
        action="measure.answered-late",
        subject=row,
        now=now,
        patient=patient,
        site=patient.site,
        detail=detail,
    )
    return kept


def find_told_at(form: MeasureForm) -> datetime | None:
    """Return when the last answer about suicide reached the clinic through a link of a form that was closed."""
    found: datetime | None = form.late_answers.aggregate(at=Max("recorded_at"))["at"]
    return found


def list_late(form: MeasureForm) -> list[tuple[LateAnswer, Decimal | None]]:
    """Return the late answers of a form, oldest first, each with what the form itself says of the item."""
    answers = read_answers(form)
    return [(row, answers.get(row.item)) for row in form.late_answers.order_by("recorded_at", "pk")]
