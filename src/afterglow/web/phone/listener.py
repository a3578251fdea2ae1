"""The patients' own door: an application that knows their pages alone, and runs no code of a sign-in.

The server takes it for every connection of the second listener, and for a patient's address on the first one, so that
links work in a clinic with one port. What is not a patient's page is not found here, whatever cookie came along.
"""

import os
from typing import Any

from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.core.handlers.exception import convert_exception_to_response
from django.utils.module_loading import import_string

from afterglow.web.handler import PooledHandler

ROOT = "afterglow.web.phone.root"
PORT_VARIABLE = "AFTERGLOW_PATIENT_PORT"
PREFIXES = ("/intake/", "/checkin/", "/form/", "/feed/", "/help-now/")
# neither a session nor a sign-in: these pages cannot read one, nor set one
MIDDLEWARE = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "afterglow.web.static_files.StaticMiddleware",
    "afterglow.web.caching.NoStoreMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.common.CommonMiddleware",
)


class PatientRequest(ASGIRequest):
    """A request whose address is looked for among the patients' pages."""

    def __init__(self, scope: Any, body_file: Any) -> None:
        """Name the root of the patients' addresses."""
        super().__init__(scope, body_file)
        self.urlconf = ROOT


class PatientHandler(PooledHandler):
    """Django with the patients' addresses and without everything that concerns a sign-in."""

    request_class = PatientRequest

    def load_middleware(self, is_async: bool = False) -> None:
        """Build the layers of these pages."""
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        innermost: Any = self
        handler = convert_exception_to_response(innermost._get_response)
        for name in reversed(MIDDLEWARE):
            handler = convert_exception_to_response(import_string(name)(handler))
        self._middleware_chain = handler


def make_patient_handler() -> PatientHandler:
    """Return the handler of the patients' pages; its threads are few, and apart from those of the staff's pages."""
    return PatientHandler("patient", settings.PATIENT_THREADS)


def is_patient(scope: Any) -> bool:
    """Return whether a connection is the patients': it came by their listener, or asks for a page of theirs."""
    server = scope.get("server") or ("", None)
    port = os.environ.get(PORT_VARIABLE, "")
    return (bool(port) and str(server[1]) == port) or str(scope.get("path", "")).startswith(PREFIXES)
