"""The accounts app."""

from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Delays after failed attempts; the user itself lives in `people`."""

    name = "afterglow.clinic.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Write down each sign-in and sign-out."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        user_logged_in.connect(_record_sign_in, dispatch_uid="afterglow-sign-in")
        user_logged_out.connect(_record_sign_out, dispatch_uid="afterglow-sign-out")


def _record_sign_in(sender: Any, user: Any, **_others: Any) -> None:
    from django.utils import timezone

    from afterglow.clinic.accounts.signing_in import record_sign_in

    record_sign_in(user=user, now=timezone.now())


def _record_sign_out(sender: Any, user: Any, **_others: Any) -> None:
    from django.utils import timezone

    from afterglow.clinic.accounts.signing_in import record_sign_out

    if user is not None:
        record_sign_out(user=user, now=timezone.now())
