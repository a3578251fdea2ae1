"""The accounts app."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Delays after failed attempts; the user itself lives in `people`."""

    name = "afterglow.clinic.accounts"
    label = "accounts"
