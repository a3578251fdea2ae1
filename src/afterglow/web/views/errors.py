"""Answers to what went wrong, in the house's own words."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

_BARE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Afterglow</title>"
    "<h1>Afterglow cannot answer right now</h1>"
    "<p>What was shown as stored is stored. Use the bedside monitor and the downtime sheets.</p>"
)


def show_bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for a request that cannot be read."""
    return _show(request, 400, "unreadable")


def show_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for a missing permission."""
    return _show(request, 403, "denied")


def show_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the page for an address that leads nowhere, or nowhere for this user."""
    return _show(request, 404, "missing")


def show_closed(request: HttpRequest) -> HttpResponse:
    """Answer 404 for pages of the sign-in library that this clinic does not use."""
    return _show(request, 404, "missing")


def show_failure(request: HttpRequest) -> HttpResponse:
    """Return the page for our own failure; it leans on as little as possible."""
    return _show(request, 500, "failure")


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return the page for a form that was open too long or came from elsewhere."""
    return _show(request, 403, "csrf")


def _show(request: HttpRequest, status: int, kind: str, **context: Any) -> HttpResponse:
    try:
        return render(request, "web/error.html", {"kind": kind, "status": status, **context}, status=status)
    except Exception:
        logger.exception("the error page itself failed")
        return HttpResponse(_BARE, status=status)
