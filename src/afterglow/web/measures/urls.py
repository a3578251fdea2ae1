"""Addresses of this room: the measures of a chart, entering a form, assessing a suicide alert."""

from django.urls import path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.measures import entering, risk, sheet, views

PATIENT = "patients/<opaque:patient_id>/"

urlpatterns = [
    path(PATIENT + "measures/", views.show_measures, name="patient-measures"),
    path(PATIENT + "measures/enter/<protocol:instrument>/", entering.enter_form, name="measure-enter"),
    path(PATIENT + "measures/sheet/<protocol:instrument>/", sheet.show_sheet, name="measure-sheet"),
    path(PATIENT + "measures/results/<opaque:result_id>/", entering.show_result, name="measure-result"),
    path(PATIENT + "risk/", risk.show_risk, name="patient-risk"),
]
