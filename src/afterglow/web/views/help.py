"""Help: what the keys do, what the marks mean, whom to call."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from afterglow.web.access import staff_page

KEYS = (
    ("/", _("Search patients")),
    ("g f", _("Go to today's sessions")),
    ("g p", _("Go to the list of patients")),
    ("?", _("This page")),
)
SESSION_KEYS = (
    ("v", _("Enter vitals")),
    ("Enter", _("Save a field and move to the next")),
)


@staff_page(methods=("GET", "HEAD"))
def show_help(request: HttpRequest) -> HttpResponse:
    """Return the help page."""
    return render(request, "web/help.html", {"keys": KEYS, "session_keys": SESSION_KEYS})
