"""Addresses of one session; included under the name `web:`."""

from django.urls import path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.sessions import from_paper, paper, stream, views

urlpatterns = [
    path("sessions/<opaque:session_id>/", views.show_session, name="session"),
    path("sessions/<opaque:session_id>/commands", views.post_command, name="session-commands"),
    path("sessions/<opaque:session_id>/view", views.show_view, name="session-view"),
    path("sessions/<opaque:session_id>/stream", stream.stream, name="session-stream"),
    path("sessions/<opaque:session_id>/hand-off/", paper.show_handoff, name="session-handoff"),
    path("sessions/<opaque:session_id>/from-paper/", from_paper.show_from_paper, name="session-from-paper"),
    path("downtime/", paper.show_downtime, name="downtime"),
]
