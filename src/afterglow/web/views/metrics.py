"""Numbers for a monitoring system, in Prometheus text; counts only, nothing about a person."""

from django.db.models import Count
from django.http import HttpRequest, HttpResponse

from afterglow import __version__
from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import Session, SessionEvent
from afterglow.web.views_health import show_metrics as show_server_metrics

LOOPBACK = frozenset({"127.0.0.1", "::1"})


def show_metrics(request: HttpRequest) -> HttpResponse:
    """Return the counts, to this machine itself or to a user who manages the site."""
    is_local = request.META.get("REMOTE_ADDR") in LOOPBACK and "HTTP_X_FORWARDED_FOR" not in request.META
    user = getattr(request, "user", None)
    is_manager = user is not None and user.is_authenticated and policy.allow(user, "site.manage")
    if not is_local and not is_manager:
        return HttpResponse("not permitted\n", status=403, content_type="text/plain; charset=utf-8")
    response = show_server_metrics(request)
    response.write(build_metrics())
    return response


def build_metrics() -> str:
    """Return the metrics as text."""
    phases = Session.objects.values("phase").annotate(n=Count("pk")).order_by("phase")
    lines = [
        "# HELP afterglow_info The running version.",
        "# TYPE afterglow_info gauge",
        f'afterglow_info{{version="{__version__}"}} 1',
        "# HELP afterglow_sessions Dosing sessions by phase.",
        "# TYPE afterglow_sessions gauge",
        *(f'afterglow_sessions{{phase="{row["phase"]}"}} {row["n"]}' for row in phases),
        "# HELP afterglow_session_events_total Events stored.",
        "# TYPE afterglow_session_events_total counter",
        f"afterglow_session_events_total {SessionEvent.objects.count()}",
    ]
    return "\n".join(lines) + "\n"
