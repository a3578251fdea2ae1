"""The app `care`."""

from django.apps import AppConfig


class CareConfig(AppConfig):
    """Integration and shared care: visits, therapist notes, goals, outside clinicians, letters, stepping down."""

    name = "afterglow.clinic.care"
    label = "care"
