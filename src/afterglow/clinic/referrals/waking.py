"""What waited or was paused until a day comes back on that day, with somebody asked for a reply."""

from datetime import datetime
from typing import Any

from django.db import transaction

from afterglow.clinic.notices.hours import get_hours
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.models import OPEN, PAUSED, WAITING, Referral
from afterglow.clinicday.triage import calculate_due

AT_ONCE = 100


def wake_referrals(*, site: Any, now: datetime) -> list[Any]:
    """Open again what was paused until today, or waited for answers until today; return the tasks that follow."""
    today = get_local_date(site, now)
    rows = Referral.objects.filter(site=site)
    paused = rows.filter(state=PAUSED, paused_until__lte=today)
    waiting = rows.filter(state=WAITING, waiting_until__lte=today)
    keys = [*paused.values_list("pk", flat=True)[:AT_ONCE], *waiting.values_list("pk", flat=True)[:AT_ONCE]]
    return [task for key in keys if (task := _wake(key, today, now)) is not None]


@transaction.atomic
def _wake(key: str, today: Any, now: datetime) -> Any:
    row = Referral.objects.select_for_update(of=("self",)).select_related("site", "patient").get(pk=key)
    if row.state == WAITING and row.waiting_until is not None and row.waiting_until <= today:
        # the person had their first reply; now somebody decides, or asks again
        row.reply_due_at = calculate_due(row.urgency, now, get_hours(row.site))
    elif row.state != PAUSED or row.paused_until is None or row.paused_until > today:
        return None
    row.state, row.paused_until, row.paused_left_min = OPEN, None, None
    row.waiting_since, row.waiting_until = None, None
    events.keep(row, row)
    events.note(row, "resumed", by=None, now=now)
    if row.is_crisis:
        return None
    task = events.open_task(row, events.REPLY, by=None, now=now, due_at=row.reply_due_at, detail=row.asks)
    events.retime_reply(row, by=None, now=now)
    return task
