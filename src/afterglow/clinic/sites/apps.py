"""The app `sites`."""

from django.apps import AppConfig


class SitesConfig(AppConfig):
    """Sites: the clinic's places, their time zone, chosen profiles and overlays."""

    name = "afterglow.clinic.sites"
    label = "sites"
