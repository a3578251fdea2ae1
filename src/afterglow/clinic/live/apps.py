"""The live app."""

from typing import Any

from django.apps import AppConfig


class LiveConfig(AppConfig):
    """No tables of its own; it carries notices from committed transactions to open streams."""

    name = "afterglow.clinic.live"
    label = "live"

    def ready(self) -> None:
        """End the streams of a sign-in when it signs out."""
        from django.contrib.auth.signals import user_logged_out

        user_logged_out.connect(_end_streams, dispatch_uid="afterglow-end-streams")


def _end_streams(sender: Any, request: Any, **_others: Any) -> None:
    from afterglow.clinic.live.publish import end_streams_of

    if request is not None and (key := getattr(request.session, "session_key", None)):
        end_streams_of(key)
