"""The app `floor`."""

from django.apps import AppConfig


class FloorConfig(AppConfig):
    """The floor of today: named nurses, presence, opening checks, help calls."""

    name = "afterglow.clinic.floor"
    label = "floor"

    def ready(self) -> None:
        """Tell the board when a visit, a task or a check-in changes."""
        from django.db.models.signals import post_save

        from afterglow.clinic.floor.news import WATCHED, tell_after_save

        for sender in WATCHED:
            post_save.connect(tell_after_save, sender=sender, dispatch_uid=f"afterglow-floor-{sender}")
