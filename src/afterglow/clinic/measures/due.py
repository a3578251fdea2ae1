"""Due forms that go to the phone by themselves, where the clinic has asked for it with `forms = "due"`."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.actions import action
from afterglow.clinic.errors import Refused
from afterglow.clinic.measures.actions import ask_form, is_usable
from afterglow.clinic.measures.courses import load_calendar
from afterglow.clinic.measures.messages import queue_link
from afterglow.clinic.measures.models import OPEN, MeasureForm
from afterglow.clinic.measures.models.forms import LINK
from afterglow.clinic.measures.risk import list_open
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.scheduling.sweeping import has_died
from afterglow.clinicday.asking import count_room, list_sendable

# the address of a form's link, behind the base that the clinic has set
ADDRESS = "/form/{token}/"


@action
def send_due_forms(*, patient: Any, base: str, now: datetime) -> list[MeasureForm]:
    """Ask for the forms of a person that are due, each once for a due day; return what was sent.

    Nothing is sent to somebody who has died, while an answer about suicide waits for its assessment, or in a language
    that has no accepted wording.
    """
    if list_open(patient) or has_died(patient):
        return []
    rows = list(MeasureForm.objects.filter(patient=patient, way=LINK))
    sent = [(row.measure, get_local_date(patient.site, row.due_at)) for row in rows if row.due_at is not None]
    open_now = {row.instrument for row in rows if row.state == OPEN and is_usable(row, now)}
    made: list[MeasureForm] = []
    for due in list_sendable(load_calendar(patient, now=now).dues, sent=sent, open_now=open_now):
        if len(made) >= count_room(open_now):
            break
        at = _begin_day(patient.site, due.due_on or get_local_date(patient.site, now))
        try:
            form, token = ask_form(
                patient=patient, instrument=due.instruments[0], by=None, now=now, measure=due.measure, due_at=at
            )
        except Refused:
            continue
        queue_link(form=form, link=base + ADDRESS.format(token=token), by=None, now=now)
        made.append(form)
    return made


def _begin_day(site: Any, on: date) -> datetime:
    return datetime.combine(on, time(), ZoneInfo(site.timezone))
