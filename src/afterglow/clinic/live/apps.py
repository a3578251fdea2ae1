"""The live app."""

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """No tables of its own; it carries notices from committed transactions to open streams."""

    name = "afterglow.clinic.live"
    label = "live"
