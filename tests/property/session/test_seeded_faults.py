"""Faults seeded into the pure rooms are noticed: a part of `./run bench mutants`, which runs them all."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LEAST = 20


@pytest.mark.mutants
def test_a_seeded_fault_is_noticed_by_some_test():
    command = [sys.executable, str(ROOT / "bench" / "mutants.py"), "11"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 seeded faults caught" in done.stdout


def test_the_list_of_faults_is_long_named_and_up_to_date():
    read = "(ROOT / 'src' / 'afterglow' / m.file).read_text('utf-8').count(m.old)"
    listing = f"from bench.mutants import MUTANTS, ROOT\nfor m in MUTANTS: print({read}, m.name)"
    done = subprocess.run([sys.executable, "-c", listing], cwd=ROOT, capture_output=True, text=True, check=True)
    found = [line.partition(" ") for line in done.stdout.splitlines()]
    assert len({name for _, _, name in found}) == len(found) >= LEAST
    assert [name for count, _, name in found if count != "1"] == []
