"""Who may do what: every route of the resolver, asked for real by every principal, against a reviewed file of answers.

A route that is not in `permission_matrix.toml` fails, and so does a row of the file that no route answers to.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from afterglow.clinic.audit.models import AuditEvent, ReadEvent
from tests.web import matrix
from tests.web.matrix.ask import Ask
from tests.web.matrix_requests import ASKS, OBJECTS, build_parts, build_url, get_ask, hide
from tests.web.security_support import PRINCIPALS, House, build_house, rolled_back

pytestmark = pytest.mark.django_db

FILE = Path(__file__).with_name("permission_matrix.toml")
STREAMS = {"web:session-stream"} | matrix.gather("STREAMS", set())
LOGIN = "/accounts/login/"
REFUSED = {"login", "401", "403", "404", "405"}
# acts after which everybody stands before the sign-in page
LEADING_OUT = {("web:sign-out", "POST"), ("web:set-up", "POST")}
# who must not even have opened the chart; a role without the act may have, which is a read
OUTSIDE = ("anonymous", "manager", "researcher", "roleless", "far-nurse", "far-prescriber")
# what concerns only one's own browser, and calculations that store nothing
CALCULATIONS = {
    ("web:patient-order", "POST work-out"),
    ("web:patient-plan", "POST expect"),
    ("web:patient-plan-stop", "POST ask"),
    ("web:patient-plan-expected", "POST"),
}
NO_ACTS = (
    {(f"web:{name}", "POST") for name in ("theme", "site", "shortcuts", "locked")}
    | CALCULATIONS
    | matrix.gather("OWN", set())
)
WORDS = {"login", "200", "302", "401", "403", "404", "405", "422"}
TOKEN = re.compile(rb'(?:csrfmiddlewaretoken" value=|X-CSRFToken": |data-clock=)"[^"]+|[0-9a-z]{20}')
# the minute of the page head may turn between two answers
CLOCK = re.compile(rb"(\d{4}-\d\d-\d\dT)?\d\d:\d\d(:\d\d(\.\d+)?)?")
MATRIX: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ROUTES: dict[str, dict[str, str]] = MATRIX["route"] | matrix.read_routes()


def walk(resolver: Any = None, space: str = "", above: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name of every route and the parts its address needs, those of the folders above it too."""
    for entry in (resolver or get_resolver()).url_patterns:
        parts = (*above, *entry.pattern.converters, *entry.pattern.regex.groupindex)
        if isinstance(entry, URLResolver):
            yield from walk(entry, f"{space}{entry.namespace}:" if entry.namespace else space, parts)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name}", tuple(dict.fromkeys(parts))


NEEDED = dict(walk())
ROWS = [(route, row) for route, rows in ROUTES.items() for row in rows if row.split()[0] in {"GET", "POST"}]
ASKED = [pair for pair in ROWS if pair[0] not in STREAMS]


def test_every_route_is_in_the_file_and_every_name_of_the_file_is_a_route() -> None:
    assert sorted(NEEDED) == sorted(ROUTES), "review the route, then add its expected answers to permission_matrix.toml"
    for route, rows in ROUTES.items():
        assert rows.get("why"), f"{route} has no sentence"
        assert {"GET", "POST"} <= set(rows), f"{route} must say what GET and POST answer"
    assert {pair for pair in ASKS if pair not in ROWS} == set(), "a request without a row"
    assert {pair for pair in ROWS if len(pair[1].split()) > 1 and pair not in ASKS} == set(), "an act without a request"


def test_every_row_names_an_answer_for_every_principal() -> None:
    assert tuple(MATRIX["principals"]) == PRINCIPALS
    for route, row in ROWS:
        words = ROUTES[route][row].split()
        assert len(words) == len(PRINCIPALS), f"{route} {row}"
        assert set(words) <= WORDS, f"{route} {row}"


@pytest.fixture(scope="module")
def house(django_db_setup: None, django_db_blocker: Any) -> Iterator[House]:
    """One clinic for all rows; every request is rolled back."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield build_house()
        transaction.set_rollback(True)


@dataclass(frozen=True, slots=True)
class Ready:
    """The request of a row, prepared once and sent by everybody."""

    url: str
    hidden_url: str
    method: str
    ask: Ask

    def send(self, house: House, principal: str, *, is_hidden: bool = False) -> Any:
        """Send it as a principal; with an identifier that nobody has where it is to be hidden."""
        client = house.client(principal)
        url = self.hidden_url if is_hidden else self.url
        if self.method == "GET":
            return client.get(url)
        if self.ask.json is not None:
            headers = {"Accept": "application/json"}
            return client.post(url, self.ask.json, content_type="application/json", headers=headers)
        return client.post(url, self.ask.form or {})


def prepare(house: House, route: str, row: str) -> Ready:
    """Return the request of a row."""
    ask = get_ask(route, row, house)
    parts = build_parts(house, ask)
    url, hidden_url = (build_url(route, NEEDED[route], given) for given in (parts, hide(parts)))
    return Ready(url, hidden_url, row.split()[0], ask)


def describe(response: Any) -> str:
    """Return an answer as the file writes it."""
    if response.status_code == 302 and response["Location"].startswith(LOGIN):
        return "login"
    return str(response.status_code)


def read_body(response: Any) -> bytes:
    """Return what a person sees, without what differs from one answer to the next."""
    return CLOCK.sub(b"", TOKEN.sub(b"", response.content))


@pytest.mark.parametrize(("route", "row"), ASKED, ids=[f"{route} {row}" for route, row in ASKED])
def test_each_cell_answers_as_the_file_says(house: House, route: str, row: str) -> None:
    wrong = {}
    ready = prepare(house, route, row)
    for principal, expected in zip(PRINCIPALS, ROUTES[route][row].split(), strict=True):
        with rolled_back():
            acts, reads = AuditEvent.objects.count(), ReadEvent.objects.count()
            response = ready.send(house, principal)
            seen = describe(response)
            if seen != expected:
                wrong[principal] = f"{seen} instead of {expected}"
            elif is_refusal(route, row, seen) and AuditEvent.objects.count() != acts:
                wrong[principal] = f"{seen}, and yet something was stored"
            elif principal in OUTSIDE and seen in REFUSED and ReadEvent.objects.count() != reads:
                wrong[principal] = f"{seen}, and yet something was read"
            elif is_chart_read(route, row, seen) and ReadEvent.objects.count() <= reads:
                wrong[principal] = "read without a line in the log of reads"
            elif is_act(route, row, seen) and AuditEvent.objects.count() <= acts:
                wrong[principal] = "acted without a line in the log of acts"
    assert wrong == {}, f"{route} {row}"


def is_refusal(route: str, row: str, seen: str) -> bool:
    """Return whether a cell must leave everything as it was."""
    return seen in REFUSED and (route, row) not in LEADING_OUT


def is_chart_read(route: str, row: str, seen: str) -> bool:
    """Return whether a cell shows what belongs to one patient."""
    is_shown = row == "GET" or (route, row) in CALCULATIONS
    return is_shown and seen == "200" and bool(set(NEEDED[route]) & OBJECTS)


def is_act(route: str, row: str, seen: str) -> bool:
    """Return whether a cell is an act of the clinic that was carried out."""
    return (route, row) in ASKS and (route, row) not in NO_ACTS and seen in {"200", "302"}


HIDDEN = [pair for pair in ASKED if set(NEEDED[pair[0]]) & OBJECTS]
STRANGERS = ("frontdesk", "far-nurse", "split")


@pytest.mark.parametrize(("route", "row"), HIDDEN, ids=[f"{route} {row}" for route, row in HIDDEN])
def test_what_may_not_be_seen_looks_like_what_does_not_exist(house: House, route: str, row: str) -> None:
    answers = dict(zip(PRINCIPALS, ROUTES[route][row].split(), strict=True))
    wrong = {}
    ready = prepare(house, route, row)
    for principal in STRANGERS:
        with rolled_back():
            nowhere = ready.send(house, principal, is_hidden=True)
            if describe(nowhere) not in {"403", "404", "405"}:
                wrong[principal] = f"{describe(nowhere)} for an identifier that nobody has"
            if answers[principal] in {"200", "302", "422"}:
                continue
            there = ready.send(house, principal)
            if describe(there) != describe(nowhere) or read_body(there) != read_body(nowhere):
                wrong[principal] = f"{describe(there)} where it exists, {describe(nowhere)} where it does not"
    assert wrong == {}, f"{route} {row}"


@pytest.mark.parametrize("route", sorted(set(ROUTES) - STREAMS))
def test_no_other_method_reaches_anything(house: House, route: str) -> None:
    ask = get_ask(route, "GET", house)
    url = build_url(route, NEEDED[route], build_parts(house, ask))
    for principal in ("anonymous", "nurse"):
        for method in ("put", "patch", "delete"):
            with rolled_back():
                acts = AuditEvent.objects.count()
                response = getattr(house.client(principal), method)(url)
                # the sign-in library shows its empty form to any method
                answers = {302, 403, 404, 405} | ({200} if route.startswith("account_") else set())
                assert response.status_code in answers, f"{method} {principal}: {response.status_code}"
                assert AuditEvent.objects.count() == acts
