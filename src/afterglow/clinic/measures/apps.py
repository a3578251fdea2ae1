"""The app `measures`."""

from django.apps import AppConfig


class MeasuresConfig(AppConfig):
    """Forms, answers and results, the wordings shown, suicide alerts and their assessments."""

    name = "afterglow.clinic.measures"
    label = "measures"
