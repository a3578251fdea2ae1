"""The app `notices`."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """Notices to people outside the screen: reminders by mail and text, wishes, quiet hours, delivery log."""

    name = "afterglow.clinic.notices"
    label = "notices"
