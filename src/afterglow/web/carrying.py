"""Carrying an action out from a form: what the action finds wrong goes back under the fields."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest

from afterglow.clinic.accounts.signers import reauthenticate, verify_second_signer
from afterglow.clinic.errors import Refused, TryLater
from afterglow.terms import InvalidInput
from afterglow.web.forms.fields import add_problems


def store(form: forms.BaseForm, act: Callable[..., Any], **given: Any) -> Any:
    """Return what the action made (True when it returns nothing), or None after adding errors to the form."""
    try:
        made = act(**given)
    except InvalidInput as error:
        add_problems(form, error.problems)
    except Refused as error:
        form.add_error(None, sentence(str(error)))
    if form.errors:
        return None
    return True if made is None else made


def prove(request: HttpRequest, form: forms.Form, now: datetime) -> bool:
    """Let the signing person prove who they are, before and outside the action, so that a failure stays counted."""
    try:
        reauthenticate(user=request.user, secret=form.cleaned_data["secret"], now=now, address=get_address(request))
    except (Refused, TryLater) as error:
        form.add_error("secret", sentence(str(error)))
    return not form.errors


def prove_second(request: HttpRequest, form: forms.Form, site: Any, now: datetime) -> Any:
    """Return the second person who signed on this screen, or None when none did or the proof failed."""
    name, secret = form.cleaned_data.get("second_name", ""), form.cleaned_data.get("second_secret", "")
    if not name and not secret:
        return None
    try:
        return verify_second_signer(name, secret, first=request.user, site=site, now=now, address=get_address(request))
    except (Refused, TryLater) as error:
        form.add_error("second_secret", sentence(str(error)))
    return None


def get_address(request: HttpRequest) -> str:
    """Return the address of the connection."""
    return str(request.META.get("REMOTE_ADDR") or "")


def sentence(text: str) -> str:
    """Return a text with its first letter large."""
    return text[:1].upper() + text[1:]
