"""The messages of a form: its link, at most two reminders, what takes them back, and the call where none can be sent.

A reminder rests sealed in the queue with the link it repeats, so that no link is stored anywhere else; it is called
back by the answer, by the end of the link, and by an answer that alerts: then a person calls.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef

from afterglow.clinic.actions import action
from afterglow.clinic.measures.models import OPEN, MeasureForm
from afterglow.clinic.measures.models.forms import LINK
from afterglow.clinicday.asking import list_reminders

FIRST, AGAIN = "form", "form-again"
TEMPLATES = (FIRST, AGAIN)
HELD = "held"
# what may have left is not reported as lost
LOST = (HELD, "failed")
TELEPHONE = "tell-by-phone"
LOOK_BACK = timedelta(days=14)
ANSWERED = "answered-meanwhile"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where the messages of a form stand: the last one's state and time, and when it is reminded of next."""

    word: str
    at: datetime | None
    reason: str = ""
    reminder_at: datetime | None = None


@action
def queue_link(*, form: MeasureForm, link: str, by: Any, now: datetime) -> Any:
    """Queue the message with a form's link and its reminders; where none can be sent, the desk is to telephone."""
    from afterglow.clinic.notices.actions import queue_notice

    if form.token_hash is None or form.expires_at is None:
        raise ValueError("only a form with a link is sent")
    patient, name = form.patient, f"{_name(form)}{form.token_hash[:12]}"
    given: dict[str, Any] = {"site": patient.site, "patient": patient, "context": {"link": link}}
    given |= {"expires_at": form.expires_at, "by": by, "now": now}
    notice = queue_notice(**given, template=FIRST, key=name)
    if notice.state == HELD:
        _ask_to_telephone(form, notice.reason, now)
        return notice
    # after an answer that alerted a person calls; no message repeats the question
    times = [] if form.is_crisis else list_reminders(now, form.expires_at)
    for number, at in enumerate(times, 1):
        queue_notice(**given, template=AGAIN, send_after=at, key=f"{name}:{number}")
    return notice


@action
def call_back(*, form: MeasureForm, by: Any, now: datetime) -> None:
    """Take back what has not been sent of a form yet, and the call that stood in for it."""
    from afterglow.clinic.notices.actions import cancel_notices
    from afterglow.clinic.tasks.actions import end_task
    from afterglow.clinic.tasks.models import Task

    if form.way != LINK:
        return
    keys = [row.key for row in _list_notices([form])]
    if keys:
        cancel_notices(keys=keys, by=by, now=now)
    for task in Task.objects.filter(key=_name_call(form), state="open"):
        end_task(task=task, by=by, now=now, outcome=ANSWERED, is_renewable=True)


def call_back_instrument(*, patient: Any, instrument: str, by: Any, now: datetime) -> None:
    """Take back what has not been sent about an instrument that was answered, by whatever way."""
    rows = MeasureForm.objects.filter(patient=patient, instrument=instrument, way=LINK, state=OPEN)
    for form in rows.select_related("patient"):
        call_back(form=form, by=by, now=now)


def find_link_states(forms: Iterable[MeasureForm]) -> dict[str, LinkState]:
    """Return where the messages of forms stand, by form; one whose link was only handed over is not among them."""
    found: dict[str, LinkState] = {}
    for form in forms:
        named = f"{_name(form)}{(form.token_hash or '')[:12]}"
        rows = [row for row in _list_notices([form]) if (row.key or "").startswith(named)]
        if not rows:
            continue
        left = [row for row in rows if row.state != "waiting" or row.template == FIRST]
        last = _follow(max(left, key=lambda row: row.send_after))
        waiting = [row.send_after for row in rows if row.state == "waiting" and row.template == AGAIN]
        at = last.send_after if last.state == "waiting" else last.ended_at
        found[form.pk] = LinkState(last.state, at, last.reason, min(waiting, default=None))
    return found


def tell_unsent_forms(*, site: Any, now: datetime) -> Iterator[Any]:
    """Ask the desk to telephone about each form whose message could not be sent after all."""
    from afterglow.clinic.notices.models import Notice
    from afterglow.clinic.tasks.models import Task

    known = Task.objects.filter(patient=OuterRef("patient"), kind=TELEPHONE, opened_at__gte=OuterRef("ended_at"))
    lost = Notice.objects.filter(
        site=site, template__in=TEMPLATES, state__in=LOST, queued_at__gte=now - 2 * LOOK_BACK,
        ended_at__gte=now - LOOK_BACK, followed_by__isnull=True,
    )  # fmt: skip
    for notice in lost.exclude(Exists(known)).select_related("instead_of").order_by("ended_at", "pk"):
        form = _find_form(notice)
        if form is not None and form.state == OPEN:
            with transaction.atomic():
                yield _ask_to_telephone(form, notice.reason, now)


def end_forms_of_the_dead(*, site: Any, now: datetime) -> Iterator[Any]:
    """End the links of people whose session ended with their death: nobody is reminded of them."""
    from afterglow.clinic.dosing_sessions.models import SessionEvent
    from afterglow.clinic.measures.actions import end_form
    from afterglow.clinic.scheduling.sweeping import has_died
    from afterglow.clinic.scheduling.voiding import ENDING

    ended = SessionEvent.objects.filter(session__patient=OuterRef("patient"), type=ENDING)
    rows = MeasureForm.objects.filter(patient__site=site, way=LINK, state=OPEN).filter(Exists(ended))
    for form in rows.select_related("patient__site"):
        if has_died(form.patient):
            end_form(form=form, by=None, now=now)
            yield None


def _find_form(notice: Any) -> MeasureForm | None:
    """Return the form that a message is about; one that went another way is known by the first."""
    while notice.instead_of is not None:
        notice = notice.instead_of
    key = (notice.key or "").split(":")
    rows = MeasureForm.objects.select_related("patient__site")
    return rows.filter(pk=key[1]).first() if len(key) > 1 else None


def _follow(notice: Any) -> Any:
    """Return the message that went another way in a message's place, or the message itself."""
    from afterglow.clinic.notices.actions import find_notice

    return find_notice(notice.key) or notice


def _list_notices(forms: Iterable[MeasureForm]) -> list[Any]:
    """Return the messages of forms that have a key of their own; one statement for each person."""
    from afterglow.clinic.notices.models import Notice

    found: list[Any] = []
    for form in forms:
        rows = Notice.objects.filter(patient=form.patient_id, template__in=TEMPLATES)
        found += [row for row in rows if (row.key or "").startswith(_name(form))]
    return found


def _ask_to_telephone(form: MeasureForm, reason: str, now: datetime) -> Any:
    from afterglow.clinic.tasks.actions import open_task

    why = {"opted-out": "the person wants no messages", "no-address": "no address is on file"}
    at = (form.expires_at or now).astimezone(ZoneInfo(form.patient.site.timezone))
    told = why.get(reason, "the message could not be sent")
    return open_task(
        site=form.patient.site, kind=TELEPHONE, by=None, now=now, patient=form.patient, subject=("measure", form.pk),
        detail=f"Questions wait for an answer on the phone until {at.day} {at:%b}; {told}", key=_name_call(form),
    )  # fmt: skip


def _name(form: MeasureForm) -> str:
    return f"form:{form.pk}:"


def _name_call(form: MeasureForm) -> str:
    return f"form-untold:{form.pk}"
