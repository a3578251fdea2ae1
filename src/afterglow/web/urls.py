"""The root of all addresses; the pages live under the name `web:`."""

from django.urls import include, path, re_path

from afterglow.web.views.errors import show_closed
from afterglow.web.views.metrics import show_metrics
from afterglow.web.views_health import show_health

urlpatterns = [
    path("healthz", show_health, name="healthz"),
    path("metrics", show_metrics, name="metrics"),
    # nobody makes or recovers an account alone: a manager gives a set-up link
    re_path(
        r"^accounts/(?:signup|email|confirm-email|inactive|password/reset|password/set|login/code)(?:/|$)",
        show_closed,
        name="closed",
    ),
    path("accounts/", include("allauth.urls")),
    # what a patient reaches by a link of their own; a second listener serves these alone
    path("", include("afterglow.web.phone.urls")),
    path("", include("afterglow.web.routes")),
]

handler400 = "afterglow.web.views.errors.show_bad_request"
handler403 = "afterglow.web.views.errors.show_denied"
handler404 = "afterglow.web.views.errors.show_not_found"
handler500 = "afterglow.web.views.errors.show_failure"
