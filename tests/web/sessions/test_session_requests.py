"""The session page through the real stack: what is stored, what is refused and how, who may look."""

import json
import re
from dataclasses import replace

import pytest

from afterglow.clinic import policy
from afterglow.clinic.audit.models import ReadEvent
from afterglow.clinic.care import actions as care
from afterglow.clinic.dosing_sessions.models import SessionEvent
from afterglow.clinic.floor import actions as floor
from tests.web.sessions.session_support import Cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    """Return the cast around a fresh session."""
    return Cast()


def send(cast: Cast, body: object, user: object = None) -> object:
    """Send JSON to the session."""
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return cast.client(user).post(
        cast.url("session-commands"), text, content_type="application/json", headers={"Accept": "application/json"}
    )  # type: ignore[arg-type]


def test_the_page_names_the_person_and_writes_down_who_read_it(cast: Cast) -> None:
    answer = cast.client().get(cast.url())
    assert answer.status_code == 200
    assert "Demo, Alder" in answer.content.decode()
    assert ReadEvent.objects.filter(by=str(cast.nurse.pk), subject_id=cast.session.pk).exists()


def test_the_page_has_no_inline_style_or_script(cast: Cast) -> None:
    text = cast.client().get(cast.url()).content.decode()
    assert " style=" not in text
    assert "onclick" not in text
    assert "<script>" not in text


@pytest.mark.parametrize("name", ["session", "session-view", "session-handoff"])
def test_a_colleague_of_another_site_gets_404(cast: Cast, name: str) -> None:
    assert cast.client(cast.nurse).get(cast.url(name)).status_code == 200
    assert cast.client(cast.stranger).get(cast.url(name)).status_code == 404


def test_a_role_without_the_permission_is_denied(cast: Cast) -> None:
    assert cast.client(cast.manager).get(cast.url()).status_code == 403


def test_a_reader_sees_the_session_without_anything_to_enter(cast: Cast) -> None:
    text = cast.client(cast.therapist).get(cast.url()).content.decode()
    assert "data-entry" not in text
    assert "data-entry" in cast.client(cast.nurse).get(cast.url()).content.decode()


def test_a_posted_form_is_stored_and_leads_back_to_the_page(cast: Cast) -> None:
    answer = cast.client().post(
        cast.url("session-commands"), {"type": "record-vitals", "data.systolic": "124", "data.diastolic": "78"}
    )
    assert answer.status_code == 302
    assert SessionEvent.objects.filter(session=cast.session, type="vitals-recorded").count() == 1


def test_json_is_answered_with_number_time_view_and_undo(cast: Cast) -> None:
    answer = send(cast, {"type": "record-note", "data": {"note": "Warm blanket."}, "request_key": "k1"})
    content = answer.json()  # type: ignore[attr-defined]
    assert content["stored"]["seq"] == SessionEvent.objects.filter(session=cast.session).count()
    assert content["view"]["phase"]
    assert content["undo"]["seq"] == content["stored"]["seq"]


def test_the_same_key_twice_is_stored_once(cast: Cast) -> None:
    body = {"type": "record-comfort", "data": {"kind": "quiet"}, "request_key": "same"}
    first, second = send(cast, body), send(cast, body)
    assert first.json()["stored"]["seq"] == second.json()["stored"]["seq"]  # type: ignore[attr-defined]
    assert SessionEvent.objects.filter(session=cast.session, type="comfort-recorded").count() == 1


def test_the_vitals_line_is_stored_as_readings(cast: Cast) -> None:
    cast.client().post(cast.url("session-commands"), {"type": "record-vitals", "line": "128/76 p84 s97 r14"})
    view = cast.client().get(cast.url("session-view")).json()["view"]
    assert view["vitals"]["bp"]["value"] == {"systolic": 128, "diastolic": 76}
    assert str(view["vitals"]["heart_rate"]["value"]) == "84"


def test_an_ambiguous_line_comes_back_with_its_words_and_nothing_is_stored(cast: Cast) -> None:
    before = SessionEvent.objects.filter(session=cast.session).count()
    answer = cast.client().post(cast.url("session-commands"), {"type": "record-vitals", "line": "128/76 84"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "128/76 84" in text
    assert "Say what 84 is: p for pulse" in text
    assert SessionEvent.objects.filter(session=cast.session).count() == before


def test_systolic_below_diastolic_is_refused_in_its_field_with_the_values_kept(cast: Cast) -> None:
    answer = cast.client().post(
        cast.url("session-commands"), {"type": "record-vitals", "data.systolic": "76", "data.diastolic": "128"}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="76"' in text
    assert "Systolic 76 is not above diastolic 128" in text


def test_a_time_in_the_future_is_refused(cast: Cast) -> None:
    answer = send(cast, {"type": "record-note", "data": {"note": "x y z"}, "occurred_at": "2999-01-01T00:00:00+00:00"})
    assert answer.status_code == 422  # type: ignore[attr-defined]


def test_an_intention_the_rules_refuse_names_its_code(cast: Cast) -> None:
    answer = send(cast, {"type": "start", "data": {}})
    content = answer.json()  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert content["refusal"]["code"]
    assert content["refusal"]["message"]


def test_a_refused_form_comes_back_on_the_page_with_what_was_typed(cast: Cast) -> None:
    answer = cast.client().post(
        cast.url("session-commands"), {"type": "record-weight", "data.weight_kg": "700", "sheet": ""}
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="700"' in text
    assert 'id="problems"' in text


def test_a_command_without_permission_is_denied_and_not_stored(cast: Cast) -> None:
    answer = send(cast, {"type": "record-note", "data": {"note": "hello"}}, cast.therapist)
    assert answer.status_code == 403  # type: ignore[attr-defined]
    assert not SessionEvent.objects.filter(session=cast.session, type="note-recorded").exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        b"\xff\xfe\x00",
        {"type": "no-such-command"},
        {"type": "record-vitals", "data": {"systolic": {"a": 1}}},
        {"type": "record-vitals", "data": {"unknown": 1}},
        {"type": "record-note", "data": {"note": 5}},
        {"type": "open-session", "data": {}},
        {"type": "tick"},
        {"type": "correct-entry", "data": {"seq": 999999, "reason": "x", "text": "y"}},
        {"type": "withdraw-entry", "data": {"seq": 424242}},
        {"type": "acknowledge-alarm", "data": {"alarm": "none"}},
        {"type": "record-note", "data": {"note": "ok ok"}, "second": {"username": "nobody", "secret": "1"}},
        {"type": "record-note", "data": {"note": "\x00"}},
        {"type": "record-vitals", "data": {"systolic": "1e999", "diastolic": "NaN"}},
    ],
)
def test_garbage_is_answered_422_never_500(cast: Cast, body: object) -> None:
    answer = send(cast, body)
    assert answer.status_code == 422, answer.content  # type: ignore[attr-defined]
    assert answer.json().keys() & {"problems", "refusal"}  # type: ignore[attr-defined]


def test_the_first_person_cannot_sign_as_the_second(cast: Cast) -> None:
    body = {
        "type": "sign-time-out",
        "data": {"confirmed": ["patient", "drug", "dose", "route"]},
        "second": {"username": "nora", "secret": "a long enough word"},
    }
    answer = send(cast, body)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert answer.json()["refusal"]["code"] == "second-signer-same-person"  # type: ignore[attr-defined]


def test_parts_carry_every_live_region(cast: Cast) -> None:
    parts = cast.client().get(cast.url("session-view") + "?parts=1").json()["parts"]
    assert {"stepper", "alarms", "tiles", "middle", "dose", "due", "record", "drug", "log", "past", "context"} == set(
        parts
    )
    assert 'data-key="bp"' in parts["tiles"]


def test_a_transfer_has_a_hand_off_sheet_and_is_never_refused(cast: Cast) -> None:
    answer = send(cast, {"type": "record-ending", "data": {"kind": "transferred", "to": "General Hospital"}})
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert "Hand-off sheet" in cast.client().get(cast.url("session-handoff")).content.decode()


def test_blank_sheets_print_without_a_session(cast: Cast) -> None:
    text = cast.client().get("/downtime/").content.decode()
    assert "Downtime sheet" in text
    assert "Demo, Alder" not in text


@pytest.mark.parametrize("protocol_id", ["im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_the_page_opens_for_every_runnable_protocol(protocol_id: str) -> None:
    cast = Cast(protocol_id)
    assert cast.client().get(cast.url()).status_code == 200


def find_goals(cast: Cast) -> tuple[str, str]:
    """Return what stands among the checks before the dose, and what stands folded away afterwards."""
    page = cast.client().get(cast.url()).content.decode()
    before = page.partition('<div class="s-goals" data-key="goals">')[2].partition("</div>")[0]
    return before, page.partition('<details class="s-card s-pad-16 s-goals-fold"')[2].partition("</details>")[0]


def test_goals_stand_before_the_start_and_are_folded_afterwards(cast: Cast) -> None:
    assert find_goals(cast) == ("", "")
    for kind, words in (("goal", "Sleep <through> again"), ("intention", "Let the storm pass")):
        care.add_goal(patient=cast.patient, kind=kind, words=words, by=cast.nurse, now=cast.now)
    before, after = find_goals(cast)
    assert "Sleep &lt;through&gt; again" in before
    assert "Let the storm pass" in before
    assert after == ""
    cast.say("cancel-session", {"reason": "The person went home"})
    before, after = find_goals(cast)
    assert before == ""
    assert "Let the storm pass" in after
    assert not after.startswith(" open")


def test_goals_are_shown_to_nobody_who_may_not_read_them(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    care.add_goal(patient=cast.patient, kind="goal", words="Let the storm pass", by=cast.nurse, now=cast.now)
    assert "Let the storm pass" in find_goals(cast)[0]
    known = dict(policy.load_roles())
    nurse = known["nurse"]
    monkeypatch.setitem(known, "nurse", replace(nurse, permissions=nurse.permissions - {"care.read"}))
    monkeypatch.setattr(policy, "load_roles", lambda: known)
    assert find_goals(cast) == ("", "")


def read_prescriber(cast: Cast) -> str:
    page = cast.client().get(cast.url()).content.decode()
    found = re.search(r"<dt>Prescriber</dt><dd>(.*?)</dd>", page)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1])


def test_the_head_says_on_site_where_the_floor_does(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast()
    monkeypatch.setattr("django.utils.timezone.now", lambda: cast.now)
    assert "on site" not in read_prescriber(cast)
    here = floor.sign_in_presence(site=cast.site, by=cast.prescriber, now=cast.now)
    assert "on site" in read_prescriber(cast)
    assert f"{cast.prescriber.display_name} on site" in cast.client().get("/").content.decode()
    floor.sign_out_presence(presence=here, by=cast.prescriber, now=cast.now)
    assert "on site" not in read_prescriber(cast)


def test_without_a_sign_in_the_head_says_what_a_check_found_and_when(monkeypatch: pytest.MonkeyPatch) -> None:
    cast = Cast()
    monkeypatch.setattr("django.utils.timezone.now", lambda: cast.now)
    cast.say("record-arrival")
    cast.say("record-check", {"check": "prescriber-reachable", "passed": True})
    assert re.search(r"reachable when checked, \d\d:\d\d$", read_prescriber(cast))
