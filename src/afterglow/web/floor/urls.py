"""Addresses of this room. The floor board, its stream, and what is recorded on it."""

from django.urls import path

from afterglow.web.floor import calls, chairs, opening, stream

urlpatterns = [
    path("floor/stream", stream.stream, name="floor-stream"),
    path("floor/strip", calls.show_strip, name="floor-strip"),
    path("floor/help/", calls.call_help, name="floor-help"),
    path("floor/help/<opaque:call_id>/", calls.show_call, name="floor-call"),
    path("floor/chairs/<opaque:session_id>/", chairs.show_nurse, name="floor-nurse"),
    path("floor/places/<opaque:place_id>/", chairs.show_seat, name="floor-seat"),
    path("floor/escorts/<opaque:patient_id>/", chairs.show_escort, name="floor-escort"),
    path("floor/opening/", opening.show_opening, name="floor-opening"),
    path("floor/settings/", opening.show_settings, name="floor-settings"),
]
