"""The Django app of the pages, so that their templates, tags and built assets are found."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages of the staff; it has no tables of its own."""

    name = "afterglow.web"
    label = "web"
    verbose_name = "Pages"
