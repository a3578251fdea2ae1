"""The board's stream from a served clinic, over HTTP: news, what a gap left out, the end with the sign-in."""

import json
import re
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.browser.servers import PASSWORD, ClockedClinic, make_clocked

ANSWERS_WITHIN_S = 60
# well above two beats of a slow machine, below the half minute after which a stream asks for the permission again
ENDS_WITHIN_S = 20
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
PRESENCE = re.compile(r'name="presence" value="([^"]+)"')
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockedClinic]:
    """A clinic with staff and three rooms, served by the real command."""
    served = make_clocked(tmp_path_factory.mktemp("floor"))
    served.start()
    yield served
    served.stop()


class Visitor:
    """One signed-in member of staff: cookies, pages, acts, and a stream."""

    def __init__(self, clinic: ClockedClinic, username: str) -> None:
        """Sign in."""
        self.port, self.cookies = clinic.port, dict[str, str]()
        page = self.ask("GET", "/accounts/login/").read().decode()
        answer = self.send("/accounts/login/", page, login=username, password=PASSWORD)
        assert answer.status == 302, answer.status

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> HTTPResponse:
        """Send a request with the cookies and keep those of the answer."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS_WITHIN_S)
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        line.request(method, path, body or None, {"Cookie": cookies, "Connection": "close", **headers})
        answer = line.getresponse()
        for given in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = given.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        return answer

    def send(self, path: str, page: str, **fields: str) -> HTTPResponse:
        """Send a form that stands on a page."""
        found = TOKEN.search(page)
        assert found, page[:400]
        body = urlencode({"csrfmiddlewaretoken": found[1], **fields})
        origin = f"http://127.0.0.1:{self.port}"
        return self.ask("POST", path, body, **{"Content-Type": FORM, "Referer": f"{origin}{path}", "Origin": origin})

    def act(self, path: str, **fields: str) -> None:
        """Open a page and send a form of it."""
        answer = self.send(path, self.ask("GET", path).read().decode(), **fields)
        assert answer.status == 302, answer.status

    def open_stream(self, last_id: str = "") -> "Stream":
        """Open the board's stream; `last_id` names what the screen has."""
        known = {"Last-Event-ID": last_id} if last_id else {}
        return Stream(self.ask("GET", "/floor/stream", **{"Accept": "text/event-stream", **known}))


class Stream:
    """The messages of an open stream, one by one."""

    def __init__(self, answer: HTTPResponse) -> None:
        """Keep the open answer."""
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
        assert answer.headers["Cache-Control"] == "no-store"
        self.answer, self.last_id = answer, ""

    def read(self) -> dict[str, Any] | None:
        """Return the next message, or None at the stream's end."""
        fields: dict[str, str] = {}
        while line := self.answer.readline().decode():
            if line == "\n" and "event" in fields:
                self.last_id = fields["id"]
                return {"event": fields["event"], **json.loads(fields["data"])}
            name, _, value = line.strip().partition(": ")
            fields[name] = value
        return None

    def read_parts(self) -> dict[str, Any]:
        """Return the parts of the next message that has any; beats are passed over."""
        while (message := self.read()) is not None:
            if message["event"] == "parts":
                return dict(message["parts"])
        raise AssertionError("the stream ended")

    def wait_for(self, part: str) -> str:
        """Return what stands in a part once it is sent."""
        while part not in (parts := self.read_parts()):
            pass
        return str(parts[part]["html"])

    def close(self) -> None:
        """Lose the link."""
        self.answer.close()


def test_an_act_reaches_every_viewer_who_may_see_it(clinic: ClockedClinic) -> None:
    nurse, prescriber = Visitor(clinic, "nurse"), Visitor(clinic, "prescriber")
    streams = [nurse.open_stream(), prescriber.open_stream()]
    for stream in streams:
        parts = stream.read_parts()
        assert {"needs", "staff", "arrivals", "due", "today"} <= set(parts)
        assert "No prescriber signed in" in parts["today"]["html"]
    prescriber.act("/floor/opening/", act="sign-in", expected_until="")
    for stream in streams:
        assert "Dr. M. Ferreira on site" in stream.wait_for("today")
        stream.close()


def test_a_screen_that_was_away_gets_what_changed_meanwhile_and_nothing_else(clinic: ClockedClinic) -> None:
    nurse, prescriber = Visitor(clinic, "nurse"), Visitor(clinic, "prescriber2")
    stream = nurse.open_stream()
    known = set(stream.read_parts())
    last_id = stream.last_id
    stream.close()
    prescriber.act("/floor/opening/", act="sign-in", expected_until="")
    back = nurse.open_stream(last_id)
    missed = back.read_parts()
    assert "Dr. O. Specimen on site" in missed["today"]["html"]
    assert set(missed) < known
    assert not {"staff", "arrivals"} & set(missed)
    back.close()
    # another beginning, as after the server was started again: everything
    fresh = nurse.open_stream("ffffffff-9")
    assert set(fresh.read_parts()) == known
    fresh.close()


def test_signing_out_ends_the_stream_of_that_sign_in_alone(clinic: ClockedClinic) -> None:
    nurse, elsewhere = Visitor(clinic, "nurse"), Visitor(clinic, "nurse")
    leaving, staying = nurse.open_stream(), elsewhere.open_stream()
    leaving.read_parts()
    staying.read_parts()
    answer = nurse.send("/sign-out/", nurse.ask("GET", "/help/").read().decode())
    assert answer.status == 302
    until = time.monotonic() + ENDS_WITHIN_S
    while leaving.read() is not None:
        assert time.monotonic() < until, "the stream went on after signing out"
    assert nurse.ask("GET", "/floor/stream").status == 401
    message = staying.read()
    assert message is not None
    assert message["event"] in {"beat", "parts"}
    staying.close()


def test_a_locked_screen_hears_that_it_is_live_and_nothing_of_anybody(clinic: ClockedClinic) -> None:
    nurse, prescriber = Visitor(clinic, "nurse"), Visitor(clinic, "prescriber2")
    prescriber.act("/floor/opening/", act="sign-in", expected_until="")
    before = nurse.open_stream()
    assert "Dr. O. Specimen on site" in before.read_parts()["today"]["html"]
    assert nurse.send("/lock/", nurse.ask("GET", "/help/").read().decode()).status == 302
    until = time.monotonic() + ENDS_WITHIN_S
    while before.read() is not None:
        assert time.monotonic() < until, "the stream went on with everything after locking"
    locked = nurse.open_stream(before.last_id)
    for present in PRESENCE.findall(prescriber.ask("GET", "/floor/opening/").read().decode()):
        prescriber.act("/floor/opening/", act="sign-out", presence=present)
    heard = [locked.read() for _ in range(4)]
    assert [message["event"] for message in heard if message] == ["beat"] * 4
    # unlocking ends it; the next one brings what was missed
    page = nurse.ask("GET", "/locked/").read().decode()
    assert nurse.send("/locked/", page, secret=PASSWORD, next="/").status == 302
    until = time.monotonic() + ENDS_WITHIN_S
    while locked.read() is not None:
        assert time.monotonic() < until, "the silent stream went on after unlocking"
    back = nurse.open_stream(before.last_id)
    assert "Dr. O. Specimen on site" not in back.read_parts()["today"]["html"]
    back.close()


def test_who_may_not_see_the_floor_gets_no_stream(clinic: ClockedClinic) -> None:
    assert Visitor(clinic, "auditor").ask("GET", "/floor/stream").status == 403
