"""Logs carry no token: who reads a log must not be able to open what a token opens."""

import logging

import pytest

from afterglow.clinic.redaction import TokenFilter, redact


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("Not Found: /set-up/abcDEF123/", "Not Found: /set-up/[token]/"),
        ('"GET /checkin/xyz?step=2 HTTP/1.1"', '"GET /checkin/[token]?step=2 HTTP/1.1"'),
        ("/feed/abc.ics", "/feed/[token]"),
        ("Not Found: /patients/1hhc8v/", "Not Found: /patients/1hhc8v/"),
    ],
)
def test_a_token_in_an_address_is_not_written(line: str, clean: str) -> None:
    assert redact(line) == clean


def test_a_line_with_arguments_is_redacted_too() -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", ("/set-up/tok/",), None)
    assert TokenFilter().filter(record)
    assert record.getMessage() == "Not Found: /set-up/[token]/"


def test_the_clinic_logs_through_the_filter() -> None:
    from afterglow.clinic import settings

    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["tokens"]
