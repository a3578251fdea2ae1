"""The room as a whole: what it exports, and what it must not pull in."""

import subprocess
import sys

import pytest

import afterglow.pharmacology as room


def test_every_exported_name_is_there():
    assert all(hasattr(room, name) for name in room.__all__)
    assert list(room.__all__) == sorted(room.__all__)


@pytest.mark.parametrize("heavy", ["numba", "scipy", "django"])
def test_importing_the_room_imports_nothing_heavy(heavy):
    program = f"import sys, afterglow.pharmacology; print({heavy!r} in sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


def test_one_person_is_simulated_without_the_compiled_engine():
    program = (
        "import sys; from afterglow.pharmacology import Person, Request, simulate;"
        "simulate(Request('racemic', 'iv', ('0.5mg/kg/40min',), Person(70.0, 40.0)));"
        "print('numba' in sys.modules or 'scipy' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
