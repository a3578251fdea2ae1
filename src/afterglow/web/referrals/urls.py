"""Addresses of this room. Referrals: the queue, the intake form of staff, letters, what a referral told a chart."""

from django.urls import path

from afterglow.web.referrals import entry, papers, told, views

urlpatterns = [
    path("referrals/", views.show_queue, name="referrals"),
    path("referrals/free/", views.show_first_free, name="referrals-free"),
    path("referrals/enter/", entry.enter, name="referral-enter"),
    path("referrals/<opaque:referral_id>/", views.show_referral, name="referral"),
    path("referrals/<opaque:referral_id>/answers/", entry.edit_answers, name="referral-answers"),
    path("referrals/<opaque:referral_id>/call/", entry.call, name="referral-call"),
    path("referrals/<opaque:referral_id>/letter/", papers.show_letter, name="referral-letter"),
    path("referrals/papers/<opaque:paper_id>/", papers.show_paper, name="referral-paper"),
    path("patients/<opaque:patient_id>/told/", told.show_told, name="patient-told"),
]
