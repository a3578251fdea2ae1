"""The app `screening`."""

from django.apps import AppConfig


class ScreeningConfig(AppConfig):
    """Screening: findings frozen as they were seen, what was overridden, and the decision."""

    name = "afterglow.clinic.screening"
    label = "screening"
