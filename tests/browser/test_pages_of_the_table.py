"""Every name of the table of addresses: axe in both schemes, reflow and targets, by a person who may open its page.

A new route fails here until it stands in `page_table`: opened here, measured elsewhere, or no page.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.page_table import ELSEWHERE, NO_PAGE, OPENED
from tests.browser.people import Person
from tests.browser.servers import HERE, Served
from tests.web.test_permission_matrix import NEEDED, ROUTES

HIDDEN = {"AFTERGLOW_SCRATCH", "AFTERGLOW_DATA", "DJANGO_SETTINGS_MODULE", "AFTERGLOW_TEST_DATABASE_URL"}
PEOPLE = sorted({name for rows in OPENED.values() for name, _ in rows})


def list_pages() -> set[str]:
    """Return the names that answer somebody with a page; a patient's link of the matrix is no link, so all of those."""
    answering = {route for route, rows in ROUTES.items() if "200" in rows["GET"].split()}
    return answering | {route for route in NEEDED if route.startswith("phone:")}


def test_every_route_is_opened_by_a_test_or_said_to_be_no_page() -> None:
    tables = [set(OPENED), set(ELSEWHERE), set(NO_PAGE)]
    named = [route for table in tables for route in table]
    assert len(named) == len(set(named)), "a route stands in two tables"
    assert sorted(list_pages()) == sorted(named), "say in page_table who opens the page of this route"
    for route, (file, words) in ELSEWHERE.items():
        assert words in (HERE / file).read_text(encoding="utf-8"), f"{file} does not open {route}"


def run_beside(folder: Path, *words: str) -> str:
    """Run the script that writes beside the server; return what it prints."""
    environment = {name: value for name, value in os.environ.items() if name not in HIDDEN}
    command = [sys.executable, str(HERE / "table_rows.py"), str(folder), *words]
    made = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=120)
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture(scope="module")
def parts(demo_server: Served) -> Iterator[dict[str, str]]:
    """The parts of the addresses, after the demonstration was given what its pages lack."""
    found: dict[str, str] = json.loads(run_beside(demo_server.folder).splitlines()[-1])
    yield found
    # the strip of an open call would stand on every page of later tests
    run_beside(demo_server.folder, found["call_id"])


@pytest.mark.parametrize("name", PEOPLE)
def test_the_pages_of(name: str, demo: Served, enter: Enter, parts: dict[str, str]) -> None:
    person = enter(demo, name)
    faults = [fault for path in list_paths(name) for fault in judge(open_page(person, path, parts), path)]
    assert faults == []


def list_paths(name: str) -> list[str]:
    """Return the addresses that a person opens."""
    return [path for rows in OPENED.values() for who, path in rows if who == name]


def open_page(person: Person, path: str, parts: dict[str, str]) -> Page:
    """Open an address; it must be the page itself and not where one is led from it."""
    page = person.go(path.format(**parts))
    assert page.url == person.url + path.format(**parts), f"{path} led to {page.url}"
    return page
