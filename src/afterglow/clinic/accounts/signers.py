"""Signing again: the signed-in person proves who they are, or a second person signs on the same screen.

Neither ends or changes the first one's sign-in. Call these before the action that the signature is for, outside its
transaction: a failed attempt must stay counted although the action does not happen.
"""

from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password

from afterglow.clinic.accounts.passkeys import is_proof, use_proof
from afterglow.clinic.accounts.throttle import check_attempt, clear_failures, record_failure
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.terms import InvalidInput, build_error

PURPOSE = "signature"
PIN_DIGITS = range(6, 13)
REFUSED = "signature-refused"
SAME_PERSON = "second-signer-same-person"
ELSEWHERE = "second-signer-not-at-site"


def verify_second_signer(username: str, secret: str, *, first: Any, site: Any, now: datetime, address: str = "") -> Any:
    """Return the second person who signed with password, PIN or passkey; refuse the first person signing again.

    Raises
    ------
    Refused
        The name or the secret is wrong, it is the same person, or the person has no role at this site.
    TryLater
        Too many failures from this address for this name.
    """
    username = username.replace("\x00", "")
    user = get_user_model().objects.filter(username=username.strip(), is_active=True).first()
    _check_secret(user, username, secret, now=now, address=address, screen_of=first)
    if user is None or user.pk == first.pk:
        _refuse(user, SAME_PERSON, "the second signature must be another person's", now=now)
    if not is_at_site(user, site):
        _refuse(user, ELSEWHERE, f"{username.strip()} has no role at this site", now=now)
    _record_signature(user=user, first=first, site=site, now=now, has_passkey=is_proof(secret))
    return user


def reauthenticate(*, user: Any, secret: str, now: datetime, address: str = "", purpose: str = PURPOSE) -> None:
    """Prove with password, PIN or passkey that the signed-in person is still at the screen, or raise Refused."""
    signer = user if user.is_active else None
    _check_secret(signer, user.username, secret, now=now, address=address, purpose=purpose, screen_of=user)


def is_at_site(user: Any, site: Any) -> bool:
    """Return whether a person has any role at a site."""
    from afterglow.clinic.people.models import PractitionerRole

    return PractitionerRole.objects.filter(user=user, site=site).exists()


@action
def set_pin(*, user: Any, pin: str, by: Any, now: datetime) -> None:
    """Set the PIN a person signs with on a shared screen; six to twelve digits, not all alike, not in a row."""
    if not pin.isascii() or not pin.isdigit() or len(pin) not in PIN_DIGITS or _is_plain(pin):
        message = "a PIN is six to twelve digits that are neither all alike nor in a row"
        raise InvalidInput([build_error("pin", "pin-too-plain", None, "six to twelve digits", message)])
    user.pin_hash = make_password(pin)
    user.save(update_fields=["pin_hash"])
    audit.record(by=by, action="pin.set", subject=user, now=now)


def is_secret_of(user: Any, secret: str) -> bool:
    """Return whether a text is the password or the PIN of a person; the time it takes tells nothing of who exists."""
    if user is None:
        make_password(secret)
        return False
    if secret.isdigit() and user.pin_hash:
        return check_password(secret, user.pin_hash) or bool(user.check_password(secret))
    return bool(user.check_password(secret))


def _check_secret(
    user: Any, username: str, secret: str, *, now: datetime, address: str, screen_of: Any, purpose: str = PURPOSE
) -> None:
    # counted for the sign-in that sends it: wrong names from one screen hold up no colleague at the same address
    attempt = {"purpose": purpose, "name": username, "address": f"{screen_of.pk} {address}"}
    check_attempt(now=now, **attempt)
    is_right = use_proof(user, screen_of, secret, now=now) if is_proof(secret) else is_secret_of(user, secret)
    if not is_right:
        record_failure(now=now, **attempt)
        _refuse(user, REFUSED, "the name or the password or PIN is not right", now=now)
    clear_failures(**attempt)


def _refuse(user: Any, code: str, message: str, *, now: datetime) -> None:
    _record_refusal(user=user, code=code, now=now)
    raise Refused(code, message)


@action
def _record_refusal(*, user: Any, code: str, now: datetime) -> None:
    subject = user if user is not None else ("people.user", "")
    audit.record(by=None, action="signature.refused", subject=subject, now=now, detail={"code": code})


@action
def _record_signature(*, user: Any, first: Any, site: Any, now: datetime, has_passkey: bool) -> None:
    detail = {"first": audit.identify(first), **({"by": "passkey"} if has_passkey else {})}
    audit.record(by=user, action="signature.second", subject=user, now=now, site=site, detail=detail)


def _is_plain(pin: str) -> bool:
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    return steps in ({0}, {1}, {9})
