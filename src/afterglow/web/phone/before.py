"""What a person keeps in mind before a visit: the day, the way home, food and drink, tablets, the questions.

Names of people and of medicines never stand here: they open only to somebody who has shown who they are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from afterglow.clinic.checkins.facts import find_protocol
from afterglow.clinic.checkins.models import SUBMITTED, CheckIn
from afterglow.clinic.measures.actions import is_usable
from afterglow.clinic.measures.models import OPEN, MeasureForm
from afterglow.clinic.measures.models import SUBMITTED as FILLED
from afterglow.clinic.measures.models.forms import LINK
from afterglow.clinicday.checkin import find_fast, load_checkin
from afterglow.clinicday.checkin_reading import Question
from afterglow.web.phone.pages import localise
from afterglow.web.phone.words import Words


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to keep in mind; done or still asked for."""

    title: str
    text: str
    is_done: bool


def say_when(appointment: Any, words: Words, now: datetime) -> str:
    """Return the visit's day and time as a person says it."""
    at = localise(appointment.site, appointment.starts_at)
    today = localise(appointment.site, now).date()
    filled = {"time": f"{at:%H:%M}", "day": words.say_day(at.date()), "date": words.say_date(at.date())}
    if at.date() == today:
        return words.say("start.today", **filled)
    key = "start.tomorrow" if at.date() == today + timedelta(days=1) else "start.later"
    text = words.say(key, **filled)
    return text[:1].upper() + text[1:]


def say_lead(appointment: Any, words: Words) -> str:
    """Return until when a person keeps the day free, rounded up to the next quarter of an hour."""
    if appointment.kind != "dosing":
        return words.say("start.lead_other")
    late = (-localise(appointment.site, appointment.ends_at).minute) % 15
    until = localise(appointment.site, appointment.ends_at + timedelta(minutes=late))
    return words.say("start.lead_dosing", until=f"{until:%H:%M}")


def list_items(
    checkin: CheckIn, asked: Sequence[Question], answers: Mapping[str, Mapping[str, Any]], words: Words
) -> list[Item]:
    """Return the things to keep in mind, in the order of the page."""
    items = _list_dosing(checkin, answers, words) if checkin.appointment.kind == "dosing" else []
    count = len(asked)
    answered = sum(question.id in answers for question in asked)
    if checkin.state == SUBMITTED:
        text = words.say("start.questions_done")
    elif answered == count:
        text = words.say("start.questions_unsent")
    elif answered:
        text = words.say("start.questions_going", answered=answered, count=count)
    else:
        seconds = load_checkin().policy["seconds_a_question"].value
        text = words.say("start.questions_text", minutes=max(1, round(count * seconds / 60)))
    title = words.say("start.questions", count=count)
    return [*items, Item(title, text, checkin.state == SUBMITTED), *_list_forms(checkin, words)]


def _list_forms(checkin: CheckIn, words: Words) -> list[Item]:
    """Return the card of questionnaires: how many wait under their own links, else when the last was done today."""
    patient, now = checkin.appointment.patient, timezone.now()
    rows = list(MeasureForm.objects.filter(patient=patient, way=LINK, state__in=(OPEN, FILLED)))
    waiting = sum(is_usable(row, now) for row in rows)
    if waiting:
        title = words.say("start.forms_one") if waiting == 1 else words.say("start.forms", count=waiting)
        return [Item(title, words.say("start.forms_open"), False)]
    site = checkin.appointment.site
    done = [localise(site, row.submitted_at) for row in rows if row.submitted_at is not None]
    today = [at for at in done if at.date() == localise(site, now).date()]
    if not today:
        return []
    title = words.say("start.forms_one") if len(today) == 1 else words.say("start.forms", count=len(today))
    return [Item(title, words.say("start.forms_done", time=f"{max(today):%H:%M}"), True)]


def _list_dosing(checkin: CheckIn, answers: Mapping[str, Mapping[str, Any]], words: Words) -> list[Item]:
    appointment = checkin.appointment
    has_escort = appointment.escort_id or "named" in (answers.get("escort", {}).get("choices") or ())
    escort = "escort_done" if has_escort else "escort_open"
    protocol = find_protocol(appointment)
    fast = find_fast(protocol) if protocol is not None else None
    if fast is None:
        food = Item(words.say("start.fasting_ask"), words.say("start.fasting_ask_text"), False)
    else:
        dose_at = appointment.dose_at or appointment.starts_at
        today = localise(appointment.site, appointment.starts_at).date()
        solids, liquids = (localise(appointment.site, dose_at - each) for each in (fast.solids, fast.liquids))
        food = Item(
            words.say("start.fasting", time=words.say_moment(solids, today)),
            words.say("start.fasting_text", liquids=words.say_moment(liquids, today)),
            False,
        )
    return [
        Item(words.say(f"start.{escort}"), words.say(f"start.{escort}_text"), bool(has_escort)),
        food,
        Item(words.say("start.tablets"), words.say("start.tablets_text"), False),
    ]
