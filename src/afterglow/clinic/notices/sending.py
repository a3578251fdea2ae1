"""Sends what is due: claim, send, tell. A process that dies in between leaves a claim, and nobody sends that again."""

import logging
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from afterglow.clinic.audit import actions as audit
from afterglow.clinic.notices.hours import get_quiet
from afterglow.clinic.notices.models import Notice, NoticeAttempt
from afterglow.clinic.notices.senders import Delivery, NotSent, Sender, Senders
from afterglow.clinicday.messages import calculate_wait, get_template, get_unsure_after, render_message
from afterglow.clinicday.quiet import find_loud_time

logger = logging.getLogger("afterglow.notices")
AT_ONCE = 20


def send_due(*, now: datetime, senders: Senders | None = None, limit: int = AT_ONCE) -> list[Notice]:
    """Send the messages that are due, at most `limit`; return those that an attempt was made for.

    Must not run inside a transaction: each claim is durable before anything leaves.
    """
    from afterglow.clinic.notices.channels import load_senders

    _give_up_lost(now)
    waiting = Notice.objects.filter(state="waiting", send_after__lte=now).order_by("send_after", "pk")
    due = list(waiting.values_list("pk", flat=True)[:limit])
    if not due:
        return []
    known = load_senders() if senders is None else senders
    return [notice for key in due if (notice := _send_one(key, known, now)) is not None]


def send_test(address: str, sender: Sender, *, now: datetime) -> str:
    """Send the test text to an address, at once and outside the queue; return the answer, or raise `NotSent`."""
    from afterglow.clinic.ids import make_id
    from afterglow.clinic.sites.models import Site

    site = Site.objects.order_by("pk").first()
    zone = ZoneInfo(site.timezone if site is not None else "UTC")
    message = render_message(get_template("test"), {"at": now}, language="en", zone=zone, who="", phone="")
    return sender.send(Delivery(address, message, make_id()))


def _send_one(key: str, senders: Senders, now: datetime) -> Notice | None:
    from afterglow.clinic.notices.actions import unseal

    notice = _claim(key, senders, now)
    if notice is None:
        return None
    address, message = unseal(notice.sealed)
    try:
        code = senders[notice.channel].send(Delivery(address, message, notice.pk))
        outcome = "sent"
    except NotSent as error:
        outcome, code = error.outcome, error.code
    except Exception as error:
        logger.exception("notice %s could not be sent", notice.pk)
        outcome, code = "unsure", type(error).__name__
    return _tell(notice, outcome, code, now)


@transaction.atomic
def _claim(key: str, senders: Senders, now: datetime) -> Notice | None:
    """Return the notice, claimed for this process alone, or None when it is not to be sent now."""
    rows = Notice.objects.select_for_update(of=("self",)).select_related("site", "patient", "user")
    notice = rows.filter(pk=key, state="waiting", send_after__lte=now).first()
    if notice is None:
        return None
    if notice.expires_at is not None and now >= notice.expires_at:
        _end(notice, "expired", "too-late", now)
        return None
    if reason := _address_anew(notice):
        _end(notice, "held", reason, now)
        return None
    if notice.channel not in senders:
        follower = _begin_follower(notice, now)
        _end(notice, "held", "channel-off", now)
        _store_follower(follower, notice)
        return None
    if not notice.is_urgent:
        loud = find_loud_time(now, ZoneInfo(notice.site.timezone), *get_quiet(notice.site))
        if loud > now:
            notice.send_after = loud
            notice.save(update_fields=["send_after"])
            return None
    notice.state, notice.claimed_at, notice.attempts = "sending", now, notice.attempts + 1
    notice.save(update_fields=["state", "claimed_at", "attempts", "channel", "shown_to", "sealed"])
    return notice


def _address_anew(notice: Notice) -> str:
    """Address a message as the person is reached now, not as when it was queued; return why it cannot be sent."""
    from afterglow.clinic.notices.actions import choose_address, mask_address, seal, unseal

    tried = _list_tried(notice.instead_of)
    template = get_template(notice.template)
    channel, address, reason = choose_address(template, notice.patient, notice.user, without=tried)
    if reason:
        return reason
    before, message = unseal(notice.sealed)
    if (channel, address) != (notice.channel, before):
        notice.channel, notice.shown_to, notice.sealed = channel, mask_address(address), seal(address, message)
    return ""


@transaction.atomic
def _tell(notice: Notice, outcome: str, code: str, now: datetime) -> Notice:
    """Write down how an attempt went, and what follows."""
    NoticeAttempt.objects.create(notice=notice, at=now, outcome=outcome, code=code)
    wait = calculate_wait(notice.attempts) if outcome == "transient" else None
    if wait is not None:
        notice.state, notice.send_after, notice.claimed_at, notice.reason = "waiting", now + wait, None, code[:40]
        notice.save(update_fields=["state", "send_after", "claimed_at", "reason"])
        return notice
    state = {"sent": "sent", "unsure": "unsure"}.get(outcome, "failed")
    # what may have left is never sent a second time, on no other way either
    follower = _begin_follower(notice, now) if state == "failed" else None
    _end(notice, state, "" if state == "sent" else code, now)
    _store_follower(follower, notice)
    return notice


def _begin_follower(notice: Notice, now: datetime) -> Notice | None:
    """Return the same message for the next way that the person allows, or None where there is none."""
    from afterglow.clinic.notices.actions import choose_address, mask_address, seal, unseal

    tried = _list_tried(notice)
    template = get_template(notice.template)
    channel, address, reason = choose_address(template, notice.patient, notice.user, without=tried)
    if reason:
        return None
    _, message = unseal(notice.sealed)
    return Notice(
        site=notice.site,
        patient=notice.patient,
        user=notice.user,
        template=notice.template,
        channel=channel,
        shown_to=mask_address(address),
        sealed=seal(address, message),
        is_urgent=notice.is_urgent,
        queued_at=now,
        queued_by=notice.queued_by,
        send_after=now,
        expires_at=notice.expires_at,
        instead_of=notice,
    )


def _store_follower(follower: Notice | None, notice: Notice) -> None:
    if follower is None:
        return
    follower.save(force_insert=True)
    audit.record(
        by=None,
        action="notice.goes-another-way",
        subject=follower,
        now=follower.queued_at,
        patient=follower.patient_id,
        site=follower.site_id,
        detail={"template": follower.template, "channel": follower.channel, "instead_of": notice.pk},
    )


def _list_tried(notice: Notice | None) -> list[str]:
    """Return the ways that a message and those before it took in vain."""
    tried = []
    while notice is not None:
        tried.append(notice.channel)
        notice = notice.instead_of
    return tried


def _end(notice: Notice, state: str, reason: str, now: datetime) -> None:
    notice.state, notice.reason, notice.ended_at, notice.sealed = state, reason[:40], now, ""
    notice.save(update_fields=["state", "reason", "ended_at", "sealed"])
    detail: dict[str, Any] = {"template": notice.template, "channel": notice.channel, "reason": notice.reason}
    audit.record(
        by=None,
        action=f"notice.{state}",
        subject=notice,
        now=now,
        patient=notice.patient_id,
        site=notice.site_id,
        detail=detail,
    )


@transaction.atomic
def _give_up_lost(now: datetime) -> None:
    """End claims whose process is gone: nobody knows whether those messages left."""
    rows = Notice.objects.select_for_update(of=("self",))
    for notice in rows.filter(state="sending", claimed_at__lt=now - get_unsure_after()):
        NoticeAttempt.objects.create(notice=notice, at=now, outcome="unsure", code="process-lost")
        _end(notice, "unsure", "process-lost", now)
