"""What may be done with messages: queue one, send what is due, keep wishes and addresses, say when nobody reads.

Nothing is sent twice for one key. A message is claimed in one transaction, sent outside any, and told of in another.
"""

import json
import re
from collections.abc import Collection, Mapping
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from afterglow.clinic import policy
from afterglow.clinic.accounts.field_crypto import decrypt_field, encrypt_field
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Conflict
from afterglow.clinic.notices.hours import HoursNotice, describe_hours, find_settings, get_hours, get_quiet
from afterglow.clinic.notices.models import ContactWish, Notice, NoticeSettings, StaffContact
from afterglow.clinic.notices.sending import send_due
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.sites.models import Site
from afterglow.clinicday.messages import LANGUAGES, Message, Template, get_template, render_message
from afterglow.clinicday.quiet import find_loud_time, parse_week
from afterglow.terms import InvalidInput

__all__ = [
    "HoursNotice",
    "cancel_notices",
    "change_settings",
    "describe_hours",
    "find_notice",
    "get_hours",
    "list_wishes",
    "queue_notice",
    "record_wish",
    "send_due",
    "set_staff_contact",
]

CHANNELS = ("sms", "mail")
SETTINGS = "site.manage"
WISHES = "patient.edit"
STAFF = "oncall.manage"
SEAL = "notices.notice.sealed"
_MAIL = re.compile(r"[^@\s,;<>]{1,64}@[^@\s,;<>]{1,185}\.[^@\s,;<>.]{2,}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{4,30}[0-9]")


@action
def queue_notice(
    *,
    site: Any,
    template: str,
    by: Any,
    now: datetime,
    patient: Any = None,
    user: Any = None,
    context: Mapping[str, Any] | None = None,
    send_after: datetime | None = None,
    expires_at: datetime | None = None,
    key: str | None = None,
) -> Notice:
    """Queue one message to a patient or a member of staff; the same `key` again returns the first.

    The context may hold an instant (`at`) and a web address (`link`), nothing else. Without an address, or against the
    person's wish, the row is kept as `held`, so that the log says why nothing left.
    """
    if (patient is None) == (user is None):
        raise ValueError("a notice goes to a patient or to a member of staff")
    if key and (found := Notice.objects.filter(key=key).first()):
        return found
    chosen = get_template(template)
    settings = find_settings(site)
    language = getattr(patient, "language", "") or "en"
    message = render_message(
        chosen,
        context or {},
        language=language.partition("-")[0],
        zone=ZoneInfo(site.timezone),
        who=settings.sender_name if settings else "",
        phone=site.phone,
    )
    channel, address, reason = choose_address(chosen, patient, user)
    starts = max(send_after or now, now)
    notice = Notice(
        site=site,
        patient=patient,
        user=user,
        template=chosen.id,
        channel=channel,
        shown_to=mask_address(address),
        is_urgent=chosen.is_urgent,
        queued_at=now,
        queued_by=by,
        send_after=starts if chosen.is_urgent else _avoid_quiet(site, settings, starts),
        expires_at=expires_at,
        key=key,
    )
    if reason:
        notice.state, notice.reason, notice.ended_at = "held", reason, now
    else:
        notice.sealed = seal(address, message)
    return _store(notice, now)


def _store(notice: Notice, now: datetime) -> Notice:
    try:
        with transaction.atomic():
            notice.save(force_insert=True)
    except IntegrityError:
        if notice.key and (first := Notice.objects.filter(key=notice.key).first()):
            return first
        raise
    detail = {"template": notice.template, "channel": notice.channel, "state": notice.state, "reason": notice.reason}
    audit.record(
        by=notice.queued_by,
        action="notice.queued",
        subject=notice,
        now=now,
        patient=notice.patient_id,
        site=notice.site_id,
        detail=detail,
    )
    return notice


def find_notice(key: str) -> Notice | None:
    """Return the message of a key, or the one that went another way in its place."""
    notice = Notice.objects.filter(key=key).first()
    while notice is not None and (follower := Notice.objects.filter(instead_of=notice).first()) is not None:
        notice = follower
    return notice


@action
def cancel_notices(*, keys: list[str], by: Any, now: datetime) -> int:
    """Call back messages that have not left yet, by their keys; return how many."""
    count = 0
    asked = Q(key__in=keys) | Q(instead_of__key__in=keys)
    for notice in Notice.objects.select_for_update(of=("self",)).filter(asked, state="waiting"):
        notice.state, notice.ended_at, notice.sealed = "cancelled", now, ""
        notice.save(update_fields=["state", "ended_at", "sealed"])
        audit.record(
            by=by, action="notice.cancelled", subject=notice, now=now, patient=notice.patient_id, site=notice.site_id
        )
        count += 1
    return count


@action
def record_wish(
    *, patient: Any, channel: str, is_allowed: bool, by: Any, now: datetime, address: str = ""
) -> ContactWish:
    """Record whether a patient wants messages on a channel; `by` None is the patient on a page of their own."""
    if by is not None:
        policy.require(by, WISHES, patient)
    checks = Checks()
    checks.word(channel, "channel", CHANNELS, is_required=True)
    text = read_address(checks, address, channel, "address") if channel in CHANNELS else ""
    checks.raise_problems()
    wish, _ = ContactWish.objects.update_or_create(
        patient=patient,
        channel=channel,
        defaults={"is_allowed": bool(is_allowed), "address": text, "recorded_at": now, "recorded_by": by},
    )
    if not is_allowed:
        _hold_waiting(patient, channel, now)
    detail = {"channel": channel, "is_allowed": bool(is_allowed)}
    audit.record(by=by, action="notice.wish-recorded", subject=wish, now=now, patient=patient, detail=detail)
    return wish


def list_wishes(patient: Any) -> dict[str, ContactWish]:
    """Return what a patient wished, by channel."""
    return {wish.channel: wish for wish in ContactWish.objects.filter(patient=patient)}


@action
def set_staff_contact(*, user: Any, site: Any, channel: str, address: str, by: Any, now: datetime) -> StaffContact:
    """Set where a member of staff is reached; everyone sets their own, the keeper of the roster any at the site."""
    if by.pk != user.pk:
        policy.require(by, STAFF, site)
    checks = Checks()
    checks.word(channel, "channel", CHANNELS, is_required=True)
    text = read_address(checks, address, channel, "address", is_required=True) if channel in CHANNELS else ""
    if not policy.list_roles(user, site):
        checks.refuse(
            "user", "user-elsewhere", str(user.pk), "somebody who works here", "this account has no role here"
        )
    checks.raise_problems()
    contact, _ = StaffContact.objects.update_or_create(
        user=user, channel=channel, defaults={"address": text, "recorded_at": now, "recorded_by": by}
    )
    audit.record(by=by, action="staff-contact.set", subject=user, now=now, site=site, detail={"channel": channel})
    return contact


@action
def change_settings(
    *,
    site: Any,
    by: Any,
    now: datetime,
    version: int,
    sender_name: str = "",
    hours: Mapping[str, Any] | None = None,
    closed_text: Mapping[str, str] | None = None,
    quiet_from: time | None = None,
    quiet_until: time | None = None,
) -> NoticeSettings:
    """Change how a site speaks; `version` is what was read (0 where nothing was set before).

    `hours` count only while the schedule has no opening hours; None leaves them as they are.
    """
    policy.require(by, SETTINGS, site)
    checks = Checks()
    name = checks.text(sender_name, "sender_name", longest=60)
    texts = {
        language: checks.text(text, f"closed_text_{language}", longest=600)
        for language, text in (closed_text or {}).items()
        if checks.word(language, "language", LANGUAGES)
    }
    if (quiet_from is None) != (quiet_until is None):
        checks.refuse("quiet_until", "quiet-half", "", "both ends, or neither", "quiet hours need both ends")
    week = _read_week(checks, hours) if hours is not None else None
    checks.raise_problems()
    Site.objects.select_for_update().get(pk=site.pk)
    settings = find_settings(site) or NoticeSettings(site=site, version=0)
    if settings.version != version:
        raise Conflict("these settings were changed meanwhile; read them again")
    settings.sender_name, settings.closed_text = name, {key: text for key, text in texts.items() if text}
    settings.hours = settings.hours if week is None else week
    settings.quiet_from, settings.quiet_until = quiet_from, quiet_until
    settings.version, settings.updated_at, settings.updated_by = version + 1, now, by
    settings.save()
    audit.record(by=by, action="notice.settings-changed", subject=settings, now=now, site=site)
    return settings


def seal(address: str, message: Message) -> str:
    """Return an address and its message as they rest in the queue: encrypted under the key of the data folder."""
    return encrypt_field(json.dumps([address, message.subject, message.text]), SEAL)


def unseal(text: str) -> tuple[str, Message]:
    """Return address and message; the inverse of `seal`."""
    address, subject, words = json.loads(decrypt_field(text, SEAL))
    return address, Message(subject, words)


def mask_address(address: str) -> str:
    """Return an address as a log may show it: its end, or its first letter and its host."""
    if not address:
        return ""
    name, at, host = address.partition("@")
    return f"{name[:1]}…@{host}"[:60] if at else f"…{re.sub(r'[^0-9]', '', address)[-3:]}"


def read_address(checks: Checks, value: str, channel: str, path: str, *, is_required: bool = False) -> str:
    """Return an address that fits its channel; note what does not."""
    text = checks.text(value, path, longest=254, is_required=is_required)
    pattern, accepted = (_MAIL, "name@host") if channel == "mail" else (_PHONE, "a phone number, +43 660 1234567")
    if text and not pattern.fullmatch(text):
        checks.refuse(path, "address-malformed", "", accepted, "this address cannot be used")
        return ""
    return text


def _read_week(checks: Checks, hours: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    try:
        return {day: [list(span) for span in spans] for day, spans in parse_week(hours).items()}
    except InvalidInput as error:
        checks.problems.extend(error.problems)
        return {}


def choose_address(
    template: Template, patient: Any, user: Any, *, without: Collection[str] = ()
) -> tuple[str, str, str]:
    """Return channel and address of the first channel that may be used, or why there is none."""
    channels = [channel for channel in template.channels if channel not in without]
    if user is not None and not user.is_active:
        return "", "", "no-address"
    if user is not None:
        known = dict(StaffContact.objects.filter(user=user).values_list("channel", "address"))
        found = next(((channel, known[channel]) for channel in channels if known.get(channel)), None)
        return (*found, "") if found else ("", "", "no-address")
    wishes = list_wishes(patient)
    refused = False
    for channel in channels:
        wish = wishes.get(channel)
        if wish is not None and not wish.is_allowed:
            refused = True
            continue
        address = (wish.address if wish is not None else "") or (patient.phone if channel == "sms" else "")
        if address and (_MAIL if channel == "mail" else _PHONE).fullmatch(address):
            return channel, address, ""
    return "", "", "opted-out" if refused else "no-address"


def _avoid_quiet(site: Any, settings: NoticeSettings | None, at: datetime) -> datetime:
    return find_loud_time(at, ZoneInfo(site.timezone), *get_quiet(site, settings))


def _hold_waiting(patient: Any, channel: str, now: datetime) -> None:
    """Keep back what was queued before the patient said no."""
    waiting = Notice.objects.filter(patient=patient, channel=channel, state="waiting")
    waiting.update(state="held", reason="opted-out", ended_at=now, sealed="")
