"""Raising what an answer alerts to, in the transaction that stores the answer; nothing here waits for a total."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max

from afterglow.clinic.actions import action
from afterglow.clinic.measures.earlier import list_others
from afterglow.clinic.measures.messages import call_back
from afterglow.clinic.measures.models import MeasureForm, RiskAlert, RiskAssessment
from afterglow.clinic.measures.scoring import read_answers, use_settings
from afterglow.clinic.measures.unformed import describe_unformed, store_alert
from afterglow.clinicday.risk import find_level, get_review_task
from afterglow.instruments import Instrument, ScoreAlert, ScoreResult, get_instrument
from afterglow.instruments.model import AlertRule
from afterglow.instruments.settings import read_settings
from afterglow.terms.conditions import check_condition

NOT_SCREENED = "risk-not-screened"
LINK_TEXT = "on the phone"
LATE_TEXT = " after the form was closed, not part of its total"


@action
def raise_alerts(
    *,
    form: MeasureForm,
    result: ScoreResult,
    by: Any,
    now: datetime,
    given: Iterable[str] | None = None,
    observed_at: datetime | None = None,
) -> list[RiskAlert]:
    """Raise what the answers alert to and nobody has assessed since it was raised before; open the task of each.

    Parameters
    ----------
    given : iterable of str or None
        The items answered just now; None when the whole form was sent. One of them that speaks of suicide after the
        last assessment is a new alert, whatever this form raised before it.
    observed_at : datetime or None
        When it was answered, where that is another time than now: what is compared with is then older too.
    """
    definition = get_instrument(form.instrument, form.version)
    suicide = {rule.code: rule for rule in definition.alerts if rule.must_screen}
    answers, items = read_answers(form), None if given is None else set(given)
    raised = []
    for alert in result.alerts:
        if alert.code in suicide:
            case = Case(form, suicide[alert.code], answers, observed_at or now)
            raised += raise_case(case, items, by=by, now=now)
        else:
            _open_review(form, definition, alert, by=by, now=now)
    for alert in result.covered:
        case = Case(form, suicide[alert.code], answers, observed_at or now)
        # once the stricter row was assessed, what is said again of this one speaks for itself
        if (items is None or items & set(case.seen)) and not _is_covered(form, case.rule):
            raised += raise_case(case, items, by=by, now=now)
    return raised


@action
def ask_in_person(*, form: MeasureForm, codes: Sequence[str], by: Any, now: datetime) -> None:
    """Open the task to ask what a person did not answer: unknown is not no."""
    definition = get_instrument(form.instrument, form.version)
    detail = f"{definition.title}: the answer about suicide is not known. Ask in person before a dose."
    _open_task(NOT_SCREENED, form, detail, key=f"{NOT_SCREENED}:{form.pk}", by=by, now=now)


def speaks_of_suicide(form: MeasureForm, item: str) -> bool:
    """Return whether an item's stored answer is among what raises a suicide alert now, raised before or not."""
    return bool(find_rules(form, read_answers(form), item))


def speaks_anew(form: MeasureForm, item: str) -> bool:
    """Return whether an item's answer, given once more, is a new alert: everything it raised before is assessed."""
    rules = find_rules(form, read_answers(form), item)
    return any(not _list_waiting(form, rule.code) and not _is_covered(form, rule) for rule in rules)


def find_rules(form: MeasureForm, answers: Mapping[str, Decimal], item: str) -> list[AlertRule]:
    """Return the rules about suicide that read an item and are met by answers."""
    definition = get_instrument(form.instrument, form.version)
    facts = {**read_settings(definition, use_settings(form.patient.site, definition)), **answers}
    return [
        rule
        for rule in definition.alerts
        if rule.must_screen and item in list_items(rule.when) and check_condition(rule.when, facts) is True
    ]


def list_alerting(form: MeasureForm) -> dict[str, tuple[Decimal, ...]]:
    """Return the answers that alert to suicide whatever else is answered, by item: a device needs them offline."""
    definition = get_instrument(form.instrument, form.version)
    chosen = read_settings(definition, use_settings(form.patient.site, definition))
    found: dict[str, tuple[Decimal, ...]] = {}
    for rule in definition.alerts:
        if not rule.must_screen:
            continue
        for name in list_items(rule.when):
            item = definition.find_item(name)
            values = [each.value for each in item.answers] if item is not None else []
            loud = [value for value in values if check_condition(rule.when, {**chosen, name: value}) is True]
            found[name] = tuple(sorted({*found.get(name, ()), *loud}))
    return found


def list_items(condition: Mapping[str, Any]) -> list[str]:
    """Return the items that a condition reads, in their order."""
    if "fact" in condition:
        return [str(condition["fact"])]
    found: list[str] = []
    for value in condition.values():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                found += list_items(part)
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Case:
    """One rule about suicide that the answers of a form met, and when they were given."""

    form: MeasureForm
    rule: AlertRule
    answers: Mapping[str, Decimal]
    at: datetime
    # given through a link whose form was closed: the form's own answers are the time before
    is_late: bool = False

    @property
    def seen(self) -> dict[str, Decimal]:
        """The answers that the rule reads."""
        return {item: self.answers[item] for item in list_items(self.rule.when) if item in self.answers}


def raise_case(case: Case, given: Collection[str] | None, *, by: Any, now: datetime) -> list[RiskAlert]:
    """Raise one alert, unless the same or a worse one of this form still waits for its assessment."""
    form, rule = case.form, case.rule
    waiting = _list_waiting(form, rule.code)
    if any(not _is_worse(case.seen, row.seen) for row in waiting):
        return []
    assessed = form.alerts.filter(code=rule.code).exclude(pk__in=[row.pk for row in waiting])
    last = assessed.order_by("raised_at", "pk").last()
    if last is not None and given is not None and not set(given) & set(case.seen):
        # another item was answered; what was assessed was not said again
        return []
    level = find_level(rule.level)
    row = store_alert(
        patient=form.patient,
        level=level,
        by=by,
        now=now,
        form=form,
        instrument=form.instrument,
        code=rule.code,
        title=rule.title,
        seen={item: f"{value:f}" for item, value in case.seen.items()},
        before=_find_before(case, last),
    )
    if not form.is_crisis:
        form.is_crisis = True
        form.save(update_fields=["is_crisis"])
        call_back(form=form, by=by, now=now)
    detail = describe(row, is_late=case.is_late)
    _open_task(level.task, form, detail, key=f"{level.task}:{row.pk}", by=by, now=now, since=now)
    return [row]


def _list_waiting(form: MeasureForm, code: str) -> list[RiskAlert]:
    """Return the alerts of a form that nobody has assessed since they were raised."""
    rows = RiskAlert.objects.filter(form=form, code=code, release__isnull=True)
    last = RiskAssessment.objects.filter(patient=form.patient).aggregate(at=Max("made_at"))["at"]
    return [row for row in rows if last is None or row.raised_at > last]


def _is_covered(form: MeasureForm, rule: AlertRule) -> bool:
    """Return whether a stricter row of the same triage waits for its assessment: it holds the dose and is due first."""
    return any(_list_waiting(form, code) for code in rule.covered_by)


def _is_worse(seen: Mapping[str, Decimal], stored: Mapping[str, str]) -> bool:
    """Return whether an answer rose above what the alert was raised with."""
    return any(value > Decimal(stored.get(item, "0")) for item, value in seen.items())


def _find_before(case: Case, assessed: RiskAlert | None) -> dict[str, str]:
    """Return the answers of the time before, the lowest where several may be meant; an item not known then is left out.

    They are those of every other source: the newest, and the newest that is older than these answers. What this form
    held at an assessment, between it and now, or before it was closed, counts as well; what it held before counts in
    one sitting only where nothing else is known.
    """
    others = list_others(case.form.patient, [case.form.instrument], but=case.form)
    readings = [others, [each for each in others if each.at <= case.at]]
    found: dict[str, str] = {}
    for item in list_items(case.rule.when):
        known = [next((each.value for each in reading if each.item == item), None) for reading in readings]
        values = [] if None in known else [value for value in known if value is not None]
        own, sitting = _list_own(case, item, assessed)
        values = [*values, *own] or sitting
        if values:
            found[item] = f"{min(values).normalize():f}"
    return found


def _list_own(case: Case, item: str, assessed: RiskAlert | None) -> tuple[list[Decimal], list[Decimal]]:
    """Return what this form held of an item on other occasions than the answer that alerts now, and in this sitting."""
    rows = [row for row in case.form.answers.filter(item=item).order_by("number") if row.value is not None]
    if case.is_late:
        late = case.form.late_answers.filter(item=item).order_by("recorded_at", "pk")
        return [*(row.value for row in rows[-1:] if row.value is not None), *(row.value for row in late)], []
    # the last of them is the answer that alerts
    earlier = [(row.recorded_at, row.value) for row in rows[:-1] if row.value is not None]
    if assessed is None:
        return [], [value for _at, value in earlier]
    stood = [value for at, value in earlier if at <= assessed.raised_at]
    return [*stood[-1:], *(value for at, value in earlier if at > assessed.raised_at)], []


def describe(alert: RiskAlert, *, is_late: bool = False) -> str:
    """Return an alert as a task shows it: instrument, answers, and by which way; never a word for a risk."""
    if alert.form is None:
        return describe_unformed(alert)
    definition = get_instrument(alert.instrument)
    told = ", ".join(f"item {item} = {value}" for item, value in alert.seen.items())
    how = LINK_TEXT if alert.form.way == "link" else "in the clinic"
    if is_late or alert.late_answers.exists():
        how += LATE_TEXT
    return f"{definition.title}: {told}, answered {how}. {alert.title}."


def _open_review(form: MeasureForm, definition: Instrument, alert: ScoreAlert, *, by: Any, now: datetime) -> None:
    kind = get_review_task()
    detail = f"{definition.title}: {alert.title}."
    _open_task(kind, form, detail, key=f"{kind}:{form.pk}:{alert.code}", by=by, now=now)


def _open_task(
    kind: str, form: MeasureForm, detail: str, *, key: str, by: Any, now: datetime, since: datetime | None = None
) -> None:
    from afterglow.clinic.tasks.actions import open_task

    open_task(
        site=form.patient.site,
        patient=form.patient,
        subject=("risk" if kind.startswith("risk-") else "measure", form.pk),
        kind=kind,
        detail=detail[:500],
        key=key,
        by=None,
        now=now,
        since=since,
    )
