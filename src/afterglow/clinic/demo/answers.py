"""Questionnaires of the demonstration: answered on the phone, sent, half answered; an alert and its assessment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.measures import actions, risk
from afterglow.clinic.measures.in_session import SINCE
from afterglow.clinic.people.models import Patient
from afterglow.instruments import get_instrument

PHQ9, GAD7 = "phq9", "gad7"
# after the last ones: an item about suicide, and the one about everyday life, are answered apart
LAST_OF_TOTAL = {PHQ9: 8, GAD7: 7}


@dataclass(frozen=True, slots=True)
class Filled:
    """One form on the phone: so many days ago, and its total; without one the link was sent and waits."""

    name: str
    instrument: str
    days: float
    total: int | None
    # how many items were answered before the person stopped; None is all of them
    stops_after: int | None = None


FORMS: tuple[Filled, ...] = (
    Filled("Rush", PHQ9, 84, 10),
    Filled("Rush", PHQ9, 56, 8),
    Filled("Rush", PHQ9, 27, 6),
    Filled("Rush", GAD7, 27, 5),
    Filled("Yew", PHQ9, 58, 10),
    Filled("Yew", PHQ9, 3, 7),
    # due since today, sent this morning; sent and overdue; begun and left
    Filled("Iris", PHQ9, 0.1, None),
    Filled("Juniper", GAD7, 2.9, None),
    Filled("Thyme", PHQ9, 0.15, 12, stops_after=4),
)
ALERTED = "Sedge"
TOLD = "Called at once; the partner stays tonight"


def fill_forms(cast: Cast, clock: SimulatedClock) -> None:
    """Let people answer forms on the phone, and one of them be assessed after an answer about suicide."""
    for filled in FORMS:
        patient = _find(filled.name, clock)
        if patient is not None:
            with gather_links():
                clock.act(clock.now - timedelta(days=filled.days), partial(_fill, patient, filled, cast))
    patient = _find(ALERTED, clock)
    if patient is not None:
        with gather_links():
            clock.act(clock.now - timedelta(days=2, hours=1), partial(_alert, patient, cast))


def _find(name: str, clock: SimulatedClock) -> Any:
    return Patient.objects.filter(given_name=name, site=clock.site).select_related("site").first()


def _fill(patient: Any, filled: Filled, cast: Cast, now: datetime) -> None:
    asked_at = now - timedelta(minutes=30)
    form, _ = actions.ask_form(patient=patient, instrument=filled.instrument, by=cast["nurse"], now=asked_at)
    if filled.total is None:
        return
    given = list(spread(filled.instrument, filled.total).items())
    for item, value in given[: filled.stops_after]:
        actions.save_answer(form=form, item=item, value=value, now=now)
    if filled.stops_after is None:
        actions.submit_form(form=form, submission_id=f"link-{form.pk}", now=now)


def _alert(patient: Any, cast: Cast, now: datetime) -> None:
    """Answer item 9 on the phone; the nurse asks the C-SSRS, the prescriber sees the person the same day."""
    form, _ = actions.ask_form(patient=patient, instrument=PHQ9, by=cast["nurse"], now=now - timedelta(hours=2))
    for item, value in {**spread(PHQ9, 13), "9": 1}.items():
        actions.save_answer(form=form, item=item, value=value, now=now)
    actions.submit_form(form=form, submission_id=f"link-{form.pk}", now=now)
    actions.enter_form(
        patient=patient, instrument=SINCE, answers={"1": 1, "2": 0, "6": 0}, submission_id=f"demo-{form.pk}",
        by=cast["nurse"], now=now + timedelta(minutes=12),
    )  # fmt: skip
    risk.write_safety_plan(patient=patient, parts=PLAN, by=cast["prescriber"], now=now + timedelta(minutes=40))
    risk.assess_risk(
        patient=patient,
        alerts=[alert.pk for alert in risk.list_open(patient)],
        decision=risk.GO_ON,
        note="Passing thoughts on two evenings, no plan, no intent. Plan gone through; talks again on Monday.",
        told=TOLD,
        is_in_person=True,
        has_gone_through_plan=True,
        by=cast["prescriber"],
        now=now + timedelta(minutes=45),
    )


def spread(instrument: str, total: int) -> Mapping[str, int]:
    """Return answers that come to a total, nobody's pattern; item 9 of the PHQ-9 is no."""
    definition = get_instrument(instrument)
    count = LAST_OF_TOTAL[instrument]
    given = {str(number): total // count + (number <= total % count) for number in range(1, count + 1)}
    rest = {item.id: 0 for item in definition.items if item.id not in given and not item.is_optional}
    return {**given, **rest}


PLAN = {
    "signs": "Sleeping badly for days, not answering the telephone",
    "alone": "Walk by the river, the old records",
    "places": "The library, the choir on Thursdays",
    "people": "A sister, the neighbour downstairs",
    "services": "The clinic 555-0100, the crisis line 988, emergency 911",
    "means": "Tablets are kept by the sister and handed out for a week",
}
