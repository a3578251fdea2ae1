"""The pure rooms stay pure: no clock, no global randomness, no files of their own choosing."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "afterglow"
PURE_ROOMS = ("terms", "instruments", "protocols", "chairside", "pharmacology", "outcomes")
SEEDED = {"default_rng", "Generator", "SeedSequence", "PCG64", "PCG64DXSM", "Philox"}
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
CLOCK_OWNERS = {"datetime", "date", "time", "dt"}
FORBIDDEN_CALLS = {"open", "input", "print", "exec", "eval"}
FORBIDDEN_METHODS = {"write_text", "write_bytes", "mkdir", "unlink", "getenv"}


def list_impurities(tree: ast.AST) -> Iterator[str]:
    """Yield each call that reads a clock, a global generator, a file or the environment."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        text = ast.unparse(node.func)
        owner, _, method = text.rpartition(".")
        if text in FORBIDDEN_CALLS or method in FORBIDDEN_METHODS:
            yield f"line {node.lineno}: {text}()"
        elif method in CLOCKS and owner.rpartition(".")[2] in CLOCK_OWNERS:
            yield f"line {node.lineno}: {text}() reads the clock"
        elif method in SEEDED and (node.args or node.keywords):
            continue
        elif owner in {"random", "secrets", "os", "np.random", "numpy.random"}:
            yield f"line {node.lineno}: {text}() reaches outside"


def pure_modules() -> list[Path]:
    """Every module of the pure rooms that exist."""
    return [path for room in PURE_ROOMS for path in sorted((SOURCE / room).rglob("*.py"))]


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_pure_room_takes_clock_randomness_and_files_as_arguments(path: Path) -> None:
    found = list(list_impurities(ast.parse(path.read_text(encoding="utf-8"))))
    assert found == []


@pytest.mark.parametrize(
    "code",
    ["datetime.now()", "dt.datetime.utcnow()", "date.today()", "time.time()", "random.random()", "open('x')",
     "os.getenv('X')",
     "np.random.default_rng()", "np.random.normal(3)", "Path('x').write_text('')"],
)  # fmt: skip
def test_the_watch_itself_notices(code: str) -> None:
    assert list(list_impurities(ast.parse(code)))


def test_reading_packaged_data_and_passed_in_clocks_is_allowed() -> None:
    allowed = "resources.files('afterglow').joinpath('a').open('rb'); clock(); state.now; rng.random()"
    allowed += "; np.random.default_rng(7)"
    assert list(list_impurities(ast.parse(allowed))) == []
