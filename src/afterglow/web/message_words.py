"""The words for what became of a message that carries a link: one set for check-ins and questionnaires."""

from django.utils.translation import gettext as _

AMBER = frozenset({"held", "failed", "unsure", "expired", "cancelled"})


def say_message_state(word: str, at: str) -> str:
    """Return the words of a state, `at` being its time as it is shown; an unknown state is a programming error."""
    return {
        "waiting": _("link waits to be sent, %(at)s") % {"at": at},
        "sending": _("link is being sent"),
        "sent": _("link sent %(at)s") % {"at": at},
        "unsure": _("not sure that the link arrived: ask, or send again"),
        "held": _("no message could be sent: give the link"),
        "failed": _("the message failed: send again"),
        "expired": _("the message was not sent in time: send again"),
        "cancelled": _("the message was called back: send again"),
    }[word]
