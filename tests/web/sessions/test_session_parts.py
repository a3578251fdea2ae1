"""The parts that an entry brings: the same as those of a page drawn anew, and rows that are kept but never old."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.template import Context, Template
from django.utils.safestring import mark_safe
from django.utils.translation import override

from afterglow.web.sessions import views
from afterglow.web.templatetags.kept import draw_kept
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture
def cast(monkeypatch: pytest.MonkeyPatch) -> Cast:
    """Return a session before its dose, at an instant at which time stands still for the pages."""
    cast = Cast()
    cast.say("record-arrival", {"escort": "Ivy Demo"})
    now = cast.now + timedelta(minutes=5)
    monkeypatch.setattr(views.timezone, "now", lambda: now)
    return cast


def send(cast: Cast, **body: Any) -> dict[str, str]:
    address = cast.url("session-commands") + "?parts=1"
    answer = cast.client().post(address, json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    return strip(answer.json()["parts"])


def draw_anew(cast: Cast) -> dict[str, str]:
    draw_kept.cache_clear()
    return strip(cast.client().get(cast.url("session-view") + "?parts=1").json()["parts"])


def strip(parts: dict[str, str]) -> dict[str, str]:
    return {name: TOKEN.sub("", html) for name, html in parts.items()}


@pytest.mark.parametrize(
    "body",
    [
        {"type": "record-vitals", "data": {"systolic": 205, "diastolic": 118, "heart_rate": 70, "spo2": 86}},
        {"type": "record-note", "data": {"note": "asks for <water>"}},
    ],
)
def test_the_parts_of_an_entry_are_those_of_a_page_drawn_anew(cast: Cast, body: dict[str, Any]) -> None:
    before = draw_anew(cast)
    after = send(cast, **body)
    assert after == draw_anew(cast)
    assert after["log"] != before["log"]


def test_what_somebody_else_changed_meanwhile_stands_in_the_parts_of_an_entry(cast: Cast) -> None:
    send(cast, type="assign-nurse", data={"nurse": cast.nurse.pk})
    send(cast, type="record-note", data={"note": "first"})
    type(cast.nurse).objects.filter(pk=cast.nurse.pk).update(display_name="Renamed")
    after = send(cast, type="record-note", data={"note": "second"})
    assert "Renamed" in after["context"]
    assert after["log"].count("Renamed") == 5
    assert after == draw_anew(cast)


def test_a_corrected_row_is_drawn_again(cast: Cast) -> None:
    sent = send(cast, type="record-note", data={"note": "to be taken back"})
    assert "s-struck" not in sent["log"]
    cast.session.refresh_from_db()
    seq = cast.session.last_seq
    after = send(cast, type="correct-entry", data={"seq": seq, "reason": "typed wrongly", "text": "said otherwise"})
    assert "s-struck" in after["log"]
    assert after == draw_anew(cast)


def test_parts_come_without_the_view_that_a_screen_does_not_read(cast: Cast) -> None:
    answer = cast.client().get(cast.url("session-view") + "?parts=1").json()
    assert set(answer) == {"parts", "seq", "now"}
    assert set(cast.client().get(cast.url("session-view")).json()) == {"view", "seq", "now"}


def draw(row: dict[str, Any], language: str = "en") -> str:
    with override(language):
        page = "{% load kept %}{% kept 'web/sessions/parts/log_row.html' row may_correct=True %}"
        return Template(page).render(Context({"row": row}))


def test_a_row_is_another_one_where_any_value_differs() -> None:
    row = {"number": "7", "text": "<b>x</b>", "by_name": "Nora", "stored": "10:25:10", "can_correct": True}
    first = draw(row)
    assert "&lt;b&gt;x&lt;/b&gt;" in first
    assert draw(dict(row)) == first
    for name, value in (("text", "y"), ("by_name", "Petra"), ("stored", "10:25:11"), ("can_correct", False)):
        assert draw({**row, name: value}) != first
    # equal to the first as text is, and yet another: it was declared safe by whoever wrote it
    assert "<b>x</b>" in draw({**row, "text": mark_safe("<b>x</b>")})
    assert draw(row) == first


def test_a_value_that_can_change_in_place_is_drawn_each_time() -> None:
    note = ["one"]
    row = {"number": "7", "text": "x", "note": note}
    assert "one" in draw(row)
    note.append("two")
    assert "two" in draw(row)
