"""Passkeys at a screen: a challenge, its answer checked, and a proof that stands in once for password or PIN.

Registering a passkey and signing in by it is the sign-in library's own; what lies here is for unlocking and signing.
"""

import hashlib
import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from django.forms import ValidationError
from django.http import HttpRequest
from fido2.webauthn import UserVerificationRequirement

from afterglow.clinic.accounts.models import PasskeyProof
from afterglow.clinic.accounts.throttle import check_attempt, clear_failures, record_failure
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused

PREFIX = "passkey:"
STATE = "passkey_challenge"
PURPOSE = "passkey"
OWN = "own"
SECOND = "second"
HOLDS = timedelta(minutes=2)
LONGEST = 20_000
# what a malformed answer may raise in the libraries that read it
MALFORMED = (ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError)


def begin_proof(request: HttpRequest, whose: str, *, now: datetime) -> dict[str, Any]:
    """Return a challenge for the browser: for the person signed in here, or for a second one, whoever that is."""
    credentials = auth.get_credentials(request.user) if whose == OWN else None
    if whose == OWN and not credentials:
        raise Refused("passkey-none", "this account has no passkey yet")
    options, state = auth.get_server().authenticate_begin(
        credentials=credentials, user_verification=UserVerificationRequirement.REQUIRED
    )
    request.session[STATE] = {"state": state, "whose": whose, "at": now.timestamp()}
    return dict(options)


def finish_proof(request: HttpRequest, content: str, *, now: datetime) -> tuple[Any, str]:
    """Return who answered the challenge and the one-time text that they may give in place of a password or PIN.

    Raises
    ------
    Refused
        There is no fresh challenge, or the answer is not one of a passkey of an active account.
    TryLater
        Too many failed answers from this address on this screen.
    """
    screen_of = request.user
    attempt = {
        "purpose": PURPOSE,
        "name": screen_of.get_username(),
        "address": str(request.META.get("REMOTE_ADDR") or ""),
    }
    check_attempt(now=now, **attempt)
    # one challenge, one answer
    asked = request.session.pop(STATE, None)
    user = None
    if asked and now.timestamp() - float(asked["at"]) <= HOLDS.total_seconds():
        user = _check_answer(asked, content, screen_of)
    if user is None:
        record_failure(now=now, **attempt)
        _record_refusal(screen_of=screen_of, now=now)
        raise Refused("passkey-refused", "the passkey was not accepted; try again, or use password or PIN")
    clear_failures(**attempt)
    return user, _keep_proof(user=user, screen_of=screen_of, now=now)


def is_proof(secret: str) -> bool:
    """Return whether a text given as a secret is a proof by passkey."""
    return secret.startswith(PREFIX)


def use_proof(user: Any, screen_of: Any, secret: str, *, now: datetime) -> bool:
    """Return whether a proof holds for this person on this screen; it holds once."""
    if user is None:
        return False
    fresh = PasskeyProof.objects.filter(
        user=user, screen_of=screen_of, token_hash=_hash(secret), used_at=None, made_at__gt=now - HOLDS
    )
    return fresh.update(used_at=now) == 1


def list_passkeys(user: Any) -> list[Authenticator]:
    """Return the passkeys of an account, the oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("created_at", "pk"))


def _check_answer(asked: dict[str, Any], content: str, screen_of: Any) -> Any:
    """Return the active user whose passkey answered, or None."""
    if len(content) > LONGEST:
        return None
    try:
        answer = json.loads(content)
        auth.parse_authentication_response(answer)
        user = screen_of if asked["whose"] == OWN else auth.extract_user_from_response(answer)
        auth.get_server().authenticate_complete(asked["state"], auth.get_credentials(user), answer)
    except (*MALFORMED, RecursionError):
        return None
    return user if user.is_active else None


@action
def _keep_proof(*, user: Any, screen_of: Any, now: datetime) -> str:
    PasskeyProof.objects.filter(made_at__lt=now - 30 * HOLDS).delete()
    secret = PREFIX + secrets.token_urlsafe(32)
    PasskeyProof.objects.create(user=user, screen_of=screen_of, token_hash=_hash(secret), made_at=now)
    detail = {"screen_of": audit.identify(screen_of)}
    audit.record(by=user, action="passkey.proved", subject=user, now=now, detail=detail)
    return secret


@action
def _record_refusal(*, screen_of: Any, now: datetime) -> None:
    audit.record(by=None, action="passkey.refused", subject=screen_of, now=now)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
