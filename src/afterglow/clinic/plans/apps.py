"""The app `plans`."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Plans and the orders of single sessions: drafted, signed, superseded, never edited."""

    name = "afterglow.clinic.plans"
    label = "plans"
