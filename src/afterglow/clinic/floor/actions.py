"""What may be done on the floor: presence, opening checks, cleaning, calls to escorts, and a site's own choice.

Calls for help and emergencies stand in `calls`; named nurses are events of their sessions.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.dosing_sessions.fold import load_protocols
from afterglow.clinic.dosing_sessions.nursing import list_live
from afterglow.clinic.errors import Conflict
from afterglow.clinic.floor.calls import (
    answer_help,
    close_call,
    name_place,
    raise_help,
    record_code_step,
    start_code,
    take_back_code_step,
)
from afterglow.clinic.floor.escorts import record_escort_call
from afterglow.clinic.floor.models import FloorSettings, OpeningCheck, PlaceState, Presence
from afterglow.clinic.floor.news import tell_floor
from afterglow.clinic.floor.opening import are_checks_done, count_differences
from afterglow.clinic.floor.presence import end_forgotten, list_present
from afterglow.clinicday.floor import OpeningItem, load_opening
from afterglow.clinicday.presence import Running, is_expired, judge_presence
from afterglow.terms import InvalidInput, build_error

__all__ = [
    "answer_help",
    "are_checks_done",
    "choose_settings",
    "close_call",
    "name_place",
    "raise_help",
    "record_code_step",
    "record_escort_call",
    "record_opening_check",
    "record_place_cleaned",
    "sign_in_presence",
    "sign_out_presence",
    "start_code",
    "take_back_code_step",
]
RESULTS = ("ok", "fault")
MOST_COUNTED = 10_000


@action
def choose_settings(*, site: Any, asks_opening_checks: bool, by: Any, now: datetime) -> FloorSettings:
    """Switch the opening checks of a site on or off; `by` is None when the command line sets a clinic up."""
    if by is not None:
        policy.require(by, "site.manage", site)
    row, _ = FloorSettings.objects.update_or_create(
        site=site, defaults={"asks_opening_checks": asks_opening_checks, "changed_at": now}
    )
    detail = {"asks_opening_checks": asks_opening_checks}
    audit.record(by=by, action="floor.settings-chosen", subject=row, now=now, site=site, detail=detail)
    tell_floor(site.pk)
    return row


@action
def sign_in_presence(*, site: Any, by: Any, now: datetime, expected_until: datetime | None = None) -> Presence:
    """Sign a prescriber in as on site; signing in twice changes nothing."""
    policy.require(by, "floor.presence", site)
    if expected_until is not None and expected_until <= now:
        shown, message = expected_until.isoformat(), "say a time that is still to come"
        raise InvalidInput([build_error("expected_until", "time-past", shown, "later than now", message)])
    present = list_present(site, now).filter(user=by).first()
    if present is not None:
        return present
    end_forgotten(site, by, now)
    roles = policy.list_roles(by, site)
    role = next((each for each in ("prescriber", "medical-director") if each in roles), sorted(roles)[0])
    row = Presence.objects.create(site=site, user=by, role=role, since=now, expected_until=expected_until)
    audit.record(by=by, action="presence.signed-in", subject=row, now=now, site=site, detail={"role": role})
    tell_floor(site.pk)
    return row


@action
def sign_out_presence(*, presence: Presence, by: Any, now: datetime) -> Presence:
    """Sign a prescriber out; leaving while a protocol needs one on site is recorded with a finding for each place."""
    policy.require(by, "floor.presence", presence.site)
    row = Presence.objects.select_for_update(of=("self",)).select_related("site").get(pk=presence.pk)
    if row.until is not None:
        raise Conflict("this presence was signed out already")
    others = list_present(row.site, now).exclude(pk=row.pk).count()
    row.until = max(now, row.since)
    row.findings = [finding.to_json() for finding in judge_presence(list_running(row.site_id), others)]
    row.save(update_fields=["until", "findings"])
    detail = {"rules": [finding["rule"] for finding in row.findings], "of": str(row.user_id)}
    audit.record(by=by, action="presence.signed-out", subject=row, now=now, site=row.site, detail=detail)
    tell_floor(row.site_id)
    return row


def list_running(site_id: str) -> list[Running]:
    """Return the sessions of a site as presence looks at them."""
    sessions = list_live(site_id)
    protocols = load_protocols(sessions)
    return [Running(each.place or "?", each.phase, protocols[each.protocol_id]) for each in sessions]


@action
def record_opening_check(
    *,
    site: Any,
    item: str,
    result: str,
    by: Any,
    now: datetime,
    second: Any = None,
    detail: Mapping[str, Any] | None = None,
) -> OpeningCheck:
    """Record one opening check of today; what needs two people is signed by two, both of whom may."""
    policy.require(by, "floor.open", site)
    if second is not None:
        policy.require(second, "floor.open", site)
    known = load_opening().get(item)
    if known is None:
        raise InvalidInput([build_error("item", "item-unknown", item, ", ".join(load_opening()), "no such check")])
    if result not in RESULTS:
        raise InvalidInput([build_error("result", "result-unknown", result, ", ".join(RESULTS), "ok or a fault")])
    today = now.astimezone(ZoneInfo(site.timezone)).date()
    kept = _read_detail(known, result, dict(detail or {}), today)
    if known.people > 1 and (second is None or second.pk == by.pk):
        message = f"{known.title} needs two people"
        raise InvalidInput([build_error("second", "second-needed", None, "another person's signature", message)])
    if known.needs == "count":
        # who counts signs beside what does not add up
        kept["open_differences"] = count_differences(site)
    row = OpeningCheck.objects.create(
        site=site, on=today, item=item, result=result, detail=kept, by=by, second=second, at=now
    )
    told = {"item": item, "result": result, "second": audit.identify(second)}
    audit.record(by=by, action="opening.checked", subject=row, now=now, site=site, detail=told)
    tell_floor(site.pk)
    return row


def _read_detail(item: OpeningItem, result: str, detail: Mapping[str, Any], today: date) -> dict[str, Any]:
    """Return what an item needs to say besides its result, in normal form."""
    if item.needs == "expires_on":
        return _read_expiry(result, detail.get("expires_on"), today)
    if item.needs == "count":
        return _read_count(detail.get("count"))
    return {}


def _read_expiry(result: str, given: Any, today: date) -> dict[str, Any]:
    try:
        expires_on = given if isinstance(given, date) else date.fromisoformat(str(given or ""))
    except ValueError:
        message = "enter the earliest expiry date of the crash drugs"
        raise InvalidInput([build_error("expires_on", "date-malformed", given, "2027-05-31", message)]) from None
    if result == "ok" and is_expired(expires_on, today):
        message = "the crash drugs are past their date: record a fault, exchange them, check again"
        raise InvalidInput([build_error("expires_on", "drugs-expired", expires_on.isoformat(), "not past", message)])
    return {"expires_on": expires_on.isoformat()}


def _read_count(given: Any) -> dict[str, Any]:
    words = str("" if given is None else given).strip()
    if not (words.isascii() and words.isdigit() and int(words) <= MOST_COUNTED):
        message = "enter how many units were counted"
        raise InvalidInput([build_error("count", "count-malformed", words[:20], "a whole number", message)])
    return {"count": int(words)}


@action
def record_place_cleaned(*, place: Any, by: Any, now: datetime) -> PlaceState:
    """Record that a place was cleaned."""
    policy.require(by, "floor.assign", place)
    row = PlaceState.objects.create(place=place, cleaned_at=now, by=by)
    audit.record(by=by, action="place.cleaned", subject=place, now=now, site=place.site_id)
    tell_floor(place.site_id)
    return row
