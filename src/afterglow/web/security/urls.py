"""Addresses of this room: one's sign-ins and passkeys, the proof by passkey, emergency openings and their review."""

from django.urls import path

from afterglow.web.security import emergency, passkeys, sign_ins

urlpatterns = [
    path("account/", sign_ins.show_account, name="account"),
    path("account/sign-ins/", sign_ins.show_sign_ins, name="sign-ins"),
    path("account/staff/", sign_ins.show_staff, name="staff-sign-ins"),
    path("account/awake/", sign_ins.stay_awake, name="awake"),
    path("account/passkey/ask/", passkeys.ask, name="passkey-ask"),
    path("account/passkey/prove/", passkeys.prove, name="passkey-prove"),
    path("emergency/", emergency.show_opening, name="emergency"),
    path("emergency/review/", emergency.list_reviews, name="emergency-reviews"),
    path("emergency/<opaque:access_id>/end/", emergency.end, name="emergency-end"),
    path("emergency/<opaque:access_id>/review/", emergency.show_review, name="emergency-review"),
]
