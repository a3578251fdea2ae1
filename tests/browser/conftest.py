"""What the browser tests share: one server of each kind per worker, and people who sign in at it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.people import DESKTOP, Person
from tests.browser.servers import ClockedClinic, Served, make_clocked, make_demo

Enter = Callable[..., Person]
# a busy machine is slow, not wrong
PATIENCE_MS = 20_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder as needing a browser; with `--dist loadgroup` one worker starts one server."""
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.browser)
        servers = {"clinic", "demo_server"} & set(getattr(item, "fixturenames", ()))
        item.add_marker(pytest.mark.xdist_group("-".join(sorted(servers)) or "none"))


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for the servers' data, removed at the end."""
    folder = tmp_path_factory.mktemp("browser")
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def clinic(scratch: Path) -> Iterator[ClockedClinic]:
    """An empty clinic whose clock the journeys move on."""
    served = make_clocked(scratch)
    served.start()
    yield served
    served.stop()


@pytest.fixture(scope="session")
def demo_server(scratch: Path) -> Iterator[Served]:
    """The demonstration as `afterglow demo` starts it, with the password it prints."""
    served = make_demo(scratch)
    served.start()
    served.password = served.read_password()
    yield served
    served.stop()


@pytest.fixture
def demo(demo_server: Served) -> Served:
    """The demonstration's server, started again where a test left it killed."""
    if not demo_server.is_running:
        demo_server.start()
    return demo_server


@pytest.fixture
def enter(browser: Browser) -> Iterator[Enter]:
    """Give a function that signs somebody in at a screen of their own; at the end no screen may have complained."""
    people: list[Person] = []

    def _enter(served: Served, name: str, *, signs_in: bool = True, **options: Any) -> Person:
        context = browser.new_context(**{"viewport": DESKTOP, "accept_downloads": True, **options})
        context.set_default_timeout(PATIENCE_MS)
        person = Person(context, served.url, served.password, name)
        people.append(person)
        return person.sign_in() if signs_in else person

    yield _enter
    complaints = [complaint for person in people for complaint in person.watched.complaints]
    for person in people:
        person.context.close()
    assert complaints == []
