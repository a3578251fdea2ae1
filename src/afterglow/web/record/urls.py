"""Addresses of printed sheets; included under the name `web:`."""

from django.urls import path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.record import views

urlpatterns = [
    path("sessions/<opaque:session_id>/record.pdf", views.show_record, name="session-record"),
    path("sessions/<opaque:session_id>/hand-off.pdf", views.show_handoff, name="session-handoff-pdf"),
    path("downtime.pdf", views.show_downtime, name="downtime-pdf"),
]
