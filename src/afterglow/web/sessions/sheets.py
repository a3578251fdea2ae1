"""The sheets and taps of a session's page, drawn once in each language and kept: words, and nothing of a patient.

What differs between pages, the address that takes commands and the browser's token, stands in them as a mark that no
text contains, and is put in each time.
"""

import secrets
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from afterglow.web.sessions.forms import before
from afterglow.web.sessions.forms.after import RECONCILIATION, RECONCILIATION_OF_DEVICES
from afterglow.web.sessions.forms.model import CommandForm, bind_form
from afterglow.web.sessions.forms.registry import FORMS
from afterglow.web.sessions.taps import build_taps

_ADDRESS, _TOKEN, _DRUG = (f"mark-{secrets.token_hex(12)}" for _ in range(3))
_KNOWN = {form.sheet_id: form for form in FORMS}
MOST_KEPT = 1024


def draw_sheets(context: dict[str, Any], *, address: str, token: str) -> SafeString:
    """Return every form that is reachable from a page, each in its sheet, with what is known already in it."""
    language = get_language() or ""
    number = str(context["dose"].get("next_device") or "")
    absent = RECONCILIATION if context["dose"]["pattern"] == "devices" else RECONCILIATION_OF_DEVICES
    drawn = [
        _draw_known(key, number if form.command == "give-device" else "", language)
        for key, form in _KNOWN.items()
        if form is not absent
    ]
    for row in context["checks"]["rows"]:
        if row["command"] == "record-check":
            drawn.append(_draw_check(*(str(row.get(name) or "") for name in ("id", "title", "asks")), language))
    known = render_to_string("web/sessions/parts/drug.html", {"drug": context["drug"]})
    # what is a patient's own is put into the words that are kept
    return mark_safe(_fill("".join(drawn), address, token).replace(_DRUG, known))  # noqa: S308 - the template escapes


def draw_taps(*, address: str, token: str) -> dict[str, SafeString]:
    """Return the one-tap scales of the pad, each as its buttons."""
    return {scale: _fill(drawn, address, token) for scale, drawn in _draw_taps(get_language() or "").items()}


@lru_cache(MOST_KEPT)
def _draw_taps(language: str) -> dict[str, str]:
    shared = {"urls": {"commands": _ADDRESS}, "csrf_token": _TOKEN}
    return {
        scale: "".join(render_to_string("web/sessions/tap.html", {**shared, "choice": choice}) for choice in choices)
        for scale, choices in build_taps().items()
    }


def _fill(text: str, address: str, token: str) -> SafeString:
    filled = text.replace(_ADDRESS, escape(address)).replace(_TOKEN, escape(token))
    return mark_safe(filled)  # noqa: S308 - the template escaped what it shows, and the two values are escaped here


@lru_cache(MOST_KEPT)
def _draw_known(key: str, number: str, language: str) -> str:
    return _draw(_KNOWN[key], {"number": number} if number else {})


@lru_cache(MOST_KEPT)
def _draw_check(identity: str, title: str, asks: str, language: str) -> str:
    return _draw(before.build_check_form({"id": identity, "title": title, "asks": asks}), {})


def _draw(form: CommandForm, presets: dict[str, str]) -> str:
    bound = replace(bind_form(form, presets=presets), part=_DRUG)
    context = {"bound": bound, "urls": {"commands": _ADDRESS}, "csrf_token": _TOKEN}
    return render_to_string("web/sessions/sheet.html", context)
