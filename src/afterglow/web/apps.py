"""The Django app of the pages, so that their templates, tags and built assets are found."""

from functools import lru_cache

from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import trans_real

MOST_WORDS = 16384


class WebConfig(AppConfig):
    """Pages of the staff; it has no tables of its own."""

    name = "afterglow.web"
    label = "web"
    verbose_name = "Pages"

    def ready(self) -> None:
        """Keep the words that were looked up: a page asks for hundreds, each in the catalogue of every app."""
        for language, _name in settings.LANGUAGES:
            catalogue = trans_real.translation(language)
            # a catalogue never changes after it was read; Django asks it with plain text, and gets plain text
            vars(catalogue)["gettext"] = lru_cache(MOST_WORDS)(catalogue.gettext)
