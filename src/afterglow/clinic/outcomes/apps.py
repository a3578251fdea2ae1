"""The app `outcomes`."""

from django.apps import AppConfig


class OutcomesConfig(AppConfig):
    """Summaries of courses, counted for the page and the tables of outcomes."""

    name = "afterglow.clinic.outcomes"
    label = "outcomes"
