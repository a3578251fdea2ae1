"""The patients' own listener in a real server: their pages alone, no sign-in, and no token in any log."""

import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.web.test_storage_serve import ENVIRONMENT, find_port, run_afterglow

PASSWORD = "a long enough word"
# made in a process of its own: this one's Django belongs to the test database
BUILD = """
import sys
from datetime import UTC, datetime, timedelta
from afterglow.clinic.setup import set_up_clinic
set_up_clinic(sys.argv[1])
from django.utils import timezone
from afterglow.clinic.checkins.actions import send_checkin
from afterglow.clinic.people import accounts
from afterglow.clinic.people import actions as people
from afterglow.clinic.scheduling.feeds import create_feed
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.sites.models import Site
now, site = timezone.now(), Site.objects.get()
Site.objects.update(phone="555 0100", emergency_number="911")
desk = accounts.create_user(username="desk", site=site, roles=["frontdesk"], password=sys.argv[2], by=None, now=now)
nurse = accounts.create_user(username="nurse", site=site, roles=["nurse"], password=sys.argv[2], by=None, now=now)
from datetime import date
person = people.register_patient(
    site=site, family_name="Demo", given_name="Alder", birth_on=date(1983, 4, 12), by=desk, now=now
)
visit = Appointment.objects.create(
    site=site, patient=person, kind="call", starts_at=now + timedelta(hours=5), ends_at=now + timedelta(hours=6),
    booked_by=desk, booked_at=now,
)
_, token = send_checkin(appointment=visit, by=desk, now=now)
_, feed = create_feed(user=nurse, by=nurse, now=now)
print(token, feed)
"""


@dataclass(slots=True)
class Doors:
    """A served clinic with two doors, and the secrets of two addresses."""

    process: subprocess.Popen[bytes]
    staff: str
    patients: str
    token: str
    feed: str
    log: Path


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    folder = tmp_path_factory.mktemp("phone") / "clinic"
    made = run_afterglow("init", "--data", str(folder), "--site-name", "Hall Street", "--timezone", "Europe/Vienna")
    assert made.returncode == 0, made.stderr
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder), PASSWORD],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "AFTERGLOW_AS_OWNER": "1"},
        check=False,
        timeout=120,
    )
    assert built.returncode == 0, built.stderr
    token, feed = built.stdout.split()
    port, second = find_port(), find_port()
    log = folder.parent / "server.log"
    command = [sys.executable, "-m", "afterglow", "serve", "--data", str(folder), "--port", str(port)]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--patient-port", str(second)], stdout=subprocess.PIPE, stderr=stream, env=ENVIRONMENT
        )
        assert process.stdout is not None
        lines = [process.stdout.readline().decode() for _ in range(2)]
        assert lines[0].startswith("web ready at "), log.read_text()
        assert lines[1] == f"patients ready at http://127.0.0.1:{second}/\n"
        yield Doors(process, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{second}", token, feed, log)
        process.kill()
        process.communicate()


def ask(
    address: str, fields: dict[str, str] | None = None, *, jar: CookieJar | None = None, cookie: str = ""
) -> tuple[int, str, dict[str, str]]:
    """Return status, body and headers; a refusal is an answer like any other."""
    handlers = [urllib.request.HTTPCookieProcessor(jar)] if jar is not None else []
    opener = urllib.request.build_opener(*handlers)
    data = urlencode(fields).encode() if fields is not None else None
    request = urllib.request.Request(address, data=data, headers={"Cookie": cookie} if cookie else {})
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), {k.lower(): v for k, v in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), {k.lower(): v for k, v in error.headers.items()}


STAFF = (
    "/", "/patients/", "/accounts/login/", "/accounts/", "/schedule/", "/tasks/", "/audit/", "/metrics",
    "/sessions/aaaaaaaaaaaaaaaaaaaa/", "/.well-known/change-password", "/set-up/abc/", "/jsi18n/", "/floor/stream",
)  # fmt: skip


def test_the_patients_door_knows_no_page_of_staff_even_with_their_cookie(doors: Doors) -> None:
    jar = CookieJar()
    _, page, _ = ask(f"{doors.staff}/accounts/login/", jar=jar)
    form = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert form is not None
    fields = {"login": "nurse", "password": PASSWORD, "csrfmiddlewaretoken": form[1]}
    status, page, _ = ask(f"{doors.staff}/accounts/login/", fields, jar=jar)
    cookie = "; ".join(f"{each.name}={each.value}" for each in jar)
    assert "sessionid" in cookie, page[:300]
    for path in STAFF:
        status, page, headers = ask(doors.patients + path, cookie=cookie)
        assert status == 404, path
        assert "There is no page here" in page
        assert "555 0100" in page
        assert "set-cookie" not in headers
        assert headers["referrer-policy"] == "no-referrer"


def test_both_doors_open_a_patients_link_and_set_no_sign_in(doors: Doors) -> None:
    for door in (doors.patients, doors.staff):
        status, page, headers = ask(f"{door}/checkin/{doors.token}/")
        assert status == 200
        assert "check-in questions" in page
        assert "sessionid" not in headers.get("set-cookie", "")
        assert headers["cache-control"] == "no-store"
    assert ask(f"{doors.patients}/healthz")[0] == 200
    assert ask(f"{doors.patients}/intake/")[0] == 200
    style = re.search(r'href="(/static/build/[^"]+\.css)"', page)
    assert style is not None
    assert ask(doors.patients + style[1])[0] == 200


def test_an_answer_is_stored_through_the_patients_door(doors: Doors) -> None:
    jar, address = CookieJar(), f"{doors.patients}/checkin/{doors.token}/ask/fall/"
    _, page, _ = ask(address, jar=jar)
    form = re.search(r'name="form" value="([^"]+)"', page)
    assert form is not None
    assert ask(address, {"form": form[1], "choice": "yes"}, jar=jar)[0] == 200
    assert 'value="yes" checked' in ask(address, jar=jar)[1]


def test_no_token_stands_in_what_the_server_wrote(doors: Doors) -> None:
    paths = [f"/checkin/{doors.token}/", f"/checkin/{doors.token}/no-such/", f"/CHECKIN/{doors.token}/",
             f"/checkin//{doors.token}/", f"/x/{doors.token}", f"/checkin/{doors.token}/ask/?t={doors.token}",
             f"/feed/{doors.feed}.ics", f"/feed/{doors.feed}", f"/patients/{doors.token}/", f"/set-up/{doors.token}/",
             f"/checkin/{doors.token}%0d%0aX/", f"/%2fcheckin%2f{doors.token}"]  # fmt: skip
    for door in (doors.patients, doors.staff):
        for path in paths:
            ask(door + path)
            ask(door + path, {"choice": "yes"})
            ask(door + path, cookie="sessionid=x")
    written = doors.log.read_text()
    assert "Not Found: /checkin/[token]" in written
    assert doors.token not in written
    assert doors.feed not in written


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("--patient-port", "70000"), "patient-port"),
        (("--port", "8123", "--patient-port", "8123"), "patient-port"),
    ],
)
def test_a_port_that_cannot_be_is_refused_by_its_name(tmp_path: Path, arguments: tuple[str, ...], field: str) -> None:
    done = run_afterglow("serve", "--data", str(tmp_path), *arguments)
    assert done.returncode == 2
    assert field in done.stderr
