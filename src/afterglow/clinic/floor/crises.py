"""Who told of suicide and waits for a clinician: the open tasks of a crisis, one line a person, for board and strip.

A line stands first until somebody takes the task, and stays below the calls that nobody answered until the task ends.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Q, Subquery
from django.utils.translation import ngettext

from afterglow.clinic.floor.marks import describe_name
from afterglow.clinic.measures.models import RiskAlert
from afterglow.clinic.measures.risk import CSSRS
from afterglow.clinic.measures.unformed import CHECK_IN
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.tasks.about import find_untold
from afterglow.clinic.tasks.lists import describe_untold
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.floor import list_crisis_kinds
from afterglow.clinicday.screens import rank_told
from afterglow.instruments import load_instruments

CALL = "crisis-call"
# how a person stands to the clinic now: in a room, in the waiting area, or not here
IN_ROOM, WAITING, AWAY = "room", "waiting", "away"


def list_crises(site: Any, now: datetime, viewer: Any = None) -> list[dict[str, Any]]:
    """Return the people of a site's open crisis tasks, the longest wait first, in five statements at most.

    Every page asks this, and nearly always there is nobody: then one short statement says so.

    Of several answers of one person the worst is named, with how many more there are; the wait is that of the first.
    Of `viewer` it is not said that they could not be told.
    """
    if not _ANY.ask(site=site):
        return []
    local = now.astimezone(ZoneInfo(site.timezone))
    begin = datetime.combine(local.date(), datetime.min.time(), local.tzinfo)
    tasks = _OPEN.ask(site=site, begin=begin, end=begin + timedelta(days=1))
    untold = find_untold(tasks, viewer)
    lines = [_describe(task) | {"untold": describe_untold(task, untold.get(task.pk, ""))} for task in tasks]
    people: dict[str, list[tuple[Any, dict[str, Any]]]] = {}
    for task, line in zip(tasks, lines, strict=True):
        people.setdefault(line["patient"], []).append((task, line))
    alerts = _find_alerts([task for rows in people.values() for task, _line in rows if _count_risks(rows) > 1])
    return [_join(rows, alerts) for rows in people.values()]


def _count_risks(rows: Sequence[tuple[Any, dict[str, Any]]]) -> int:
    return sum(task.kind != CALL for task, _line in rows)


def _find_alerts(tasks: Sequence[Any]) -> dict[str, RiskAlert]:
    """Return the alerts that opened tasks, by task; one statement, and none where nobody has two."""
    keys = {task.pk: task.key.rpartition(":")[2] for task in tasks if task.key}
    if not keys:
        return {}
    rows = RiskAlert.objects.in_bulk(sorted(set(keys.values())))
    return {task: rows[key] for task, key in keys.items() if key in rows}


def _join(rows: Sequence[tuple[Any, dict[str, Any]]], alerts: Mapping[str, RiskAlert]) -> dict[str, Any]:
    """Return one line for a person: who must act by the tasks that nobody has taken, the words by the worst answer."""
    # one task of two that nobody has taken still asks for somebody
    asking = [(task, line) for task, line in rows if not line["answered_by"]] or list(rows)
    # a call with no alert of its own was opened by the answer beside it, or tells of a risk to act: it stays first
    call = next((each for each in asking if each[0].pk not in alerts), None)
    shown = call or max(asking, key=lambda each: rank_alert(alerts[each[0].pk]))
    untold = next((line["untold"] for _task, line in [shown, *asking] if line["untold"]), "")
    found = {**shown[1], "at": asking[0][1]["at"], "untold": untold}
    ranked = sorted((each for each in rows if each[0].pk in alerts), key=lambda each: rank_alert(alerts[each[0].pk]))
    if len(ranked) > 1:
        worst, more = ranked[-1][1], len(ranked) - 1
        words = ngettext("And %(n)d more answer.", "And %(n)d more answers.", more) % {"n": more}
        found["detail"] = f"{worst['detail'].rstrip('. ')}. {words}"
    return found


def rank_alert(alert: RiskAlert) -> tuple[Any, ...]:
    """Return how bad the answers of an alert are, the worst sorting last; of two alike the newer."""
    definition = load_instruments().get(alert.instrument)
    items = definition.items if definition is not None else ()
    highest = {item.id: item.maximum for item in items if item.maximum}
    is_acting = alert.way == CHECK_IN
    told = rank_told(
        alert.level, alert.seen, highest=highest, is_columbia=alert.instrument in CSSRS, is_acting=is_acting
    )
    return *told, alert.raised_at


def _list_open(site: Any, begin: Any, end: Any) -> Any:
    """Return the query of the open crisis tasks, with what says where a person is on a day."""
    rows = Task.objects.filter(site=site, state="open", kind__in=list_crisis_kinds())
    rows = rows.select_related("patient", "owner", "on_call").annotate(**_find_where(begin, end))
    # of two opened by one answer the call comes first
    return rows.order_by("opened_at", "kind", "pk")


_OPEN: Prepared[Any] = Prepared(_list_open)
_ANY: Prepared[Any] = Prepared(
    lambda site: (
        Task.objects.filter(site=site, state="open", kind__in=list_crisis_kinds())
        .order_by()
        .values_list("pk", flat=True)[:1]
    )
)


def _find_where(begin: Any, end: Any) -> dict[str, Any]:
    """Return what says where a person is: the day's visit, the running session, or a referral's own name."""
    from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
    from afterglow.clinic.referrals.models import Referral
    from afterglow.clinic.scheduling.models import Appointment

    of_today = Q(starts_at__gte=begin, starts_at__lt=end)
    states = ("arrived", "in-session", "booked", "confirmed")
    visits = Appointment.objects.filter(of_today, patient=OuterRef("patient"), state__in=states).order_by("state")
    sessions = Session.objects.filter(patient=OuterRef("patient"), is_closed=False, phase__in=LIVE_PHASES)
    referrals = Referral.objects.filter(pk=OuterRef("subject_id"))
    return {
        "visit_id": Subquery(visits.values("pk")[:1]),
        "visit_state": Subquery(visits.values("state")[:1]),
        "session_key": Subquery(sessions.values("pk")[:1]),
        "session_place": Subquery(sessions.values("place")[:1]),
        "told_given": Subquery(referrals.values("given_name")[:1]),
        "told_family": Subquery(referrals.values("family_name")[:1]),
        "taken_by": Subquery(referrals.values("taken_by__display_name")[:1]),
    }


def _describe(task: Any) -> dict[str, Any]:
    patient = task.patient
    names = describe_name(patient) if patient else (task.told_given or "", task.told_family or "", "")
    where = IN_ROOM if task.session_key else WAITING if task.visit_state == "arrived" else AWAY
    return {
        "task": task.pk,
        "kind": task.kind,
        "patient": task.patient_id or f"{task.subject_kind}:{task.subject_id}",
        "is_patient": task.patient_id is not None,
        "names": names,
        "detail": task.detail,
        "at": task.opened_at.isoformat(),
        "answered_by": task.owner.display_name if task.owner else task.taken_by or "",
        "where": where,
        "place": task.session_place or "",
        "session": task.session_key or "",
        "visit": task.visit_id or "",
    }
