"""Addresses of this room. Tasks, on-call roster, surveillance, messages."""

from django.urls import path

from afterglow.web.tasks import contact, notices, roster, surveillance, views

PATIENT = "patients/<opaque:patient_id>/"

urlpatterns = [
    path("tasks/", views.list_tasks, name="tasks"),
    path("tasks/open/", views.open_task, name="task-open"),
    path("tasks/<opaque:task_id>/", views.show_task, name="task"),
    path("on-call/", roster.show_roster, name="on-call"),
    path("notices/", notices.show_notices, name="notices"),
    path(PATIENT + "surveillance/", surveillance.show_surveillance, name="patient-surveillance"),
    path(PATIENT + "contact/", contact.show_contact, name="patient-contact"),
]
