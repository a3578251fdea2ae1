"""The root of the patients' own listener: their pages, whether the clinic answers, and nothing else."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from afterglow.web.phone.pages import harden, show_calm
from afterglow.web.views_health import show_health

urlpatterns = [
    path("healthz", show_health, name="healthz"),
    path("", include("afterglow.web.phone.urls")),
]

handler400 = "afterglow.web.phone.root.show_bad_request"
handler403 = "afterglow.web.phone.root.show_missing"
handler404 = "afterglow.web.phone.root.show_missing"
handler500 = "afterglow.web.phone.root.show_failure"


def show_bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for a request that cannot be read."""
    return _show(request, 400, "failure")


def show_missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for an address that leads nowhere here."""
    return _show(request, 404, "missing")


def show_failure(request: HttpRequest) -> HttpResponse:
    """Return the page for our own failure."""
    return _show(request, 500, "failure")


def _show(request: HttpRequest, status: int, kind: str) -> HttpResponse:
    response = show_calm(request, status, kind)
    harden(request, response)
    return response
