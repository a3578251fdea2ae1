"""The message that carries a check-in's link: queued with its link, and queued anew when the visit was moved."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.checkins.actions import MAY_CHECK_IN, SEND, name_notice, send_checkin
from afterglow.clinic.checkins.models import REVOKED, CheckIn
from afterglow.clinic.notices.actions import find_notice
from afterglow.clinic.notices.models import Notice
from afterglow.clinicday.checkin import load_checkin

# a message that left, may have left, or was about to: its link is worth another
DELIVERED = ("sent", "sending", "unsure", "waiting")
CALLED_BACK = "cancelled"
AGAIN = "send-again"


@dataclass(frozen=True, slots=True)
class LinkState:
    """Where the link of a visit stands: a message's state, `given` without a message, or that it must be sent again."""

    word: str
    at: datetime | None = None
    is_after_move: bool = False


def queue_link(*, checkin: CheckIn, link: str, by: Any, now: datetime, send_after: datetime | None = None) -> Notice:
    """Queue the message with a link; wishes, addresses and quiet hours are kept by the queue."""
    from afterglow.clinic.notices.actions import queue_notice

    visit = checkin.appointment
    return queue_notice(
        site=visit.site,
        template="checkin",
        patient=visit.patient,
        context={"at": visit.starts_at, "link": link},
        send_after=send_after,
        expires_at=visit.starts_at,
        key=name_notice(checkin),
        by=by,
        now=now,
    )


@action
def follow_move(*, old: Any, new: Any, build_link: Callable[[str], str], by: Any, now: datetime) -> Notice | None:
    """Send the link of a moved visit again when the person had been sent one; return its message, or None.

    A link that was ended, handed over or never arrived is the desk's to send, and so is one for a visit that no
    longer takes a check-in. No link leaves earlier before the visit than the check-in's policy says.
    """
    before = find_delivered(old)
    if before is None or not policy.allow(by, SEND, new) or new.state not in MAY_CHECK_IN:
        return None
    earliest = new.starts_at - timedelta(hours=load_checkin().policy["opens_before_h"].value)
    checkin, token = send_checkin(appointment=new, by=by, now=now, language=before.language)
    return queue_link(
        checkin=checkin, link=build_link(token), by=by, now=now, send_after=earliest if earliest > now else None
    )


def find_delivered(visit: Any) -> CheckIn | None:
    """Return the link in use of a visit whose message left, or was called back with the visit; None otherwise."""
    checkin = visit.checkins.exclude(state=REVOKED).first()
    if checkin is None:
        return None
    notice = find_notice(name_notice(checkin))
    return checkin if notice is not None and notice.state in (*DELIVERED, CALLED_BACK) else None


def describe_link(visit: Any) -> LinkState | None:
    """Return where the link of a visit stands, or None where none was ever asked for."""
    old = visit.moved_from
    was_sent = old is not None and old.checkins.exclude(state=REVOKED).exists()
    checkin = visit.checkins.order_by("created_at", "pk").last()
    if checkin is None:
        return LinkState(AGAIN, is_after_move=True) if was_sent and visit.state in MAY_CHECK_IN else None
    notice = find_notice(name_notice(checkin))
    if checkin.state == REVOKED:
        return LinkState("revoked", checkin.revoked_at)
    if notice is None:
        return LinkState("given", checkin.created_at, was_sent)
    at = notice.send_after if notice.state == "waiting" else notice.ended_at
    return LinkState(notice.state, at, was_sent)
