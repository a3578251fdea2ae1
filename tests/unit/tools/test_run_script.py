"""`run` picks the right wheel, refuses what the lock does not know, and hands arguments over untouched."""

import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

RUN = Path(__file__).resolve().parents[3] / "run"
NAMES = {
    ("linux", "x86_64"): "uv-1.2.3-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    ("linux", "aarch64"): "uv-1.2.3-py3-none-manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64.whl",
    ("darwin", "arm64"): "uv-1.2.3-py3-none-macosx_11_0_arm64.whl",
    ("win32", "AMD64"): "uv-1.2.3-py3-none-win_amd64.whl",
}


def load_run() -> ModuleType:
    """Import the script although it has no suffix."""
    loader = importlib.machinery.SourceFileLoader("run_under_test", str(RUN))
    spec = importlib.util.spec_from_loader("run_under_test", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


run = load_run()


@pytest.mark.parametrize(("system", "machine"), NAMES)
def test_wheel_of_the_machine_is_chosen(system: str, machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wheels = {f"https://x/{name}": f"sha256:{number}" for number, name in enumerate(NAMES.values())}
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr("platform.libc_ver", lambda: ("glibc", "2.36"))
    url, _digest = run.choose_wheel(wheels, list(wheels.values()))
    assert url.endswith(NAMES[system, machine])


def test_wheel_that_the_lock_does_not_know_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    with pytest.raises(SystemExit):
        run.choose_wheel({f"https://x/{NAMES['linux', 'x86_64']}": "sha256:other"}, ["sha256:locked"])


JSON_PAGE = json.dumps({"files": [{"url": "../uv-1.2.3-py3-none-any.whl", "hashes": {"sha256": "ab"}}]})
HTML_PAGE = (
    '<a href="../uv-1.2.3-py3-none-any.whl#sha256=ab">x</a><a href="../uv-1.2.30-py3-none-any.whl#sha256=c">y</a>'
)


@pytest.mark.parametrize("page", [JSON_PAGE, HTML_PAGE], ids=["json", "html"])
def test_index_page_is_read_in_both_forms_from_the_configured_index(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple/")
    asked: list[str] = []
    monkeypatch.setattr(run, "fetch", lambda url, *_accept: asked.append(url) or page.encode())
    assert run.list_wheels("1.2.3") == {"https://mirror.example/simple/uv-1.2.3-py3-none-any.whl": "sha256:ab"}
    assert asked == ["https://mirror.example/simple/uv/"]


def test_unpacked_wheel_gives_an_executable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as wheel:
        wheel.writestr("uv-1.2.3.data/scripts/uv", "#!/bin/sh\n")
        wheel.writestr("uv/__init__.py", "")
    digest = "sha256:" + hashlib.sha256(buffer.getvalue()).hexdigest()
    monkeypatch.setattr(run, "list_wheels", lambda _version: {"https://x/uv.whl": digest})
    monkeypatch.setattr(run, "choose_wheel", lambda wheels, _hashes: next(iter(wheels.items())))
    monkeypatch.setattr(run, "fetch", lambda *_words: buffer.getvalue())
    run.install_from_index(str(tmp_path), "1.2.3", [digest])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["uv"]
    assert os.access(tmp_path / "bin" / "uv", os.X_OK)


def test_download_with_another_hash_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "list_wheels", lambda _version: {})
    monkeypatch.setattr(run, "choose_wheel", lambda *_words: ("https://x/uv.whl", "sha256:00"))
    monkeypatch.setattr(run, "fetch", lambda *_words: b"something else")
    with pytest.raises(SystemExit):
        run.install_from_index(str(tmp_path), "1.2.3", ["sha256:00"])
    assert list(tmp_path.iterdir()) == []


def test_pin_comes_from_the_lock() -> None:
    version, hashes = run.read_pin()
    assert tuple(int(part) for part in version.split(".")) >= run.OLDEST_UV
    assert all(digest.startswith("sha256:") for digest in hashes)


def test_arguments_are_passed_on_in_order() -> None:
    words = run.build_words("afterglow", ["screen", "-", "--json"])
    assert words[-4:] == ["afterglow", "screen", "-", "--json"]
    assert run.build_words("test", ["-k", "a b"])[-2:] == ["-k", "a b"]


def test_demo_runs_on_the_base_install() -> None:
    words = run.build_words("demo", [])
    assert "--no-dev" in words
    assert "--extra" not in words


def test_without_a_command_the_commands_are_listed() -> None:
    done = subprocess.run([sys.executable, str(RUN)], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("demo", "test", "check", "bench", "afterglow"))


def test_unknown_command_is_a_wrong_call() -> None:
    done = subprocess.run([sys.executable, str(RUN), "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "dance" in done.stderr


def test_exit_status_of_the_command_is_passed_through(tmp_path: Path) -> None:
    fake = tmp_path / "uv"
    fake.write_text('#!/bin/sh\necho "$@"\nexit 7\n', encoding="utf-8")
    fake.chmod(0o755)
    done = subprocess.run(
        [sys.executable, str(RUN), "afterglow", "dose", "--weight", "70"],
        env={**os.environ, "UV": str(fake)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 7
    assert done.stdout.strip().endswith("afterglow dose --weight 70")
