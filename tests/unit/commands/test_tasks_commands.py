"""The commands that sweep tasks and send messages, in a clinic of their own."""

import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from afterglow import commands
from afterglow.cli import COMMANDS


def run(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "afterglow", *words, "--data", str(data)]
    return subprocess.run(call, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("house") / "clinic"
    made = run("init", data=folder)
    assert made.returncode == 0, made.stderr
    return folder


def test_a_sweep_of_an_empty_clinic_changes_nothing(clinic: Path) -> None:
    done = run("tasks", "sweep", "--json", data=clinic)
    assert (done.returncode, json.loads(done.stdout)) == (0, {"changed": 0, "tasks": []})
    sent = run("notices", "send", "--json", data=clinic)
    assert (sent.returncode, json.loads(sent.stdout)) == (0, {"tried": 0, "states": {}})


def test_a_test_message_needs_an_address_and_a_sender(clinic: Path) -> None:
    for to, code in (("", "text-missing"), ("nonsense", "address-malformed"), ("a@example.org", "channel-off")):
        refused = run("notices", "test", "--to", to, "--json", data=clinic)
        assert refused.returncode == 2, refused.stderr
        assert code in refused.stdout + refused.stderr


def test_a_test_message_goes_through_the_sender_of_the_folder(clinic: Path) -> None:
    file = clinic / "clinic.toml"
    file.write_text(file.read_text("utf-8").replace('mail = "off"', 'mail = "console"'), encoding="utf-8")
    sent = run("notices", "test", "--to", "alder@example.org", "--json", data=clinic)
    assert (sent.returncode, json.loads(sent.stdout)["outcome"]) == (0, "sent")
    assert json.loads(sent.stdout)["to"] == "a…@example.org"
    assert "alder@example.org" not in sent.stderr, "outside a demonstration no address reaches the log"


def test_summaries_of_a_clinic_without_courses_are_none(clinic: Path) -> None:
    done = run("outcomes", "rebuild", "--json", data=clinic)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["courses"] == 0


def test_every_module_of_a_command_can_be_called() -> None:
    modules = {module.name for module in pkgutil.iter_modules(commands.__path__) if not module.ispkg}
    with_arguments = {name for name in modules if hasattr(import_module(f"afterglow.commands.{name}"), "add_arguments")}
    assert with_arguments == set(COMMANDS.values())
