"""What every test may use: the browser, the PostgreSQL server, hypothesis profiles.

A test whose real part is missing is skipped; AFTERGLOW_REQUIRE=browser,postgres makes that a failure.
"""

import os
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")

settings.register_profile("quick", max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# the same examples each time, so that a commit is judged by what it changes; `hunt` looks for what is not known
settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("hunt", max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("AFTERGLOW_HYPOTHESIS", "quick"))


def find_browser() -> str | None:
    """Return the Chromium to test with: the CHROMIUM variable, else the first known name on PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in BROWSER_NAMES if (path := shutil.which(name))), None)


def find_postgres_url() -> str | None:
    """Return the address of a PostgreSQL database whose owner may create databases, or None."""
    return os.environ.get("AFTERGLOW_TEST_POSTGRES_URL") or None


def miss(part: str, reason: str) -> None:
    """Skip because a real part is missing, or fail where AFTERGLOW_REQUIRE names the part."""
    if part in os.environ.get("AFTERGLOW_REQUIRE", "").split(","):
        pytest.fail(f"AFTERGLOW_REQUIRE names {part}: {reason}")
    pytest.skip(reason)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the browser tests last: the browser's event loop stays in its process until the end, and others need none."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print each reason for a skip once, with the number of tests it kept from running."""
    reasons = Counter(
        str(report.longrepr[2]).removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count}: {reason}")


def pytest_unconfigure() -> None:
    """Remove the scratch folder that the clinic's settings made for this process."""
    from django.conf import settings as clinic

    if clinic.configured and getattr(clinic, "IS_SCRATCH", False):
        shutil.rmtree(clinic.DATA_DIR, ignore_errors=True)


@pytest.fixture(autouse=True)
def _require_real_parts(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("browser") and not find_browser():
        miss("browser", "no Chromium: apt install chromium, or set CHROMIUM=/path")
    if request.node.get_closest_marker("postgres") and not find_postgres_url():
        miss("postgres", "no PostgreSQL: set AFTERGLOW_TEST_POSTGRES_URL")


@pytest.fixture(autouse=True, scope="session")
def _walk_static_files_once() -> Iterator[None]:
    """Let each test client take the list of static files that the first one made; walking the folders takes 0.1 s."""
    from servestatic.middleware import ServeStaticMiddleware

    found: dict[str, Any] = {}
    walk = ServeStaticMiddleware.add_files_from_finders

    def add(self: Any) -> None:
        if not found:
            walk(self)
            found.update(self.files)
        self.files.update(found)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ServeStaticMiddleware, "add_files_from_finders", add)
        yield


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """Launch the system's Chromium instead of Playwright's own download."""
    exe = find_browser()
    if not exe:
        miss("browser", "no Chromium: apt install chromium, or set CHROMIUM=/path")
    return {
        **browser_type_launch_args,
        "executable_path": exe,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb"],
    }


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The address of the PostgreSQL server to test against, or a skip."""
    url = find_postgres_url()
    if not url:
        miss("postgres", "no PostgreSQL: set AFTERGLOW_TEST_POSTGRES_URL")
    return str(url)


@pytest.fixture(scope="session")
def shared_folder() -> Path:
    """The reference material beside the checkout, or a skip where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("no ../shared beside the checkout")
    return SHARED
