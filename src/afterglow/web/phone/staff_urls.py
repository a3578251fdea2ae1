"""The one staff address of this room; the patients' own listener does not know it."""

from django.urls import path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.phone import desk

urlpatterns = [path("schedule/visits/<opaque:visit_id>/check-in/", desk.show_visit, name="visit-checkin")]
