"""Named nurses over the live sessions of a site: who has which chair, and what each of them carries.

What a phase asks of a nurse and the most that one nurse may have are the rows of N-2 that bookings are judged by.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model

from afterglow.chairside.commands import Command
from afterglow.chairside.nursing import find_nurse
from afterglow.chairside.state import SessionState
from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.fold import load_states
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.prepared import Prepared
from afterglow.clinicday.booking import get_value
from afterglow.clinicday.staffing import get_limit, show
from afterglow.terms import Finding, InvalidInput, build_error

# what brings a receiver, whose load is worked out
NURSING = ("assign-nurse", "offer-handover", "accept-handover")
_NAMED_IN = {"assign-nurse": "nurse", "offer-handover": "to"}
_LIVE = Prepared(lambda site: Session.objects.filter(site=site, phase__in=LIVE_PHASES, is_closed=False))
_WEIGHTS = {"dosing": "load_dosing", "paused": "load_dosing", "observing": "load_observing"}


def list_live(site_id: str) -> list[Session]:
    """Return the live sessions of a site."""
    return _LIVE.ask(site=site_id)


def list_own_chairs(user: Any) -> list[Session]:
    """Return the occupied chairs that somebody has now as their named nurse, by place."""
    live = list(policy.scope(user, Session.objects.filter(phase__in=LIVE_PHASES, is_closed=False)).order_by("place"))
    states = load_states(live)
    return [each for each in live if find_nurse(states[each.pk]) == str(user.pk)]


def weigh_phase(phase: str) -> Decimal:
    """Return what a session in a phase asks of its nurse; pre-checks count, and so does who is still here."""
    if phase == "released":
        return Decimal(get_value("load_observing").value)
    return Decimal(get_value(_WEIGHTS.get(phase, "load_pre_checks")).value)


def sum_loads(sessions: Iterable[Session], states: Mapping[str, SessionState]) -> dict[str, Decimal]:
    """Return the load of each named nurse over some sessions."""
    loads: dict[str, Decimal] = defaultdict(Decimal)
    for session in sessions:
        if nurse := find_nurse(states[session.pk]):
            loads[nurse] += weigh_phase(session.phase)
    return loads


def can_take_one_more(load: Decimal) -> bool:
    """Return whether a nurse with a load may take one more person in pre-checks."""
    return load + Decimal(get_value("load_pre_checks").value) <= get_limit()


def bring_load(session: Session, command: Command, *, by: Any, now: datetime) -> Command:
    """Return the command with what its receiver would carry and whether they are on duty: nobody types either."""
    from afterglow.clinic.scheduling.duty import find_absence

    receiver, absence = str(by.pk), ""
    if field := _NAMED_IN.get(command.type):
        named = _check_nurse(session, str(command.data[field]), field)
        receiver, absence = str(named.pk), find_absence(named, session.site, now)
    others = [each for each in list_live(session.site_id) if each.pk != session.pk]
    loads = sum_loads(others, load_states(others))
    load = loads.get(receiver, Decimal(0)) + weigh_phase(session.phase)
    data = {name: value for name, value in command.data.items() if name != "duty"}
    brought = {"load": show(load), "limit": show(get_limit()), **({"duty": absence} if absence else {})}
    return Command(command.type, {**data, **brought})


def name_holder(findings: Iterable[Finding], state: SessionState) -> tuple[Finding, ...]:
    """Return the findings of a refusal with the name of who has the chair in the place of the identifier."""
    rows, holder = tuple(findings), find_nurse(state)
    if not holder or not any(holder in finding.seen for finding in rows):
        return rows
    user = get_user_model().objects.filter(pk=holder).first()
    name = holder if user is None else user.display_name
    return tuple(replace(finding, seen=finding.seen.replace(holder, name)) for finding in rows)


def _check_nurse(session: Session, named: str, field: str) -> Any:
    """Return the person named; refuse one who may not have a chair here."""
    user = get_user_model().objects.filter(pk=named, is_active=True).first()
    if (
        user is None
        or not policy.allow(user, "floor.assign", session.site)
        or not policy.is_licensed(user, session.site)
    ):
        accepted, message = "a nurse of this site", "nobody here who may have a chair has this key"
        raise InvalidInput([build_error(field, "user-unknown", named, accepted, message)])
    return user
