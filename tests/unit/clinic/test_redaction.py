"""Logs carry no token: who reads a log must not be able to open what a token opens."""

import logging
import sys

import pytest

from afterglow.clinic.redaction import RefusedRequestFilter, TokenFilter, redact


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("Not Found: /set-up/abcDEF123/", "Not Found: /set-up/[token]/"),
        ('"GET /form/xyz/ask/9/ HTTP/1.1"', '"GET /form/[token]/ask/9/ HTTP/1.1"'),
        ('"GET /checkin/xyz?step=2 HTTP/1.1"', '"GET /checkin/[token]?step=2 HTTP/1.1"'),
        ("/feed/abc.ics", "/feed/[token]"),
        ("Not Found: /patients/1hhc8v/", "Not Found: /patients/1hhc8v/"),
        ("Not Found: /x/CHECKIN//abcDEF123/ask/", "Not Found: /x/CHECKIN//[token]/ask/"),
        ("next=%2Fcheckin%2FabcDEF123%2Fask", "next=%2Fcheckin%2F[token]"),
        (f"no row for {'Ab-_' * 10}xyz here", "no row for [token] here"),
        (f"digest {'0a' * 32}", f"digest {'0a' * 32}"),
    ],
)
def test_a_token_in_an_address_is_not_written(line: str, clean: str) -> None:
    assert redact(line) == clean


def test_a_line_with_arguments_is_redacted_too() -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "Not Found: %s", ("/set-up/tok/",), None)
    assert TokenFilter().filter(record)
    assert record.getMessage() == "Not Found: /set-up/[token]/"


def test_a_traceback_is_redacted_too() -> None:
    record = build_record("afterglow.phone", "no page at /checkin/abcDEF123/ask/")
    assert TokenFilter().filter(record)
    written = logging.Formatter("%(message)s").format(record)
    assert "Traceback" in written
    assert written.count("/checkin/[token]/ask/") == 2
    assert "abcDEF123" not in written


def test_the_clinic_logs_through_the_filter() -> None:
    from afterglow.clinic import settings

    assert settings.LOGGING["handlers"]["stderr"]["filters"] == ["refused", "tokens"]


def build_record(name: str, message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)
    except ValueError:
        return logging.LogRecord(name, logging.ERROR, __file__, 1, "%s", (message,), sys.exc_info())


@pytest.mark.parametrize(
    ("name", "message", "lines"),
    [
        ("django.security.DisallowedHost", "Invalid HTTP_HOST header: 'evil'", 1),
        ("django.security.DisallowedHost", "one\ntwo\r\nthree", 1),
        ("django.request", "Internal Server Error", 5),
    ],
)
def test_a_refused_request_is_one_line_and_a_fault_of_ours_keeps_its_traceback(
    name: str, message: str, lines: int
) -> None:
    record = build_record(name, message)
    assert RefusedRequestFilter().filter(record)
    written = logging.Formatter("%(message)s").format(record).splitlines()
    assert (len(written) == 1) is (lines == 1)


def test_a_long_header_does_not_fill_the_log() -> None:
    record = build_record("django.security.DisallowedHost", "x" * 60_000)
    assert RefusedRequestFilter().filter(record)
    assert len(logging.Formatter("%(message)s").format(record)) < 400
