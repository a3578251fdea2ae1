"""The accounts app."""

from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Delays after failed attempts; the user itself lives in `people`."""

    name = "afterglow.clinic.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Write down each sign-in and sign-out, and each change of a second factor."""
        from allauth.mfa.signals import authenticator_added, authenticator_removed
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        user_logged_in.connect(_record_sign_in, dispatch_uid="afterglow-sign-in")
        user_logged_out.connect(_record_sign_out, dispatch_uid="afterglow-sign-out")
        authenticator_added.connect(_record_factor_added, dispatch_uid="afterglow-factor-added")
        authenticator_removed.connect(_record_factor_removed, dispatch_uid="afterglow-factor-removed")


def _record_sign_in(sender: Any, user: Any, request: Any = None, **_others: Any) -> None:
    from django.utils import timezone

    from afterglow.clinic.accounts.sign_ins import begin_sign_in
    from afterglow.clinic.accounts.signing_in import record_sign_in

    now = timezone.now()
    record_sign_in(user=user, now=now)
    if request is not None:
        begin_sign_in(request, user, now=now)


def _record_sign_out(sender: Any, user: Any, request: Any = None, **_others: Any) -> None:
    from django.utils import timezone

    from afterglow.clinic.accounts.sign_ins import close_sign_in
    from afterglow.clinic.accounts.signing_in import record_sign_out

    if user is not None:
        now = timezone.now()
        record_sign_out(user=user, now=now)
        if request is not None:
            close_sign_in(request, user, now=now)


def _record_factor_added(sender: Any, user: Any, authenticator: Any, **_others: Any) -> None:
    _record_factor(user, "added", authenticator)


def _record_factor_removed(sender: Any, user: Any, authenticator: Any, **_others: Any) -> None:
    _record_factor(user, "removed", authenticator)


def _record_factor(user: Any, act: str, authenticator: Any) -> None:
    from django.utils import timezone

    from afterglow.clinic.accounts.signing_in import record_factor

    record_factor(user=user, act=act, kind=str(authenticator.type), now=timezone.now())
