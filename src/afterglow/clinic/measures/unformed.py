"""Alerts of answers about suicide that stand on no form: a screen asked in a session, the question of a check-in.

They are raised in the transaction that stores the answer; they hold the dose and open their task as one on a form does.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max

from afterglow.chairside.screens import Told
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.measures.in_session import SINCE
from afterglow.clinic.measures.models import RiskAlert, RiskAssessment
from afterglow.clinicday.checkin import find_question, load_checkin
from afterglow.clinicday.risk import Level, find_level
from afterglow.instruments import get_instrument
from afterglow.terms.conditions import check_condition

SESSION, CHECK_IN = "session", "check-in"
BEHAVIOUR = "6"
MAY_ACT = "check-in-act"


@action
def raise_screened(*, session: Any, told: Iterable[Told], by: Any, now: datetime) -> list[RiskAlert]:
    """Raise what screens of a session alert to, the worst row of each, unless as bad a one of it waits already."""
    return [row for each in told for row in _raise_screen(session, each, by=by, now=now)]


@action
def raise_told(*, checkin: Any, question: str, choice: str, by: Any, now: datetime) -> list[RiskAlert]:
    """Raise that the person might act on thoughts of suicide, unless the same of this check-in waits already."""
    patient = checkin.appointment.patient
    if is_waiting(checkin):
        return []
    asked = find_question(load_checkin().questions, question)
    options = [option.id for option in asked.options] if asked is not None else []
    return [
        _raise(
            patient=patient,
            way=CHECK_IN,
            source=checkin.pk,
            instrument=CHECK_IN,
            code=MAY_ACT,
            level="review-now",
            title="Not a C-SSRS: ask it in person; a licensed clinician assesses before any dose",
            seen={question: str(options.index(choice))},
            observed_at=now,
            by=by,
            now=now,
        )
    ]


@action
def raise_elsewhere(
    *,
    patient: Any,
    way: str,
    source: str,
    level: str,
    title: str,
    seen: dict[str, int],
    observed_at: datetime,
    by: Any,
    now: datetime,
) -> list[RiskAlert]:
    """Raise what was told in a referral or on the telephone, unless the same of this source waits already."""
    told = {what: str(value) for what, value in seen.items()}
    if any(row.seen == told for row in _list_waiting(patient, source)):
        return []
    given = {"instrument": way, "code": f"{way}-told", "title": title, "seen": told, "observed_at": observed_at}
    return [_raise(patient=patient, way=way, source=source, level=level, by=by, now=now, **given)]


def is_waiting(checkin: Any) -> bool:
    """Return whether an alert of a check-in waits for an assessment."""
    return bool(_list_waiting(checkin.appointment.patient, checkin.pk))


def describe_unformed(alert: RiskAlert) -> str:
    """Return an alert of no form as a task shows it: what was answered, and where; never a word for a risk."""
    if alert.way == CHECK_IN:
        told = "; ".join(f"{what}: {value}" for what, value in list_told(alert))
        return f"Check-in: {told}. {alert.title}."
    if alert.way != SESSION:
        return f"{alert.title}: {', '.join(f'{what} = {value}' for what, value in alert.seen.items())}."
    told = ", ".join(f"item {item} = {value}" for item, value in alert.seen.items())
    return f"{get_instrument(alert.instrument).title}: {told}, asked in a session. {alert.title}."


def list_told(alert: RiskAlert, language: str = "en") -> list[tuple[str, str]]:
    """Return the questions and answers of a check-in that an alert was raised with, in words."""
    found = []
    for name, value in alert.seen.items():
        question = find_question(load_checkin().questions, name)
        place = int(Decimal(value))
        if question is None or place >= len(question.options):
            found.append((name, value))
        else:
            found.append((question.short[language], question.options[place].text[language]))
    return found


def _raise_screen(session: Any, told: Told, *, by: Any, now: datetime) -> list[RiskAlert]:
    items = {str(told.level): Decimal(1)} if told.level else {}
    items |= {BEHAVIOUR: Decimal(1)} if told.behaviour else {}
    # the rows of the triage stand in their order: the first that is met is the worst
    rules = [rule for rule in get_instrument(SINCE).alerts if rule.must_screen]
    rule = next((each for each in rules if check_condition(each.when, items) is True), None)
    if rule is None or _is_covered(session, told):
        return []
    alert = _raise(
        patient=session.patient,
        way=SESSION,
        source=session.pk,
        instrument=SINCE,
        code=rule.code,
        level=rule.level,
        title=rule.title,
        seen={item: f"{value:f}" for item, value in items.items()},
        observed_at=min(told.event.occurred_at, now),
        by=by,
        now=now,
    )
    return [alert]


def _is_covered(session: Any, told: Told) -> bool:
    """Return whether alerts of this session that wait tell of the same level or a higher one, and of the behaviour."""
    items = {item for row in _list_waiting(session.patient, session.pk) for item in row.seen}
    level = max((int(item) for item in items - {BEHAVIOUR}), default=0)
    return bool(items) and (told.level or 0) <= level and (not told.behaviour or BEHAVIOUR in items)


def _list_waiting(patient: Any, source: str) -> list[RiskAlert]:
    """Return the alerts of one source that nobody has assessed since they were raised."""
    rows = RiskAlert.objects.filter(patient=patient, source=source, release__isnull=True).order_by("raised_at", "pk")
    last = RiskAssessment.objects.filter(patient=patient).aggregate(at=Max("made_at"))["at"]
    return [row for row in rows if last is None or row.raised_at > last]


def store_alert(*, patient: Any, level: Level, by: Any, now: datetime, form: Any = None, **told: Any) -> RiskAlert:
    """Store an alert, and in the audit what it was raised on; in the transaction that stores the answer."""
    row = RiskAlert.objects.create(
        patient=patient, form=form, level=level.name, holds_dose=level.holds_dose, raised_at=now, **told
    )
    audit.record(
        by=by or "patient-link",
        action="risk.raised",
        subject=row,
        now=now,
        patient=patient,
        site=patient.site,
        detail={"code": row.code, "level": row.level, row.way or "form": row.source or row.form_id},
    )
    return row


def _raise(*, patient: Any, level: str, by: Any, now: datetime, **told: Any) -> RiskAlert:
    from afterglow.clinic.tasks.actions import open_task

    known = find_level(level)
    row = store_alert(patient=patient, level=known, by=by, now=now, **told)
    open_task(
        site=patient.site,
        patient=patient,
        subject=("risk", row.pk),
        kind=known.task,
        detail=describe_unformed(row)[:500],
        key=f"{known.task}:{row.pk}",
        by=None,
        now=now,
        since=now,
    )
    return row
