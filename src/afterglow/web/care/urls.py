"""Addresses of this room: goals and visits, therapy notes, shared care, letters, stepping down."""

from django.urls import path

from afterglow.web.care import goals, letters, notes, shared, stepping_down

CARE = "patients/<opaque:patient_id>/care/"

urlpatterns = [
    path(CARE, goals.show_care, name="patient-care"),
    path(CARE + "notes/", notes.show_notes, name="care-notes"),
    path(CARE + "notes/<opaque:note_id>/", notes.show_note, name="care-note"),
    path(CARE + "shared/", shared.show_shared, name="care-shared"),
    path(CARE + "letters/", letters.show_letters, name="care-letters"),
    path(CARE + "letters/<opaque:letter_id>/", letters.show_letter, name="care-letter"),
    path(CARE + "letters/<opaque:letter_id>/print/", letters.print_letter, name="care-letter-print"),
    path(CARE + "stepping-down/", stepping_down.show_plan, name="care-stepping-down"),
    path(CARE + "stepping-down/print/", stepping_down.print_plan, name="care-stepping-down-print"),
]
