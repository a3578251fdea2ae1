"""The words of referrals: where they come from, how urgent they are, what happened, and how much time is left."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from afterglow.clinicday.triage import Clock, Urgency

SOURCES = {
    "public-form": gettext_lazy("public form"),
    "fax": gettext_lazy("fax"),
    "letter": gettext_lazy("letter"),
    "phone": gettext_lazy("phone"),
    "e-mail": gettext_lazy("e-mail"),
    "fhir": gettext_lazy("FHIR"),
    "in-person": gettext_lazy("in person"),
    "other": gettext_lazy("other way"),
}
SENDERS = {
    "self": gettext_lazy("Self"),
    "family-doctor": gettext_lazy("Family doctor"),
    "psychiatrist": gettext_lazy("Psychiatrist"),
    "psychologist": gettext_lazy("Psychologist"),
    "pain-clinic": gettext_lazy("Pain clinic"),
    "hospital": gettext_lazy("Hospital"),
    "relative": gettext_lazy("Relative"),
    "other": gettext_lazy("Other"),
}
URGENCIES = {
    "crisis": gettext_lazy("Crisis"),
    "urgent": gettext_lazy("Urgent"),
    "soon": gettext_lazy("Soon"),
    "routine": gettext_lazy("Routine"),
}
URGENCY_TAGS = {"crisis": "high", "urgent": "amber", "soon": "plum", "routine": ""}
STATES = {
    "open": gettext_lazy("Open"),
    "waiting": gettext_lazy("Waiting for answers"),
    "accepted": gettext_lazy("Accepted"),
    "declined": gettext_lazy("Declined"),
    "paused": gettext_lazy("Paused"),
    "joined": gettext_lazy("Joined to another"),
}
WHOM = {
    "doctor": gettext_lazy("Ask doctor"),
    "person": gettext_lazy("Ask person"),
    "ward": gettext_lazy("Ask ward"),
    "here": gettext_lazy("Order here"),
}
CALLS = {
    "reached": gettext_lazy("Reached"),
    "no-answer": gettext_lazy("No answer"),
    "message-left": gettext_lazy("Message left"),
    "wrong-number": gettext_lazy("Wrong number"),
    "spoken-safe": gettext_lazy("Spoken to, safe for now, next contact agreed"),
    "emergency-called": gettext_lazy("Emergency services called"),
    "with-other": gettext_lazy("In the care of somebody else, confirmed"),
    "not-reached": gettext_lazy("Not reached"),
}
EVENTS = {
    "received": gettext_lazy("Received"),
    "sent-again": gettext_lazy("Sent again with other answers"),
    "taken": gettext_lazy("Taken"),
    "handed-back": gettext_lazy("Handed back"),
    "called": gettext_lazy("Called"),
    "asked": gettext_lazy("Asked"),
    "answered": gettext_lazy("Answers entered"),
    "urgency-set": gettext_lazy("Urgency set"),
    "step-opened": gettext_lazy("Task made"),
    "paused": gettext_lazy("Paused"),
    "resumed": gettext_lazy("Opened again"),
    "noted": gettext_lazy("Note"),
    "joined": gettext_lazy("Joined: the same person"),
    "separated": gettext_lazy("Joining taken back"),
    "marked-different": gettext_lazy("Two people"),
    "paper-kept": gettext_lazy("Paper kept"),
    "accepted": gettext_lazy("Accepted"),
    "decline-asked": gettext_lazy("Decline proposed"),
    "declined": gettext_lazy("Declined"),
    "reopened": gettext_lazy("Reopened"),
    "confirmed": gettext_lazy("Told entry confirmed"),
    "answer-ended": gettext_lazy("Told entry ended as not so"),
}
FIELDS = {
    "name": gettext_lazy("Name"),
    "born": gettext_lazy("Born"),
    "phone": gettext_lazy("Phone"),
    "address": gettext_lazy("Address"),
    "doctor": gettext_lazy("Doctor"),
    "insurance": gettext_lazy("Insurance"),
}
VERDICTS = {
    "same": gettext_lazy("same"),
    "near": gettext_lazy("near"),
    "differs": gettext_lazy("differs"),
    "not-told": gettext_lazy("not told"),
}
SEX_LETTERS = {"female": "F", "male": "M", "other": "X"}


def say(words: dict[str, Any], key: str) -> str:
    """Return the word for a key, or the key itself where none is known."""
    return str(words.get(key, key))


def describe_span(clock: Clock) -> str:
    """Return how much time is left or over, in clinic days, hours or minutes: the two largest parts."""
    days, hours, minutes = clock.split()
    if days:
        parts = [_("%(n)d d") % {"n": days}, *([_("%(n)d h") % {"n": hours}] if hours and not clock.is_late else [])]
    elif hours:
        parts = [_("%(n)d h") % {"n": hours}]
    else:
        parts = [_("%(n)d min") % {"n": minutes}]
    return " ".join(parts)


def describe_clock(clock: Clock) -> str:
    """Return what is left, in words."""
    return (_("%(span)s late") if clock.is_late else _("%(span)s left")) % {"span": describe_span(clock)}


def describe_reply_time(level: Urgency) -> str:
    """Return the reply time of a level, in words."""
    if level.days:
        return ngettext("%(n)d day", "%(n)d days", level.days) % {"n": level.days}
    return _("%(n)d min") % {"n": level.minutes}


def describe_whence(referral: Any) -> str:
    """Return who sent it and by which way."""
    sender = say(SENDERS, referral.sent_by) if referral.sent_by else ""
    return ", ".join(part for part in (sender, say(SOURCES, referral.source)) if part)


def describe_age(referral: Any, today: Any) -> str:
    """Return letter of sex and age, each where it is told."""
    age = ""
    born = referral.birth_on
    if born is not None:
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        age = _("%(n)d y") % {"n": years}
    return ", ".join(part for part in (SEX_LETTERS.get(referral.sex, ""), age) if part)
