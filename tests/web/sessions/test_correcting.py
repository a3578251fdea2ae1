"""Correcting an entry from the page, without script: the entry as it stands, its own fields, its time, from and to."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from afterglow.chairside.corrections import COMMAND_OF, NEVER_CORRECTED
from afterglow.chairside.decide_record import _SIGNED
from afterglow.chairside.state import SessionState
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.web.sessions.forms.correcting import SHEET, list_own_fields
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast() -> Cast:
    """Return a session with a nurse at it."""
    return Cast()


def read_fields(html: str) -> dict[str, Any]:
    """Return what the form that corrects an entry holds, as a browser without script would send it."""
    form = html.split('id="correction"')[1].split("</form>")[0]
    found: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, kind = re.search(r'name="([^"]*)"', tag), re.search(r'type="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and not (kind and kind[1] in ("radio", "checkbox") and " checked" not in tag):
            found[name[1]] = value[1] if value else ""
    for name, value in re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>([^<]*)<', form):
        found[name] = value
    for name, inner in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', inner)
        found[name] = chosen[1] if chosen else ""
    return found


def open_form(cast: Cast, seq: int) -> dict[str, Any]:
    """Return the fields of the form for an entry."""
    return read_fields(cast.client().get(f"{cast.url()}?correct={seq}").content.decode())


def read_state(cast: Cast) -> SessionState:
    """Return the session as it is stored now."""
    cast.session.refresh_from_db()
    return load_state(cast.session)


def send(cast: Cast, fields: dict[str, Any]) -> Any:
    """Post a form as a browser without script does."""
    return cast.client().post(cast.url("session-commands"), fields)


def find_line(cast: Cast) -> str:
    """Return the log's newest line."""
    view = cast.client().get(cast.url("session-view")).json()["view"]
    return next(str(row["text"]) for row in reversed(view["log"]) if not row["type"].startswith("alarm-"))


# what was entered, what the form holds of it, what is changed, and what the log says then
ENTRIES: list[tuple[str, dict[str, Any], dict[str, str], dict[str, str], str]] = [
    ("record-score", {"scale": "moaas", "total": "4"}, {"total": "4"}, {"total": "5"}, "MOAA/S 4 → 5"),
    (
        "record-vitals",
        {"systolic": 190, "diastolic": 112, "moaas": 4},
        {"systolic": "190", "diastolic": "112", "moaas": "4", "spo2": ""},
        {"systolic": "130", "moaas": "5"},
        "systolic 190 → 130, MOAA/S 4 → 5",
    ),
    (
        "record-drug-given",
        {"drug": "ondansetron", "dose": "4 mg", "route": "iv", "purpose": "premedication"},
        {"drug": "ondansetron", "dose": "4 mg", "route": "iv"},
        {"dose": "8 mg", "route": "oral"},
        "dose 4 mg → 8 mg, route iv → oral",
    ),
    ("record-symptom", {"kind": "nausea", "level": "mild"}, {"level": "mild"}, {"level": "none"}, "level mild → none"),
    ("record-weight", {"weight_kg": "72.5"}, {"weight_kg": "72.5"}, {"weight_kg": "75.2"}, "weight 72.5 → 75.2"),
    ("record-check", {"check": "escort", "passed": True}, {"passed": "yes"}, {"passed": "no"}, "passed yes → no"),
]


@pytest.mark.parametrize(("command", "data", "held", "changed", "line"), ENTRIES, ids=lambda value: str(value)[:20])
def test_the_form_holds_the_entry_and_the_log_says_from_and_to(
    cast: Cast, command: str, data: dict[str, Any], held: dict[str, str], changed: dict[str, str], line: str
) -> None:
    seq = cast.say(command, data, after_s=60).events[0].seq
    fields = open_form(cast, seq)
    assert {name: fields[f"data.data.{name}"] for name in held} == held
    # the fields of this command, and no others
    offered = {name.removeprefix("data.data.").split(".")[0] for name in fields if name.startswith("data.data.")}
    own = {each.name.split(".")[0] for each in list_own_fields(fields["sheet"])} | {"occurred_time"}
    assert offered <= own
    fields |= {f"data.data.{name}": value for name, value in changed.items()} | {"data.reason": "tapped wrong"}
    assert send(cast, fields).status_code == 302
    assert find_line(cast) == f"Correction of entry {seq}: {line}"


def test_a_tapped_sedation_that_was_corrected_stands_corrected_on_tile_and_view(cast: Cast) -> None:
    seq = cast.say("record-score", {"scale": "moaas", "total": "4"}, after_s=60).events[0].seq
    send(cast, {**open_form(cast, seq), "data.data.total": "5", "data.reason": "tapped wrong"})
    view = cast.client().get(cast.url("session-view")).json()["view"]
    assert view["vitals"]["sedation"]["value"] == 5


def test_the_time_of_an_entry_is_moved(cast: Cast) -> None:
    seq = cast.say("record-vitals", {"heart_rate": 70}, after_s=600).events[0].seq
    fields, was = open_form(cast, seq), (cast.now + timedelta(seconds=600)).astimezone(ZoneInfo(cast.site.timezone))
    assert fields["data.data.occurred_time"] == f"{was:%H:%M:%S}"
    earlier = was - timedelta(minutes=4)
    fields |= {"data.data.occurred_time": f"{earlier:%H:%M:%S}", "data.reason": "the monitor's own time"}
    assert send(cast, fields).status_code == 302
    moved = read_state(cast).effective["vitals-recorded"][-1].occurred_at
    assert moved == earlier.replace(microsecond=0)
    assert find_line(cast) == f"Correction of entry {seq}: time {was:%H:%M:%S} → {earlier:%H:%M:%S}"


def test_what_was_not_touched_is_not_sent_on(cast: Cast) -> None:
    seq = cast.say("record-vitals", {"heart_rate": 70, "spo2": "98"}, after_s=60).events[0].seq
    send(cast, {**open_form(cast, seq), "data.data.heart_rate": "77", "data.reason": "misread"})
    correction = read_state(cast).effective["entry-corrected"][-1]
    assert dict(correction.data["data"]) == {"heart_rate": 77}


REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"data.data.heart_rate": ""}, 422, "A value is replaced, not emptied"),
    ({"data.data.heart_rate": "700"}, 422, "20 to 260"),
    ({"data.data.occurred_time": "half past"}, 422, "half past is no time"),
    ({}, 422, "say what is right"),
    ({"data.shown": "99"}, 409, "corrected meanwhile"),
    ({"data.seq": "x"}, 422, ""),
    ({"data.seq": "1"}, 422, ""),
]


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED)
def test_a_correction_that_says_nothing_or_cannot_be_is_refused_in_words(
    cast: Cast, changes: dict[str, str], status: int, words: str
) -> None:
    seq = cast.say("record-vitals", {"heart_rate": 70}, after_s=60).events[0].seq
    answer = send(cast, {**open_form(cast, seq), "data.reason": "misread", **changes})
    assert answer.status_code == status
    assert words.casefold() in answer.content.decode().casefold()
    assert "entry-corrected" not in read_state(cast).effective
    if words and status == 422:
        # what was typed is still there
        assert read_fields(answer.content.decode())["data.reason"] == "misread"


def test_an_entry_is_corrected_again_from_where_it_stands(cast: Cast) -> None:
    seq = cast.say("record-vitals", {"heart_rate": 70}, after_s=60).events[0].seq
    send(cast, {**open_form(cast, seq), "data.data.heart_rate": "77", "data.reason": "misread"})
    fields = open_form(cast, seq)
    assert fields["data.data.heart_rate"] == "77"
    send(cast, {**fields, "data.data.heart_rate": "79", "data.reason": "misread twice"})
    assert find_line(cast) == f"Correction of entry {seq}: HR 77 → 79"
    assert f"?correct={seq}#correction" in cast.client().get(cast.url()).content.decode()


def test_what_is_not_correctable_offers_no_form(cast: Cast) -> None:
    html = cast.client().get(f"{cast.url()}?correct=1").content.decode()
    assert "Entry 1 is not corrected" in html
    assert "?correct=1#" not in html
    for number in ("", "x", "999999999999999999", "-3"):
        assert cast.client().get(f"{cast.url()}?correct={number}").status_code == 200


def test_words_alone_are_told_in_the_log_with_the_reason(cast: Cast) -> None:
    seq = cast.say("record-score", {"scale": "moaas", "total": "4"}, after_s=60).events[0].seq
    cast.say("correct-entry", {"seq": seq, "text": "MOAA/S was 5", "reason": "tapped wrong"}, after_s=90)
    html = cast.client().get(cast.url()).content.decode()
    assert f"Correction of entry {seq}: MOAA/S was 5: tapped wrong" in html


def test_what_is_signed_or_the_programs_own_is_never_offered() -> None:
    assert _SIGNED <= NEVER_CORRECTED


@pytest.mark.parametrize("event_type", sorted(set(COMMAND_OF) - NEVER_CORRECTED))
def test_every_entry_that_can_be_corrected_has_fields_of_its_own_or_needs_words(event_type: str) -> None:
    names = [each.name for each in list_own_fields(f"{SHEET}{COMMAND_OF[event_type]}.")]
    without = {"score-recorded", "ending-recorded", "record-closed"}
    assert names or event_type in without | {"arrival-recorded"}
