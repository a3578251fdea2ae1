"""What the visit's page says of its check-in link, and the new link of a visit that was moved."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.checkins.actions import SEND, describe_for_desk
from afterglow.clinic.checkins.resending import AGAIN, describe_link, follow_move
from afterglow.clinic.errors import Refused
from afterglow.web.message_words import AMBER, say_message_state
from afterglow.web.phone.desk import READ, build_link
from afterglow.web.templatetags.words import moment


def send_moved_link(request: HttpRequest, old: Any, new: Any, now: datetime) -> None:
    """Send the link of a moved visit again; what stands against it leaves the move as it is, and the desk sees it."""
    try:
        follow_move(old=old, new=new, build_link=lambda token: build_link(request, token), by=request.user, now=now)
    except Refused:
        return


def describe_visit_link(visit: Any, user: Any) -> dict[str, Any] | None:
    """Return the line about the check-in link, with a way to its page for who may send or read it."""
    state = describe_link(visit)
    if state is None:
        return None
    at = moment(state.at) if state.at is not None else ""
    own = {
        AGAIN: _("the link ended when the visit was moved: send again"),
        "revoked": _("link ended %(at)s") % {"at": at},
        "given": _("link made %(at)s") % {"at": at},
    }
    words = own.get(state.word) or say_message_state(state.word, at)
    if state.is_after_move and state.word in ("waiting", "sending", "sent"):
        words = _("visit was moved; new %(words)s") % {"words": words}
    may_open = policy.allow(user, SEND, visit) or policy.allow(user, READ, visit)
    # how far the answers are, and that a rule found something: the link's own state says neither
    told = describe_for_desk(visit)
    has_found = may_open and bool(told["findings"])
    if may_open and told["answered"]:
        values = {"n": told["answered"], "all": told["asked"]}
        words += ". " + _("%(n)d of %(all)d questions answered") % values
        if has_found:
            words += ", " + _("findings to look at")
    url = reverse("web:visit-checkin", args=[visit.pk]) if may_open else ""
    return {"words": words, "url": url, "is_amber": has_found or state.word in AMBER or state.word == AGAIN}
