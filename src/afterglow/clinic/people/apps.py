"""The app `people`."""

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """People: who works here and who is treated here, with the facts of their chart."""

    name = "afterglow.clinic.people"
    label = "people"
