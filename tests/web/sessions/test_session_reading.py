"""Reading a command from a request: forms and JSON, garbage named and never an error of ours."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from afterglow.terms import InvalidInput
from afterglow.web.sessions.forms.reading import Entry, read_entry
from afterglow.web.sessions.forms.registry import list_fields

NOW = datetime(2026, 11, 17, 10, 25, 10, tzinfo=UTC)


def read_form(**data: str) -> Entry:
    """Return the entry of a posted form."""
    fields = {name.replace("__", "."): value for name, value in data.items()}
    return read_entry(RequestFactory().post("/x", fields), NOW, list_fields)


def read_json(body: object) -> Entry:
    """Return the entry of a JSON body."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return read_entry(RequestFactory().post("/x", text, content_type="application/json"), NOW, list_fields)


def test_an_empty_field_is_not_recorded_rather_than_zero() -> None:
    assert read_form(type="record-note", data__note=" ").data == {}


def test_dotted_names_become_nested_data() -> None:
    entry = read_form(
        type="record-score", sheet="record-score-aldrete", data__scale="aldrete", data__answers__oxygen="2"
    )
    assert entry.data == {"scale": "aldrete", "answers": {"oxygen": "2"}}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("10:20", (17, 10, 20)), ("1020", (17, 10, 20)), ("23:58", (16, 23, 58)), ("11:00", (17, 11, 0))],
)
def test_typed_hours_are_of_today_or_of_last_night(typed: str, expected: tuple[int, int, int]) -> None:
    at = read_form(type="record-pause", occurred_time=typed).occurred_at
    assert at is not None
    assert (at.day, at.hour, at.minute) == expected


def test_the_current_minute_means_now() -> None:
    assert read_form(type="record-pause", occurred_time="10:25").occurred_at == NOW
    assert read_form(type="record-pause").occurred_at is None


@pytest.mark.parametrize("typed", ["25:00", "10:61", "soon", "١٠:٢٠"])
def test_a_time_that_is_none_is_a_problem_of_its_field(typed: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_form(type="record-pause", occurred_time=typed)
    assert caught.value.problems[0].path == "occurred_time"


@pytest.mark.parametrize(
    "body", ["", "{", "[]", "3", '"x"', "null", {"type": 3}, {"type": "x", "data": []}, b"\xff\xfe", "[" * 20000]
)
def test_garbage_is_a_problem_not_a_failure(body: object) -> None:
    with pytest.raises(InvalidInput):
        read_json(body)


def test_every_problem_of_a_body_is_named_at_once() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_json({"data": 3, "occurred_at": "yesterday", "second": {"username": 3}, "request_key": ""})
    assert {problem.path for problem in caught.value.problems} == {
        "type",
        "data",
        "occurred_at",
        "second",
        "request_key",
    }


def test_a_secret_is_never_kept_among_what_was_typed() -> None:
    entry = read_form(type="sign-time-out", second__username="mira", second__secret="918273")
    assert entry.second == {"username": "mira", "secret": "918273"}
    assert "918273" not in str(entry.typed)


@pytest.mark.parametrize("body", [r'{"type": "record-note", "data": {"note": "\ud800"}}', r'{"type": "\udfff"}'])
def test_half_a_surrogate_pair_is_no_text(body: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_json(body)
    assert caught.value.problems[0].code == "json-malformed"


@pytest.mark.parametrize("typed", ["--5", "-", "7_0", "٧٠", "7e1", "9" * 5000])
def test_what_is_no_whole_number_stays_text_for_the_command_to_refuse(typed: str) -> None:
    assert read_whole(typed) == typed
    assert read_whole("-5") == -5


def read_whole(typed: str) -> object:
    """Return what a field of whole numbers reads."""
    field = SimpleNamespace(name="total", kind="whole")
    posted = RequestFactory().post("/x", {"type": "record-score", "data.total": typed})
    return read_entry(posted, NOW, lambda kind, sheet: [field]).data["total"]
