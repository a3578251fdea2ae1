"""The floor board: who needs somebody now, every place where it always is, arrivals, what is due, who is here.

`build_board` returns JSON-able data with instants instead of ages; it costs the same number of queries whatever the
number of sessions. Who may not see vitals gets places and arrivals alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model

from afterglow.clinic import policy
from afterglow.clinic.accounts.sign_ins import list_signed_out
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.dosing_sessions.nursing import can_take_one_more, weigh_phase
from afterglow.clinic.errors import Denied
from afterglow.clinic.floor.arrivals import list_arrivals
from afterglow.clinic.floor.calls import list_open_calls, name_where
from afterglow.clinic.floor.cards import Floor, find_held, list_nurses, load_floor
from afterglow.clinic.floor.crises import list_crises
from afterglow.clinic.floor.marks import Names, describe_name, load_people, mark_beside
from afterglow.clinic.floor.models import HelpCall, PlaceState
from afterglow.clinic.floor.needs import list_needs
from afterglow.clinic.floor.opening import find_results, find_settings
from afterglow.clinic.floor.places import order_places
from afterglow.clinic.floor.presence import list_present
from afterglow.clinic.scheduling.occupancy import load_occupied
from afterglow.clinic.scheduling.voiding import find_void_doses
from afterglow.clinic.tasks.about import find_viewer
from afterglow.clinicday.floor import load_opening
from afterglow.clinicday.need import mark_initials
from afterglow.clinicday.presence import Running, judge_opening, judge_presence
from afterglow.clinicday.staffing import get_limit, show

FULL, ARRIVALS = "floor.read", "floor.arrivals"
# in these phases a dose may still be given
BEFORE_END = ("booked", "arrived", "pre-checks", "ready", "dosing", "paused")
# how far a session is, for who may not see its phase
STAGES = {
    **dict.fromkeys(("booked", "arrived", "pre-checks", "ready"), "preparing"),
    **dict.fromkeys(("dosing", "paused"), "treatment"),
    "released": "leaving",
}
LEAVING_MIN = 5
Board = dict[str, Any]


def build_board(*, site: Any, user: Any, now: datetime) -> Board:
    """Return the board of a site as a user may see it.

    Raises
    ------
    Denied
        The user may see neither the floor nor its arrivals.
    """
    if policy.allow(user, FULL, site):
        return build_full_board(site, now, user)
    if policy.allow(user, ARRIVALS, site):
        return build_arrivals_board(site, now, user)
    raise Denied(ARRIVALS)


def build_full_board(site: Any, now: datetime, user: Any) -> Board:
    """Return everything: needs, cards, staffing, arrivals, what is due, who is here, calls for help."""
    floor = load_floor(site, now)
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    arrivals = list_arrivals(site, on, now)
    crises = list_crises(site, now, find_viewer(user, site))
    _join(arrivals, crises)
    people, known = _mark_people(site, on, floor, arrivals, crises)
    names = _load_names(site, floor)
    calls = [describe_call(call) for call in list_open_calls(site.pk)]
    presence = _describe_presence(site, floor, now)
    void = find_void_doses([each for each in floor.sessions if each.phase in BEFORE_END], site=site, now=now)
    held = find_held(floor)
    cards = [
        {**_describe_session(each, floor, people, names), "void": void.get(each.pk, ""), "is_held": each.pk in held}
        for each in floor.sessions
    ]
    for card in cards:
        # who waits to be assessed is not ready to leave, whatever else is met
        card["ready_since"] = None if card["is_held"] else card["ready_since"]
    return {
        "kind": "full",
        "site": site.pk,
        "now": now.isoformat(),
        "on": on.isoformat(),
        "needs": list_needs(cards, calls, crises),
        **_lay_out(site, cards, arrivals, now),
        "staff": _describe_staff(floor, names),
        "arrivals": arrivals,
        "presence": presence,
        "opening": describe_opening(site, on),
        "calls": calls,
        "crises": crises,
        "due": _list_due(site, user, now, partial(mark_beside, people, known)),
        "ended": [
            {"session": each.pk, "place": each.place, "phase": each.phase, "initials": people[each.patient_id]}
            for each in floor.ended
        ],
    }


def build_arrivals_board(site: Any, now: datetime, user: Any) -> Board:
    """Return arrivals and the places: who sits there, how far, with which nurse, until when; no reading, no finding."""
    floor = load_floor(site, now)
    on = now.astimezone(ZoneInfo(site.timezone)).date()
    # an order without a visit is for those who may open its session
    arrivals = [visit for visit in list_arrivals(site, on, now) if visit["state"] != "ordered"]
    crises = list_crises(site, now)
    _join(arrivals, crises)
    for visit in arrivals:
        if visit["checkin"] is not None:
            visit["checkin"]["stop"] = ""
    people, known = _mark_people(site, on, floor, arrivals, crises)
    cards = [{**each, "initials": people[each["patient"]]} for each in _describe_seated(site, floor, now)]
    return {
        "kind": "arrivals",
        "site": site.pk,
        "now": now.isoformat(),
        "on": on.isoformat(),
        **_lay_out(site, cards, arrivals, now),
        "arrivals": arrivals,
        "calls": [describe_call(call) for call in list_open_calls(site.pk)],
        # that somebody must not be left alone is told; what was told of is not
        "crises": [{**each, "detail": "", "untold": "", "kind": ""} for each in crises],
        "due": _list_due(site, user, now, partial(mark_beside, people, known)),
    }


def _describe_seated(site: Any, floor: Floor, now: datetime) -> list[dict[str, Any]]:
    """Return of each session what a desk may know: where, how far, who the nurse is, when the place can be free.

    A pause is part of the treatment and an open gate of the rest: why somebody stays longer is not for the desk.
    """
    occupied, names = load_occupied(site, now), _load_names(site, floor)
    found = []
    for each in floor.sessions:
        nurse, held = floor.cards[each.pk]["nurse"], occupied.get(each.pk)
        leaves_at = None if held is None or held.is_overdue else _round_up(held.leaves_at)
        found.append(
            {
                "session": each.pk,
                "patient": each.patient_id,
                "place": each.place,
                "stage": STAGES.get(each.phase, "rest"),
                "nurse_name": names.get(nurse, {}).get("name", "") if nurse else "",
                "leaves_at": None if leaves_at is None else leaves_at.isoformat(),
            }
        )
    return found


def _round_up(at: datetime) -> datetime:
    """Return the next full five minutes: an estimate is no more exact, and no screen changes with each second."""
    step = timedelta(minutes=LEAVING_MIN)
    return at + (datetime.min.replace(tzinfo=at.tzinfo) - at) % step


def describe_call(call: HelpCall) -> dict[str, Any]:
    """Return a call for help as every screen shows it."""
    return {
        "id": call.pk,
        "place": name_where(call),
        "by": call.raised_by.display_name,
        "is_from_locked_screen": call.is_from_locked_screen,
        "at": call.raised_at.isoformat(),
        "answered_by": call.answered_by.display_name if call.answered_by is not None else "",
        "answered_at": None if call.answered_at is None else call.answered_at.isoformat(),
        "is_code": call.code_at is not None,
    }


def describe_opening(site: Any, on: date) -> dict[str, Any]:
    """Return each opening check of a day with what was found, and the finding that holds the first dose."""
    chosen, results = find_settings(site), find_results(site, on)
    is_asked = chosen is not None and chosen.asks_opening_checks
    found = judge_opening({item: row.result for item, row in results.items()}, is_asked=is_asked)
    return {
        "is_asked": is_asked,
        "items": [
            {
                "id": item.id,
                "title": item.title,
                "group": item.group,
                "result": results[item.id].result if item.id in results else "",
                "at": results[item.id].at.isoformat() if item.id in results else None,
            }
            for item in load_opening().values()
        ],
        "finding": None if found is None else found.to_json(),
    }


def _join(arrivals: list[dict[str, Any]], crises: list[dict[str, Any]]) -> None:
    """Mark the arrivals that must not be left alone."""
    known = {each["patient"]: each["answered_by"] for each in crises}
    for visit in arrivals:
        taken = known.get(visit["patient"])
        visit["crisis"] = None if taken is None else {"taken_by": taken}


def _mark_people(
    site: Any, on: date, floor: Floor, arrivals: list[dict[str, Any]], crises: list[dict[str, Any]]
) -> tuple[dict[str, list[str]], dict[str, Names]]:
    """Return the initials of everybody the board shows, told apart where two share them, and names; fill the lists."""
    rows = {each.patient_id: each.patient for each in (*floor.sessions, *floor.ended)}
    named = {key: describe_name(row) for key, row in rows.items()}
    named |= {each["patient"]: each.pop("names") for each in (*arrivals, *crises) if "names" in each}
    day = load_people(site, on).get(on, {})
    marked = {key: list(pair) for key, pair in mark_initials(day, named).items()}
    for each in (*arrivals, *crises):
        each["initials"] = marked[each["patient"]]
    return marked, {**named, **day}


def _load_names(site: Any, floor: Floor) -> dict[str, dict[str, Any]]:
    """Return the nurses of a site and whoever has a chair, by account; who is on duty is told by their role here."""
    from afterglow.clinic.people.models import PractitionerRole

    roles = PractitionerRole.objects.filter(site=site, role="nurse", user__is_active=True).select_related("user")
    found = {row.user_id: {"name": row.user.display_name, "is_nurse": True} for row in roles}
    wanted = list_nurses(floor.cards.values()) - found.keys()
    for user in get_user_model().objects.filter(pk__in=wanted):
        found[user.pk] = {"name": user.display_name, "is_nurse": False}
    for key in list_signed_out({card["nurse"] for card in floor.cards.values() if card["nurse"]}):
        if key in found:
            found[key]["is_out"] = True
    return found


def _describe_session(
    session: Session, floor: Floor, people: dict[str, list[str]], names: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    card, protocol = floor.cards[session.pk], floor.protocols[session.protocol_id]
    offer, declined = card["offer"], card["declined"]
    return {
        **card,
        "session": session.pk,
        "patient": session.patient_id,
        "place": session.place,
        "initials": people[session.patient_id],
        "drug": str(protocol.drug),
        "route": str(protocol.route),
        "opened_at": session.opened_at.isoformat(),
        "nurse_name": names.get(card["nurse"], {}).get("name", "") if card["nurse"] else "",
        "nurse_is_out": bool(card["nurse"]) and bool(names.get(card["nurse"], {}).get("is_out")),
        "offer": None if offer is None else {**offer, "to_name": names.get(offer["to"], {}).get("name", "")},
        "declined": None if declined is None else {**declined, "name": names.get(declined["by"], {}).get("name", "")},
    }


def _describe_staff(floor: Floor, names: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each nurse with what they carry; who can take one more comes first."""
    loads: dict[str, Decimal] = {key: Decimal(0) for key, each in names.items() if each["is_nurse"]}
    counts_checks: set[str] = set()
    for session in floor.sessions:
        nurse = floor.cards[session.pk]["nurse"]
        if not nurse:
            continue
        loads[nurse] = loads.get(nurse, Decimal(0)) + weigh_phase(session.phase)
        if session.phase in ("arrived", "pre-checks", "ready"):
            counts_checks.add(nurse)
    rows = [
        {
            "user": key,
            "name": names[key]["name"],
            "load": show(load) if load else "0",
            "limit": show(get_limit()),
            "can_take": can_take_one_more(load),
            "is_over": load > get_limit(),
            "counts_checks": key in counts_checks,
        }
        for key, load in loads.items()
        if key in names
    ]
    return sorted(rows, key=lambda row: (not row["can_take"], Decimal(row["load"]) == 0, row["name"]))


def _lay_out(site: Any, cards: list[dict[str, Any]], arrivals: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    """Return the places in their fixed order, each with who sits there or who comes next; and who has no place."""
    cleaned: dict[str, PlaceState] = {}
    places = order_places(site.places.filter(is_active=True))
    for row in _list_cleaned(site, now):
        cleaned[row.place_id] = row
    waiting = list(cards)
    rows = []
    for place in places:
        seated = next((card for card in waiting if card["place"] == place.name), None)
        if seated is not None:
            waiting.remove(seated)
        last = cleaned.get(place.pk)
        coming = next((each for each in arrivals if each["place"] == place.pk and each["state"] != "done"), None)
        rows.append(
            {
                "place": place.pk,
                "name": place.name,
                "card": seated,
                "next": coming if seated is None else None,
                "cleaned_at": None if last is None else last.cleaned_at.isoformat(),
                "cleaned_by": "" if last is None else last.by.display_name,
            }
        )
    return {"places": rows, "unplaced": waiting}


def _list_cleaned(site: Any, now: datetime) -> Any:
    """Return when places were cleaned since yesterday, oldest first; what is older tells nobody anything."""
    rows = PlaceState.objects.filter(place__site=site, cleaned_at__gt=now - timedelta(days=1))
    return rows.select_related("by").order_by("cleaned_at", "pk")


def _describe_presence(site: Any, floor: Floor, now: datetime) -> dict[str, Any]:
    """Return which prescribers are signed in, and the finding for each place that needs one while none is."""
    rows = list(list_present(site, now))
    running = [Running(each.place or "?", each.phase, floor.protocols[each.protocol_id]) for each in floor.sessions]
    return {
        "people": [
            {
                "id": row.pk,
                "user": row.user_id,
                "name": row.user.display_name,
                "since": row.since.isoformat(),
                "until": None if row.expected_until is None else row.expected_until.isoformat(),
            }
            for row in rows
        ],
        "findings": [finding.to_json() for finding in judge_presence(running, len(rows))],
    }


def _list_due(
    site: Any, user: Any, now: datetime, mark: Callable[[Mapping[str, Any]], Mapping[str, str]]
) -> dict[str, Any]:
    """Return the lane of what is late or due today."""
    from afterglow.clinic.tasks.lists import count_standing, list_lane

    rows, total = list_lane(site, user, now, mark=mark)
    listed = [{**asdict(row), "due_at": row.due_at.isoformat()} for row in rows]
    return {"rows": listed, "total": total, "standing": count_standing(site, user, now)}
