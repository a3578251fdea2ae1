"""The letter that answers a referral: its words, kept as text, and the same text set as a tagged PDF."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats, translation
from django.utils.translation import gettext as _

from afterglow.clinic.documents.actions import read_content
from afterglow.clinic.documents.typesetting import typeset
from afterglow.clinic.referrals.models import Referral, ReferralPaper

PACKAGE = "afterglow.clinic.referrals"
PERSON, REFERRER = "person", "referrer"


def compose_letter(
    referral: Referral,
    *,
    is_accepted: bool,
    by: Any,
    now: datetime,
    addressee: str = "",
    first_visit_at: datetime | None = None,
) -> str:
    """Return the letter in paragraphs: to who referred, or to the person who asked themselves."""
    to = addressee or (PERSON if referral.sent_by in ("", "self", "relative") else REFERRER)
    with translation.override(referral.language or "en" if to == PERSON else "en"):
        parts = [_open(referral, to, now), *_say(referral, to, is_accepted, first_visit_at), _close(referral, by)]
    return "\n\n".join(part for part in parts if part)


def find_letter(referral: Referral) -> ReferralPaper | None:
    """Return the newest letter written about a referral."""
    return referral.papers.filter(kind="letter").select_related("content", "recorded_by").last()


def print_letter(letter: ReferralPaper) -> bytes:
    """Return a kept letter as PDF; the same letter gives the same bytes.

    Raises
    ------
    PrintFailed
        As `typeset`.
    """
    site = letter.referral.site
    data = {
        "title": letter.title,
        "lang": letter.referral.language or "en",
        "paper": "us-letter" if site.paper == "letter" else site.paper,
        "site": {"name": site.name, "address": site.address, "phone": site.phone},
        "paragraphs": read_content(letter.content).decode("utf-8").split("\n\n"),
        "mark": _("Invented people, demonstration data.") if site.is_demonstration else "",
    }
    return typeset(PACKAGE, "letter", data, now=letter.recorded_at)


def _open(referral: Referral, to: str, now: datetime) -> str:
    day = formats.date_format(now.astimezone(ZoneInfo(referral.site.timezone)).date(), "j F Y")
    about = ""
    if to == REFERRER:
        born = formats.date_format(referral.birth_on, "j F Y") if referral.birth_on else ""
        about = ", ".join(
            part for part in (referral.display_name, _("born %(day)s") % {"day": born} if born else "") if part
        )
        name = referral.referrer or referral.doctor or _("colleague")
    else:
        name = " ".join(part for part in (referral.given_name, referral.family_name) if part)
    greeting = _("Dear %(name)s,") % {"name": name}
    return "\n\n".join(part for part in (day, about, greeting) if part)


def _say(referral: Referral, to: str, is_accepted: bool, first_visit_at: datetime | None) -> list[str]:
    came = formats.date_format(referral.received_at.astimezone(ZoneInfo(referral.site.timezone)).date(), "j F Y")
    thanks = (
        _("thank you for the referral of %(day)s.") if to == REFERRER else _("thank you for writing to us on %(day)s.")
    )
    said = [thanks % {"day": came}]
    if is_accepted:
        said.append(
            _("We have accepted it. Accepting means a first visit; whether a treatment follows is decided there.")
        )
        if first_visit_at is not None:
            local = first_visit_at.astimezone(ZoneInfo(referral.site.timezone))
            visit = f"{formats.date_format(local.date(), 'j F Y')}, {local:%H:%M}"
            said.append(_("The first visit is on %(when)s.") % {"when": visit})
        return said
    said.append(_("We have read it with care and cannot offer this treatment now."))
    said.append(_("The reason: %(words)s") % {"words": referral.decline_reason})
    said.append(_("What may help instead: %(words)s") % {"words": referral.decline_help})
    if line := referral.site.crisis_line or referral.site.emergency_number:
        said.append(_("In a crisis, at any hour: %(line)s.") % {"line": line})
    said.append(_("If something changes, you may ask us again."))
    return said


def _close(referral: Referral, by: Any) -> str:
    return "\n\n".join((_("With kind regards,"), f"{by.signature_name}\n{referral.site.name}"))
