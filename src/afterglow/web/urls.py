"""The root of all addresses; the pages live under the name `web:`."""

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("afterglow.web.routes")),
]

handler400 = "afterglow.web.views.errors.show_bad_request"
handler403 = "afterglow.web.views.errors.show_denied"
handler404 = "afterglow.web.views.errors.show_not_found"
handler500 = "afterglow.web.views.errors.show_failure"
