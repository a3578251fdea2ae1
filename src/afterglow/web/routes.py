"""Addresses of the pages; identifiers are opaque and nothing about a patient stands in an address."""

from django.urls import include, path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.views import account, help, protocols

app_name = "web"

urlpatterns = [
    path("theme/", account.choose_theme, name="theme"),
    path("shortcuts/", account.choose_shortcuts, name="shortcuts"),
    path("sign-out/", account.sign_out, name="sign-out"),
    path("help/", help.show_help, name="help"),
    path("protocols/", protocols.list_protocols, name="protocols"),
    path("protocols/<protocol:protocol_id>/", protocols.show_protocol, name="protocol"),
]
