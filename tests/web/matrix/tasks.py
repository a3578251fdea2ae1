"""Requests of tasks, roster, surveillance and messages."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from afterglow.clinic.notices import actions as notices
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.models import OnCallShift, Task
from tests.web.matrix.ask import Ask

OBJECTS = {"task_id"}
KEY = "matrix:call-back"


def furnish(house: Any) -> None:
    """Add a clinical task of a patient, a shift and a message."""
    task = tasks.open_task(
        site=house.cast.site,
        kind="call-back-48h",
        by=None,
        now=house.now,
        patient=house.alder,
        subject=house.session,
        detail="Asked about nausea",
        key=KEY,
    )
    assert task.owner is None
    # the director may take back what was just completed
    done = tasks.open_task(site=house.cast.site, kind="call-to-return", by=None, now=house.now, key="matrix:done")
    assert done.pk
    now = timezone.now()
    tasks.add_shift(
        site=house.cast.site,
        role="prescriber",
        user=house.users["prescriber"],
        begins_at=now,
        ends_at=now + timedelta(hours=8),
        by=house.users["manager"],
        now=now,
    )
    notices.queue_notice(
        site=house.cast.site, template="call-us", patient=house.alder, by=house.users["nurse"], now=house.now
    )


def build_parts(house: Any) -> dict[str, str]:
    """Return the task that the addresses name."""
    task = Task.objects.filter(key=KEY).first()
    return {"task_id": task.pk if task else "0" * 20}


def _act(act: str, **fields: str) -> Any:
    return lambda house: Ask({"act": act, **fields})


def _hand_on(house: Any) -> Ask:
    return Ask({"act": "hand-on", "hand_on-to": house.users["prescriber"].pk, "hand_on-note": "You saw them last"})


def _add_shift(house: Any) -> Ask:
    begin = timezone.localtime() + timedelta(days=2)
    fields = {
        "role": "nurse",
        "user": house.users["nurse"].pk,
        "begins_at": begin.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (begin + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"),
    }
    return Ask({"act": "add", **{f"shift-{name}": value for name, value in fields.items()}})


def _remove_shift(house: Any) -> Ask:
    return Ask({"act": "remove", "shift": OnCallShift.objects.get(site=house.cast.site).pk})


def _set_contact(house: Any) -> Ask:
    fields = {"user": house.users["nurse"].pk, "channel": "sms", "address": "+43 660 1234567"}
    return Ask({"act": "contact", **{f"contact-{name}": value for name, value in fields.items()}})


ASKS = {
    ("web:task", "POST take"): _act("take"),
    ("web:task", "POST complete"): _act("complete", **{"complete-outcome": "well", "complete-answers.suicide": "no"}),
    ("web:task", "POST attempt"): _act("attempt", **{"attempt-outcome": "not-reached"}),
    ("web:task", "POST hand-on"): _hand_on,
    ("web:task", "POST cancel"): _act("cancel", **{"cancel-reason": "Opened twice by mistake"}),
    ("web:task", "POST undo"): _act("undo"),
    ("web:task-open", "POST"): lambda house: Ask({"kind": "call-to-return", "detail": "Asks for a later time"}),
    ("web:on-call", "POST add"): _add_shift,
    ("web:on-call", "POST remove"): _remove_shift,
    ("web:on-call", "POST contact"): _set_contact,
    ("web:patient-surveillance", "POST"): lambda house: Ask(
        {"screen": "misuse", "misuse-course.has_misuse": "no"}, patient="alder"
    ),
    ("web:patient-contact", "POST"): lambda house: Ask({"channel": "sms", "sms-is_allowed": "no"}),
    ("web:notices", "POST settings"): lambda house: Ask(
        {"act": "settings", "settings-version": "0", "settings-sender_name": "Hall Street 4"}
    ),
}
