"""The cards of a site's live sessions: folded once, derived at most every two seconds, a few queries for all."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Q

from afterglow.chairside.card import derive_alarms, derive_card
from afterglow.chairside.nursing import find_nurse
from afterglow.chairside.state import SessionState
from afterglow.clinic.dosing_sessions.fold import load_protocols, load_states
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.dosing_sessions.nursing import list_live
from afterglow.clinic.floor.needs import find_highest
from afterglow.protocols.model import Protocol

# a card holds instants, not ages: what time alone changes on it may be seen this much later
KEPT = timedelta(seconds=2)
LARGEST = 256
Derived = TypeVar("Derived")


class _Kept(Generic[Derived]):
    """What was derived of the last sessions, for as long as nothing is recorded in one and it is fresh."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, tuple[str, datetime, Derived]] = OrderedDict()

    def find(self, session: Session, now: datetime) -> Derived | None:
        """Return what is kept of a session as it stands, or None."""
        with self._lock:
            row = self._rows.get(session.pk)
        is_fresh = row is not None and row[0] == session.head_hash and timedelta(0) <= now - row[1] < KEPT
        return row[2] if row is not None and is_fresh else None

    def keep(self, session: Session, now: datetime, derived: Derived) -> Derived:
        """Keep what was derived, and return it."""
        with self._lock:
            self._rows[session.pk] = (session.head_hash, now, derived)
            self._rows.move_to_end(session.pk)
            while len(self._rows) > LARGEST:
                self._rows.popitem(last=False)
        return derived

    def forget(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rows.clear()


_cards: _Kept[dict[str, Any]] = _Kept()
_alarms: _Kept[list[dict[str, Any]]] = _Kept()


@dataclass(slots=True)
class Floor:
    """The sessions on a site's floor with their cards by key, and those that ended today."""

    sessions: list[Session] = field(default_factory=list)
    cards: dict[str, dict[str, Any]] = field(default_factory=dict)
    protocols: dict[str, Protocol] = field(default_factory=dict)
    ended: list[Session] = field(default_factory=list)


def load_floor(site: Any, now: datetime) -> Floor:
    """Return the floor of a site: what is live, what was opened today and has not begun, what ended today."""
    local = now.astimezone(ZoneInfo(site.timezone))
    begin = datetime.combine(local.date(), datetime.min.time(), local.tzinfo)
    end = begin + timedelta(days=1)
    # three questions, each by its own index: asked as one, every session of the site is read
    asked = (
        Q(phase__in=LIVE_PHASES, is_closed=False),
        Q(opened_at__gte=begin),
        Q(planned_at__gte=begin, planned_at__lt=end),
    )
    # a plan carries its whole protocol, which no card reads: twenty of them are most of a board's time
    rows = Session.objects.filter(site=site).select_related("patient", "plan").defer("plan__protocol_content")
    by_key = {each.pk: each for part in asked for each in rows.filter(part)}
    found = sorted(by_key.values(), key=lambda each: (each.opened_at, each.pk))
    floor = _derive([each for each in found if each.phase in LIVE_PHASES or each.phase == "booked"], now)
    floor.ended = [each for each in found if each.phase not in LIVE_PHASES and each.phase != "booked"]
    return floor


def list_alarms_of(nurse: str, site: Any, now: datetime, *, without: str = "") -> list[tuple[Session, dict[str, Any]]]:
    """Return the highest alarm of each live session that a nurse has, less one session; as its card ranks them.

    Every page asks this, so that nothing else of a card is derived for it.
    """
    live = [each for each in list_live(site.pk) if each.pk != without]
    states = load_states(live)
    mine = [each for each in live if find_nurse(states[each.pk]) == nurse]
    protocols = load_protocols(mine)
    found = []
    for each in mine:
        alarms = _get_alarms(each, states[each.pk], protocols[each.protocol_id], now)
        if (first := find_highest(alarms, each.place)) is not None:
            found.append((each, first))
    return found


def _derive(live: list[Session], now: datetime) -> Floor:
    protocols = load_protocols(live)
    states = load_states(live)
    cards = {each.pk: get_card(each, states[each.pk], protocols[each.protocol_id], now) for each in live}
    return Floor(live, cards, protocols)


def get_card(session: Session, state: SessionState, protocol: Protocol, now: datetime) -> dict[str, Any]:
    """Return the card of a session, the kept one while it is fresh and nothing was recorded since."""
    card = _cards.find(session, now)
    return card if card is not None else _cards.keep(session, now, derive_card(state, protocol=protocol, now=now))


def _get_alarms(session: Session, state: SessionState, protocol: Protocol, now: datetime) -> list[dict[str, Any]]:
    """Return the alarms of a session's card, the kept ones while they are fresh and nothing was recorded since."""
    alarms = _alarms.find(session, now)
    if alarms is not None:
        return alarms
    return _alarms.keep(session, now, derive_alarms(state, protocol=protocol, now=now))


def forget_cards() -> None:
    """Forget every kept card and alarm."""
    _cards.forget()
    _alarms.forget()


def list_nurses(cards: Iterable[dict[str, Any]]) -> set[str]:
    """Return the accounts that the cards name."""
    named: set[str] = set()
    for card in cards:
        offer, declined = card["offer"], card["declined"]
        named |= {card["nurse"], offer["to"] if offer else "", declined["by"] if declined else ""}
    return {each for each in named if each}


def find_held(floor: Floor) -> set[str]:
    """Return the sessions that are ready but for an answer about suicide that nobody has assessed."""
    from afterglow.clinic.measures.leaving import list_unassessed

    return list_unassessed([each for each in floor.sessions if floor.cards[each.pk]["ready_since"] is not None])
