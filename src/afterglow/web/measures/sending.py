"""What the measures of a chart say of links that were sent: where the message stands, and the next reminder."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.measures import actions
from afterglow.clinic.measures.messages import LinkState, find_link_states
from afterglow.clinic.measures.models import MeasureForm
from afterglow.clinic.measures.scoring import read_answers
from afterglow.instruments import get_instrument
from afterglow.web.message_words import AMBER, say_message_state
from afterglow.web.templatetags.words import moment


def say_queued(notice: Any) -> str:
    """Return what became of the message of a link that was just made."""
    if notice.state != "held":
        return _("The message waits to be sent, %(at)s. Reminders stop with the answer.") % {
            "at": moment(notice.send_after)
        }
    why = _("the person wants no messages") if notice.reason == "opted-out" else _("no address is on file")
    return _("No message could be sent: %(why)s. Give the link; a task to telephone stands for it.") % {"why": why}


def describe_open_forms(forms: Sequence[MeasureForm], now: datetime) -> list[dict[str, Any]]:
    """Return the lines of links that still wait for answers."""
    states = find_link_states(forms)
    lines = []
    for form in forms:
        state, definition = states.get(form.pk), get_instrument(form.instrument)
        lines.append(
            {
                "form": form,
                "title": definition.title,
                "is_usable": actions.is_usable(form, now),
                "answered": len(read_answers(form)),
                "count": len(definition.items),
                "words": _say_state(state),
                "is_amber": state is not None and state.word in AMBER,
                "who": form.asked_by.display_name if form.asked_by else _("by itself, as it fell due"),
            }
        )
    return lines


def _say_state(state: LinkState | None) -> str:
    if state is None:
        return _("link handed over, no message")
    at = moment(state.at) if state.at is not None else ""
    words = say_message_state(state.word, at)
    if state.reminder_at is None:
        return words
    return _("%(words)s; reminder %(at)s") % {"words": words, "at": moment(state.reminder_at)}
