"""The audit of signing in and out: who did, who failed to, when; typed names and addresses are not stored."""

from datetime import datetime
from typing import Any

from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit


@action
def record_sign_in(*, user: Any, now: datetime) -> None:
    """Write down that a person signed in."""
    audit.record(by=user, action="sign-in.done", subject=user, now=now)


@action
def record_sign_out(*, user: Any, now: datetime) -> None:
    """Write down that a person signed out."""
    audit.record(by=user, action="sign-in.ended", subject=user, now=now)


@action
def record_failed_sign_in(*, now: datetime) -> None:
    """Write down that somebody failed to sign in; the typed name is left out, for people type passwords there."""
    audit.record(by=None, action="sign-in.failed", subject=("people.user", ""), now=now)


@action
def record_factor(*, user: Any, act: str, kind: str, now: datetime) -> None:
    """Write down that a second factor or a passkey was added, renamed or removed."""
    audit.record(by=user, action=f"factor.{act}", subject=user, now=now, detail={"kind": kind})
