"""Addresses of this room. The schedule: day, week, series, waiting list, booking."""

from typing import Any

from django.urls import path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.schedule import keeping, planning, views, visits

urlpatterns: list[Any] = [
    path("schedule/", views.show_day, name="schedule"),
    path("schedule/book/", views.book, name="schedule-book"),
    path("schedule/week/", views.show_week, name="schedule-week"),
    path("schedule/print/", views.show_print, name="schedule-print"),
    path("schedule/series/", planning.show_series, name="schedule-series"),
    path("schedule/waiting/", planning.show_waiting, name="schedule-waiting"),
    path("schedule/feed/", planning.show_feed_page, name="schedule-feed"),
    path("schedule/staff/", keeping.show_staff, name="schedule-staff"),
    path("schedule/blocks/", keeping.show_blocks, name="schedule-blocks"),
    path("schedule/visits/<opaque:visit_id>/", visits.show_visit, name="visit"),
]
