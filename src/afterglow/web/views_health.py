"""Whether the clinic can be used, for scripts and watchers; no sign-in, no patient data."""

import sqlite3
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from afterglow.clinic.live.hub import hub


@never_cache
@require_safe
def show_health(request: HttpRequest) -> JsonResponse:
    """Return whether the database answers, and the versions; 503 when it does not."""
    content: dict[str, Any] = {"status": "ok", "version": settings.VERSION, **describe_database()}
    if not content["database"]:
        content["status"] = "database-unreachable"
    return JsonResponse(content, status=200 if content["database"] else 503)


@never_cache
@require_safe
def show_metrics(request: HttpRequest) -> HttpResponse:
    """Return a few counts in the Prometheus text format; none of them names or counts a patient."""
    is_up = int(bool(describe_database()["database"]))
    lines = [
        "# HELP afterglow_up Whether the database answers.",
        "# TYPE afterglow_up gauge",
        f"afterglow_up {is_up}",
        "# HELP afterglow_streams Open live streams of this process.",
        "# TYPE afterglow_streams gauge",
        f"afterglow_streams {hub.count()}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


def describe_database() -> dict[str, Any]:
    """Return the engine and its version, or nothing for an engine that does not answer."""
    connection = connections[DEFAULT_DB_ALIAS]
    is_sqlite = connection.vendor == "sqlite"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            cursor.fetchone()
    except DatabaseError:
        return {"database": None, "sqlite": sqlite3.sqlite_version if is_sqlite else None}
    return {"database": connection.vendor, "sqlite": sqlite3.sqlite_version if is_sqlite else None}
