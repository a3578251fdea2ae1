"""A process of its own: an empty clinic with staff, served by the real command, under a clock that a test moves on.

The hours a session takes are real to the server: `timezone.now` is the machine's time plus the seconds that stand in
the file `clock` of the folder. Nothing else differs from `afterglow serve`.

    python tests/browser/clinic_with_clock.py FOLDER PORT PASSWORD
"""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

MORNING_H = 9


def move_clock(folder: Path) -> None:
    """Let Django's clock follow the file."""
    clock = folder.parent / f"{folder.name}.clock"

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(clock.read_text() or 0))

    timezone.now = now


def find_morning_zone() -> str:
    """Return a zone where it is morning, so that no session of a test crosses midnight."""
    ahead = (MORNING_H - datetime.now(UTC).hour + 11) % 24 - 11
    return "UTC" if ahead == 0 else f"Etc/GMT{-ahead:+d}"


def make(folder: Path, password: str) -> None:
    """Make the clinic: one site, three rooms, the staff of the demonstration, consent texts, no patient."""
    from afterglow.clinic.setup import make_clinic

    make_clinic(folder, is_demonstration=True)
    from afterglow.clinic.consents.texts import install_texts
    from afterglow.clinic.demo.cast import add_staff
    from afterglow.clinic.sites.actions import add_place, create_site

    now = timezone.now() - timedelta(days=1)
    zone = find_morning_zone()
    options = {"jurisdiction": "us", "emergency_number": "911", "crisis_line": "988", "paper": "letter"}
    site = create_site(
        name="Journey clinic", timezone=zone, is_demonstration=True, can_resuscitate=True, by=None, now=now, **options
    )
    install_texts(now=now)
    for name in ("Room 1", "Room 2", "Room 3"):
        add_place(site=site, name=name, by=None, now=now)
    add_staff(site=site, password=password, now=now)


def main() -> int:
    """Make the clinic unless it stands already, then serve it."""
    folder, port, password = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    os.environ["AFTERGLOW_IDLE_LOCK_MINUTES"] = "240"
    move_clock(folder)
    if not folder.exists():
        make(folder, password)
    from afterglow.cli import main as run

    return run(["serve", "--data", str(folder), "--port", port, "--mllp-port", "0"])


if __name__ == "__main__":
    sys.exit(main())
