"""The app `consents`."""

from django.apps import AppConfig


class ConsentsConfig(AppConfig):
    """Consents: versioned texts, the recorded talk, signatures, expiry and withdrawal."""

    name = "afterglow.clinic.consents"
    label = "consents"
