"""The command endpoint under attack, two people at once, and signatures that must not count."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from afterglow.chairside.commands import COMMANDS
from afterglow.clinic.dosing_sessions.models import CommandReceipt, Session, SessionEvent
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.models import Patient
from afterglow.clinic.plans import actions as plans
from tests.factories import PASSWORD
from tests.web.hostile_support import LONG, nest
from tests.web.security_support import House, build_house, rolled_back

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic for all attacks; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_house()
        transaction.set_rollback(True)


def send(house: House, body: Any, principal: str = "prescriber") -> Any:
    """Send a command as a script does."""
    url = reverse("web:session-commands", args=[house.session.pk])
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    return house.client(principal).post(url, text, content_type="application/json", headers=JSON)


NOTE = {"type": "record-note", "data": {"note": "warm blanket"}}
BODIES: dict[str, Any] = {
    "no bytes": b"",
    "not json": b"{",
    "not utf-8": b'{"type": "record-note", "data": {"note": "\xff\xfe"}}',
    "utf-16": '{"type": "record-note"}'.encode("utf-16"),
    "nan": b'{"type": "record-weight", "data": {"weight_kg": NaN}}',
    "infinity": b'{"type": "record-weight", "data": {"weight_kg": -Infinity}}',
    "too large a float": b'{"type": "record-weight", "data": {"weight_kg": 1e999}}',
    "too large a text number": {"type": "record-weight", "data": {"weight_kg": "1e999"}},
    "many digits": b'{"type": "record-vitals", "data": {"systolic": ' + b"9" * 4000 + b', "diastolic": 70}}',
    "too many digits": b'{"type": "record-vitals", "data": {"systolic": ' + b"9" * 9000 + b', "diastolic": 70}}',
    "small exponent": {"type": "record-weight", "data": {"weight_kg": "1e-999999999"}},
    "deep": b"[" * 100_000,
    "deep data": {"type": "record-note", "data": {"note": nest(800)}},
    "deep answers": {"type": "record-score", "data": {"scale": "moaas", "answers": {"a": nest(400)}}},
    "deep details": {"type": "record-check", "data": {"check": "x", "passed": True, "details": {"a": nest(400)}}},
    "large": {"type": "record-note", "data": {"note": "x" * 400_000}},
    "long note": {"type": "record-note", "data": {"note": LONG}},
    "nul": {"type": "record-note", "data": {"note": "a\x00b"}},
    "lone surrogate": b'{"type": "record-note", "data": {"note": "\\ud800"}}',
    "surrogate key": b'{"type": "record-note", "data": {"note": "x", "\\ud800": 1}}',
    "surrogate type": b'{"type": "\\ud800", "data": {}}',
    "surrogate code": b'{"type": "record-comfort", "data": {"kind": "\\udfff"}}',
    "nul code": {"type": "record-comfort", "data": {"kind": "a\x00"}},
    "type is a list": {"type": ["record-note"], "data": {}},
    "data is a text": {"type": "record-note", "data": "note"},
    "boolean number": {"type": "record-vitals", "data": {"systolic": True, "diastolic": False}},
    "key is a number": {**NOTE, "request_key": 5},
    "time under another name": {**NOTE, "occured_at": "2026-01-01T00:00:00Z"},
    "key under another name": {**NOTE, "key": "one-tap"},
    "field that there is not": {**NOTE, "x": 1},
    "key is long": {**NOTE, "request_key": "k" * 81},
    "key with nul": {**NOTE, "request_key": "a\x00"},
    "key with a surrogate": b'{"type": "record-note", "data": {"note": "x"}, "request_key": "\\ud800"}',
    "year 0": {**NOTE, "occurred_at": "0000-01-01T00:00:00Z"},
    "month 99": {**NOTE, "occurred_at": "9999-99-99T00:00:00Z"},
    "end of time": {**NOTE, "occurred_at": "9999-12-31T23:59:59-23:59"},
    "beginning of time": {**NOTE, "occurred_at": "0001-01-01T00:00:00+23:59"},
    "no zone": {**NOTE, "occurred_at": "2026-01-01T00:00:00"},
    "time is a number": {**NOTE, "occurred_at": 1e18},
    "time is a list": {**NOTE, "occurred_at": [2026]},
    "second is a text": {**NOTE, "second": "petra"},
    "second with nul": {**NOTE, "second": {"username": "a\x00", "secret": "\x00"}},
    "second with a surrogate": b'{"type": "record-note", "data": {"note": "x"},'
    b' "second": {"username": "\\ud800", "secret": "\\ud800"}}',
    "second of another site": {**NOTE, "second": {"username": "the-far-nurse", "secret": PASSWORD}},
    "prescriber elsewhere": {
        "type": "record-verbal-order",
        "data": {"prescriber": "the-far-prescriber", "order": "more of it", "read_back": True},
    },
    "a nurse as prescriber": {
        "type": "record-verbal-order",
        "data": {"prescriber": "the-nurse", "order": "more of it", "read_back": True},
    },
    "prescriber with nul": {
        "type": "record-verbal-order",
        "data": {"prescriber": "\x00", "order": "more of it", "read_back": True},
    },
    "prescriber is a list": {"type": "record-verbal-order", "data": {"prescriber": [[]], "order": "x", "read_back": 1}},
    "entry of the far future": {"type": "withdraw-entry", "data": {"seq": 10**18}},
    "no such alarm": {"type": "acknowledge-alarm", "data": {"alarm": "../../etc"}},
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_meant_is_refused_and_stores_nothing(house: House, name: str) -> None:
    with rolled_back():
        before = SessionEvent.objects.count(), CommandReceipt.objects.count()
        response = send(house, BODIES[name])
        assert response.status_code in {400, 413, 422}, f"{response.status_code} {response.content[:300]!r}"
        assert (SessionEvent.objects.count(), CommandReceipt.objects.count()) == before
        if response.status_code == 422:
            # Python reads NaN and Infinity, other readers of JSON do not
            answer = json.loads(response.content, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
            assert answer.keys() & {"problems", "refusal"}


def test_a_key_given_twice_in_one_object_is_read_once(house: House) -> None:
    with rolled_back():
        body = b'{"type": "record-note", "type": "record-note", "data": {"note": "warm"}, "data": {"note": "warm"}}'
        before = SessionEvent.objects.count()
        assert send(house, body).status_code == 200
        assert SessionEvent.objects.count() == before + 1


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["1e999", "NaN", "\x00", "-1", "2026-13-45", "the-nurse", "yes", "C-17", "iv"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def commands(draw: st.DrawFn) -> dict[str, Any]:
    """Return a command of a real type with fields that are partly real and values that are anything."""
    kind = draw(st.sampled_from(sorted(COMMANDS)))
    names = [field.name for field in COMMANDS[kind].fields] or ["none"]
    data = draw(st.dictionaries(st.sampled_from(names) | st.text(max_size=6), ANY, max_size=5))
    more = draw(st.dictionaries(st.sampled_from(["occurred_at", "request_key", "second", "x"]), ANY, max_size=2))
    return {"type": kind, "data": data, **more}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=commands())
def test_no_command_whatsoever_is_answered_with_a_failure(house: House, body: dict[str, Any]) -> None:
    with rolled_back():
        last_seq = Session.objects.get(pk=house.session.pk).last_seq
        response = send(house, body)
        assert response.status_code in {200, 403, 409, 422, 429}, f"{response.status_code} for {body}"
        if response.status_code != 200:
            assert Session.objects.get(pk=house.session.pk).last_seq == last_seq
        page = house.client("prescriber").get(reverse("web:session", args=[house.session.pk]))
        assert page.status_code == 200, f"the page fails after {body}"


def test_a_form_of_the_session_page_survives_garbage(house: House) -> None:
    url = reverse("web:session-commands", args=[house.session.pk])
    for form in (
        {"type": "record-vitals", "line": "\x00" * 50},
        {"type": "record-vitals", "line": "9" * 5000},
        {"type": "record-vitals", "data.systolic": "²", "data.diastolic": "--5"},
        {"type": "record-vitals", "data.a.b.c": "1", "data.a": "2", "data.": "x", "data..": "y"},
        {"type": "record-weight", "data.weight_kg": "1e999", "occurred_time": "99:99"},
        {"type": "record-weight", "data.weight_kg": "70", "occurred_time": "²5:00", "occurred_at": "garbage"},
        {"type": LONG, "sheet": LONG},
        {"type": "record-check", "sheet": "record-check-\x00", "data.check": "\x00"},
        {"type": "record-note", "data.note": "x", "request_key": LONG},
        {"type": "record-note", "data.note": "x", "request_key": "\x00"},
    ):
        with rolled_back():
            before = SessionEvent.objects.count()
            response = house.client("nurse").post(url, form)
            assert response.status_code == 422, f"{form}: {response.status_code}"
            assert SessionEvent.objects.count() == before


def test_the_same_person_does_not_sign_twice(house: House) -> None:
    with rolled_back():
        before = SessionEvent.objects.count()
        for name in ("the-nurse", " the-nurse ", "THE-NURSE"):
            response = send(house, {**NOTE, "second": {"username": name, "secret": PASSWORD}}, "nurse")
            assert response.status_code == 422
            assert response.json()["refusal"]["code"] in {"second-signer-same-person", "signature-refused"}
        assert SessionEvent.objects.count() == before


def test_guessing_a_second_signature_is_slowed(house: House) -> None:
    with rolled_back():
        codes = [
            send(house, {**NOTE, "second": {"username": "the-prescriber", "secret": f"no {n}"}}, "nurse").status_code
            for n in range(6)
        ]
        assert codes[0] == 422
        assert codes[-1] == 429


def test_a_signed_plan_is_not_changed(house: House) -> None:
    with rolled_back():
        plan = house.alder.plans.get(state="signed")
        url = reverse("web:patient-plan", args=[house.alder.pk])
        form = {
            "act": "store",
            "protocol_id": "iv-racemic",
            "indication": "trd",
            "dose_mg_per_kg": "1.5",
            "version": "1",
        }
        assert house.client("prescriber").post(url, form).status_code == 404
        with pytest.raises(Refused, match="signed plan never changes"):
            plans.update_draft(plan=plan, values={"dose_mg_per_kg": "1.5"}, by=house.users["prescriber"], now=house.now)
        plan.refresh_from_db()
        assert plan.dose_mg_per_kg != 1.5


def test_two_who_change_the_same_person_are_told_and_nothing_is_lost(house: House) -> None:
    url = reverse("web:patient-identity", args=[house.alder.pk])
    form = {
        "act": "identity",
        "family_name": "Exemplarova",
        "given_name": "Alderina",
        "birth_on": "1983-04-12",
        "version": "1",
    }
    with rolled_back():
        assert house.client("frontdesk").post(url, {**form, "phone": "111"}).status_code == 302
        late = house.client("nurse").post(url, {**form, "phone": "222"})
        assert late.status_code == 409
        assert "changed this meanwhile" in late.content.decode()
        assert Patient.objects.get(pk=house.alder.pk).phone == "111"


def test_two_who_change_the_same_draft_are_told_and_nothing_is_lost(house: House) -> None:
    with rolled_back():
        plan = house.cedar.plans.get(state="draft")
        by, now = house.users["prescriber"], house.now
        plans.update_draft(plan=plan, values={"notes": "first"}, by=by, now=now, version=plan.version)
        with pytest.raises(Conflict):
            plans.update_draft(plan=plan, values={"notes": "second"}, by=by, now=now, version=plan.version)
        plan.refresh_from_db()
        assert plan.notes == "first"


def test_the_same_key_for_another_entry_is_refused(house: House) -> None:
    with rolled_back():
        assert send(house, {**NOTE, "request_key": "one"}).status_code == 200
        other = send(house, {"type": "record-note", "data": {"note": "another"}, "request_key": "one"})
        assert other.status_code == 422
        assert other.json()["refusal"]["code"] == "request-key-used"
