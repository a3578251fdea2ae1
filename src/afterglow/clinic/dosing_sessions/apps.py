"""The dosing sessions app."""

from django.apps import AppConfig


class DosingSessionsConfig(AppConfig):
    """Sessions, their events and notes."""

    name = "afterglow.clinic.dosing_sessions"
    label = "dosing_sessions"
