"""Forms without a session: a random cookie and a field signed over it and over the link, and both must be there.

The cookie identifies nobody and is made anew by any visit without one; the field is worthless under another link, in
another browser, and after half a day.
"""

import secrets
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

COOKIE = "afterglow-form"
FIELD = "form"
LONGEST_S = 12 * 60 * 60
_NONCE_BYTES = 18
_LONGEST_NONCE = 40
# a page of ours sends `same-origin`, an address typed or tapped `none`; older browsers say nothing
_OWN = ("same-origin", "none", "")


def get_nonce(request: HttpRequest) -> str:
    """Return the browser's random value, a new one where it brought none."""
    kept = getattr(request, "_form_nonce", None)
    if kept is None:
        brought = request.COOKIES.get(COOKIE, "")
        is_usable = 0 < len(brought) <= _LONGEST_NONCE and brought.isascii()
        kept = brought if is_usable else secrets.token_urlsafe(_NONCE_BYTES)
        request._form_nonce = kept  # type: ignore[attr-defined]
    return str(kept)


def sign_form(request: HttpRequest, purpose: str, **carried: Any) -> str:
    """Return the field of a form; `carried` comes back from `read_form` unchanged."""
    return signing.dumps({"nonce": get_nonce(request), **carried}, salt=_salt(purpose))


def read_form(request: HttpRequest, purpose: str) -> dict[str, Any] | None:
    """Return what a form of ours carried, or None when it is not ours, too old, or of another link or browser."""
    brought = request.COOKIES.get(COOKIE, "")
    if request.headers.get("Sec-Fetch-Site", "") not in _OWN or not brought:
        return None
    try:
        content = signing.loads(_plain(request.POST.get(FIELD, "")), salt=_salt(purpose), max_age=LONGEST_S)
    except signing.BadSignature:
        return None
    is_same = isinstance(content, dict) and secrets.compare_digest(
        str(content.get("nonce", "")).encode(), brought.encode("utf-8", "replace")
    )
    return content if is_same else None


def keep_nonce(request: HttpRequest, response: HttpResponse) -> None:
    """Give the browser its random value, where a form of this answer was signed over it."""
    if getattr(request, "_form_nonce", None):
        response.set_cookie(
            COOKIE,
            get_nonce(request),
            max_age=LONGEST_S,
            httponly=True,
            secure=settings.HAS_TLS,
            samesite="Strict",
        )


def _salt(purpose: str) -> str:
    return f"afterglow.phone.{purpose}"


def _plain(text: str) -> str:
    return text if text.isascii() and len(text) < 2000 else ""
