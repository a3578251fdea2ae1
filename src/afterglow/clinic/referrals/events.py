"""What happened to a referral, in its own words and in the audit, in one transaction; and the tasks that follow."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.referrals.models import LIVE_STATES, Referral, ReferralEvent

REPLY, CRISIS, ASK, RISK, DECLINE = (
    "referral-reply",
    "crisis-call",
    "referral-ask",
    "suicide-risk-ask",
    "decline-to-confirm",
)


def note(
    referral: Referral,
    kind: str,
    *,
    by: Any,
    now: datetime,
    text: str = "",
    detail: Mapping[str, Any] | None = None,
    codes: Mapping[str, Any] | None = None,
) -> ReferralEvent:
    """Write what happened with its words, and the audit row with codes only."""
    event = ReferralEvent(referral=referral, kind=kind, at=now, by=by, text=text, detail=dict(detail or {}))
    event.save(force_insert=True)
    audit.record(
        by=by,
        action=f"referral.{kind}",
        subject=referral,
        now=now,
        site=referral.site_id,
        patient=referral.patient_id,
        detail=codes,
    )
    return event


def lock(referral: Referral, *, must_be_live: bool = True) -> Referral:
    """Return the row locked; refuse with `Conflict` when it was decided meanwhile."""
    row = Referral.objects.select_for_update(of=("self",)).select_related("site").get(pk=referral.pk)
    if must_be_live and row.state not in LIVE_STATES:
        raise Conflict("this referral was decided meanwhile; read it again")
    return row


def keep(row: Referral, referral: Referral) -> Referral:
    """Store a changed row under its next version, and bring the caller's object up to date."""
    row.version += 1
    row.save()
    for field in Referral._meta.concrete_fields:
        setattr(referral, field.attname, getattr(row, field.attname))
    return row


def open_task(
    referral: Referral, kind: str, *, by: Any, now: datetime, about: str = "", due_at: Any = None, detail: str = ""
) -> Any:
    """Open the task that a referral asks for; the same one twice is the first.

    A call or a reply that is asked for after the one before has ended is another: nobody looks at what is done.
    """
    from afterglow.clinic.tasks import actions as tasks
    from afterglow.clinic.tasks.models import Task

    key = get_task_key(referral, kind, about)
    if kind in (CRISIS, REPLY):
        ended = Task.objects.filter(key__startswith=key).exclude(state="open").count()
        key = f"{key}:{ended + 1}" if ended else key
    return tasks.open_task(
        site=referral.site,
        kind=kind,
        by=by,
        now=now,
        patient=referral.patient,
        subject=referral,
        due_at=due_at,
        detail=detail,
        key=key,
    )


def find_last_task(referral: Referral, kind: str) -> Any:
    """Return the task of a kind that was opened last for a referral, open or ended, or None."""
    from afterglow.clinic.tasks.models import Task

    subject_kind, subject_id = audit.describe_subject(referral)
    rows = Task.objects.filter(subject_kind=subject_kind, subject_id=subject_id, kind=kind)
    return rows.order_by("opened_at", "pk").last()


def get_task_key(referral: Referral, kind: str, about: str = "") -> str:
    """Return the key under which a task of a referral is found again."""
    return ":".join(part for part in (kind, str(referral.pk), about) if part)


def retime_reply(referral: Referral, *, by: Any, now: datetime) -> None:
    """Let the task that asks for a reply be due when the reply is: after a pause, or at another urgency."""
    from afterglow.clinic.tasks import actions as tasks

    for task in list_tasks(referral, REPLY):
        tasks.retime_task(task=task, due_at=referral.reply_due_at, by=by, now=now)


def settle_task(referral: Referral, kind: str, *, by: Any, now: datetime, outcome: str) -> None:
    """End the open task of a kind when there is one: what it asked for was done here."""
    from afterglow.clinic.tasks import actions as tasks

    for task in list_tasks(referral, kind):
        tasks.settle_task(task=task, by=by, now=now, outcome=outcome)


def list_tasks(referral: Referral, *kinds: str) -> list[Any]:
    """Return the open tasks of some kinds that a referral opened, those of a time it was reopened or told again too."""
    from afterglow.clinic.tasks.models import Task

    subject_kind, subject_id = audit.describe_subject(referral)
    rows = Task.objects.filter(subject_kind=subject_kind, subject_id=subject_id, kind__in=kinds, state="open")
    return list(rows.order_by("opened_at", "pk"))
