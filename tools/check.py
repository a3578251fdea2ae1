"""`./run check [NAME ...]`: runs the checks in turn, prints a line for each, and fails if one failed.

A check answers with what it found wrong, or skips with the reason; with CI set, a skip is a failure too.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tools.bibliography import check_bibliography
from tools.licences import judge_licences, list_npm_licences, list_python_licences, load_allow_list
from tools.messages import list_stale
from tools.shape import check_shape
from tools.templates import check_templates

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "afterglow"
SOURCES = ["src", "tests", "bench", "tools", "frontend/build.py", "hatch_build.py", "run"]


class Skipped(Exception):
    """A check that cannot run here; the message is the reason."""


def check_format() -> list[str]:
    """Tell which files `ruff format` would change."""
    return _run([_tool("ruff"), "format", "--check", "--quiet", *SOURCES], "run `ruff format`")


def check_lint() -> list[str]:
    """Tell what ruff finds."""
    return _run([_tool("ruff"), "check", "--quiet", "--output-format=concise", *SOURCES])


def check_lock() -> list[str]:
    """Tell whether uv.lock fits pyproject.toml."""
    uv = os.environ.get("UV")
    if not uv:
        raise Skipped("no uv around: start it with ./run check")
    return _run([uv, "lock", "--check", "--quiet"], "uv.lock does not fit pyproject.toml; run `uv lock`")


def check_types() -> list[str]:
    """Tell what mypy finds."""
    with tempfile.TemporaryDirectory() as folder:  # mypy leaves without cleaning up the scratch clinic
        return _run([sys.executable, "-m", "mypy", "--no-error-summary"], environment={"TMPDIR": folder})


def check_typescript() -> list[str]:
    """Tell what tsc finds; its native binary is fetched like esbuild's, so no Node is needed."""
    spec = importlib.util.spec_from_file_location("frontend_build", ROOT / "frontend" / "build.py")
    if spec is None or spec.loader is None:
        return ["frontend/build.py is missing"]
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    try:
        tsc = builder.fetch_tsc(ROOT, builder.read_lock(ROOT), say=lambda _text: None)
    except builder.BuildError as error:
        raise Skipped(str(error)) from None
    return _run([str(tsc), "--project", "frontend"])


def check_imports() -> list[str]:
    """Tell which import contract is broken."""
    return _run([_tool("lint-imports"), "--no-cache", "--no-logo"])


def check_migrations() -> list[str]:
    """Tell whether a model changed without a migration."""
    if not (PACKAGE / "clinic" / "settings.py").is_file():
        raise Skipped("the clinic is not there yet")
    return _run(
        [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"],
        environment={"DJANGO_SETTINGS_MODULE": "afterglow.clinic.settings", "AFTERGLOW_SCRATCH": "1"},
    )


def check_licences() -> list[str]:
    """Tell which installed or locked package the allow-list does not cover."""
    licences = {**list_python_licences(), **list_npm_licences(ROOT / "frontend" / "package-lock.json")}
    return judge_licences(licences, load_allow_list())


def check_page_templates() -> list[str]:
    """Tell where a template breaks the content policy."""
    return check_templates(PACKAGE)


def check_messages() -> list[str]:
    """Tell which words of the pages the source catalogue lacks or has too many."""
    return list_stale()


def check_sources() -> list[str]:
    """Tell which citation leads nowhere."""
    return check_bibliography(PACKAGE)


def check_sizes() -> list[str]:
    """Tell what is too long, unfinished, or a test that cannot fail."""
    return check_shape(ROOT)


CHECKS: dict[str, Callable[[], list[str]]] = {
    "format": check_format,
    "lint": check_lint,
    "lock": check_lock,
    "imports": check_imports,
    "shape": check_sizes,
    "templates": check_page_templates,
    "messages": check_messages,
    "bibliography": check_sources,
    "licences": check_licences,
    "migrations": check_migrations,
    "typescript": check_typescript,
    "types": check_types,
}


def main(names: list[str]) -> int:
    """Run the named checks, or all; print what each found."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"check: no check {', '.join(unknown)}; there are: {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    failed = []
    for name in names or CHECKS:
        started = time.monotonic()
        try:
            found = CHECKS[name]()
            word = "failed" if found else "ok"
        except Skipped as reason:
            found, word = [], f"skipped: {reason}"
            if os.environ.get("CI"):
                found = ["a skip counts as a failure where CI is set"]
        print(f"{name:<14} {word} ({time.monotonic() - started:.1f} s)", flush=True)
        for line in found:
            print(f"  {line}", flush=True)
        failed += [name] if found else []
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _run(command: list[str], hint: str = "", *, environment: dict[str, str] | None = None) -> list[str]:
    merged = {**os.environ, **(environment or {})}
    done = subprocess.run(command, cwd=ROOT, env=merged, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    lines = (done.stdout + done.stderr).strip().splitlines()
    return [*lines, *([hint] if hint else [])] or [f"exit status {done.returncode}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
