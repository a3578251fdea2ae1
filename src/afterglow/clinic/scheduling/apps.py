"""The app `scheduling`."""

from django.apps import AppConfig


class SchedulingConfig(AppConfig):
    """Scheduling: staff hours, blocked time, appointments, series, waiting list and calendar feeds."""

    name = "afterglow.clinic.scheduling"
    label = "scheduling"
