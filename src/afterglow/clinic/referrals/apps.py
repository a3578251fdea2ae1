"""The app `referrals`."""

from django.apps import AppConfig


class ReferralsConfig(AppConfig):
    """Referrals: who was sent or asked to come, triage with response times, duplicates, decision and letter."""

    name = "afterglow.clinic.referrals"
    label = "referrals"
