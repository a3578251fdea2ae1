"""The app `checkins`."""

from django.apps import AppConfig


class CheckinsConfig(AppConfig):
    """Check-ins on the phone: signed links that expire, answers, what they mean for today."""

    name = "afterglow.clinic.checkins"
    label = "checkins"
