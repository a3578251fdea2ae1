"""Builds a clinic with invented people in a data folder, or takes the one that is there, and serves it until Ctrl-C."""

import argparse
import os
import secrets as random
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from afterglow.commands import BAD_INPUT, DONE
from afterglow.terms import InvalidInput, build_error

if TYPE_CHECKING:
    from afterglow.web.server import Listener

HELP = "build a clinic with invented patients and serve it"
HOST = "127.0.0.1"
PASSWORD_FILE = "demonstration.password"  # noqa: S105 - the name of a file
# letters and digits that are not taken for one another
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `demo` takes."""
    parser.add_argument("--port", type=int, default=8000, help="port of the pages (default: 8000)")
    parser.add_argument(
        "--patient-port", type=int, default=-1, help="port of the patients' pages (default: a free one); 0 turns it off"
    )
    parser.add_argument("--mllp-port", type=int, default=2575, help="port of bedside monitors; 0 turns it off")
    parser.add_argument(
        "--data", metavar="DIR", default="", help="its data folder (default: in the user's data folder)"
    )
    parser.add_argument("--fresh", action="store_true", help="throw the folder's demonstration away and build anew")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument("--build-only", action="store_true", help="build, print the sign-ins, and do not serve")


def run(args: argparse.Namespace) -> int:
    """Build or take the demonstration, say how to sign in, serve it."""
    from afterglow.commands.serve import check_ports

    if problems := check_ports(args.port, max(args.patient_port, 0)):
        raise InvalidInput(problems)
    from afterglow.clinic.setup import tell_troubles

    folder = Path(args.data).expanduser().resolve() if args.data else find_default_folder()
    with tell_troubles(folder):
        password = prepare_folder(folder, is_fresh=args.fresh)
        if args.build_only:
            print_sign_ins(folder, password)
            return DONE
        open_today(folder)
        return _serve(args, folder, password)


def find_default_folder() -> Path:
    """Return the demonstration's folder among the user's own data."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "afterglow" / "demonstration"


def prepare_folder(folder: Path, *, is_fresh: bool) -> str:
    """Return the password of the folder's demonstration, building it first where there is none, or only half of one.

    Raises
    ------
    InvalidInput
        The folder holds something that is no demonstration; nothing of it is touched.
    """
    from afterglow.clinic import secrets
    from afterglow.clinic.server_lock import hold_server_lock

    has_clinic = is_demonstration(folder)
    is_whole = has_clinic and secrets.has_secret(folder, PASSWORD_FILE)
    if is_whole and not is_fresh:
        open_folder(folder)
        return secrets.read_secret(folder, PASSWORD_FILE)
    if has_clinic:
        with hold_server_lock(folder):  # a demonstration that is being served is not thrown away
            shutil.rmtree(folder)
    return build_folder(folder)


def is_demonstration(folder: Path) -> bool:
    """Return whether the folder holds a demonstration; refuse one that holds anything else."""
    from afterglow.clinic.config import CONFIG_FILE, read_config
    from afterglow.clinic.errors import SetupError

    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return False
    try:
        if folder.is_dir() and (folder / CONFIG_FILE).exists() and read_config(folder).is_demonstration:
            return True
    except SetupError:
        pass
    accepted = "an empty folder, or one with a demonstration"
    message = f"{folder} holds something that is no demonstration; nothing was changed"
    raise InvalidInput([build_error("data", "data-not-a-demonstration", str(folder), accepted, message)])


def build_folder(folder: Path) -> str:
    """Build a demonstration and return its password; the password is written last, so that half of one is noticed."""
    from afterglow.clinic import secrets
    from afterglow.clinic.setup import make_clinic

    print(f"building a demonstration in {folder} ...", flush=True)
    make_clinic(folder, is_demonstration=True)
    from afterglow.clinic.demo.build import build_demonstration

    password = make_password()
    build_demonstration(password=password, now=datetime.now(UTC))
    secrets.write_secret(folder, PASSWORD_FILE, password)
    return password


def open_folder(folder: Path) -> None:
    """Set Django up for a demonstration that exists, bringing its tables up to this version."""
    from afterglow.clinic.config import AS_OWNER
    from afterglow.clinic.setup import find_pending_migrations, migrate_clinic, set_up_clinic

    os.environ[AS_OWNER] = "1"
    try:
        set_up_clinic(folder)
        if find_pending_migrations():
            migrate_clinic()
    finally:
        os.environ.pop(AS_OWNER, None)


def open_today(folder: Path) -> None:
    """Close the day that was left and open a new one, where hours have passed; nobody may be serving it meanwhile."""
    from afterglow.clinic.demo.build import refresh_demonstration
    from afterglow.clinic.server_lock import hold_server_lock

    with hold_server_lock(folder):
        if refresh_demonstration(now=datetime.now(UTC)):
            print("the day that was left is closed, a new one is open", flush=True)


def make_password() -> str:
    """Return a random password of four groups: about 79 bits, and still easy to copy from the screen."""
    return "-".join("".join(random.choice(LETTERS) for _ in range(4)) for _ in range(4))


def print_sign_ins(folder: Path, password: str, names: Sequence[str] = ()) -> None:
    """Print who can sign in, and with what."""
    from afterglow.clinic.demo.cast import STAFF

    listed = ", ".join(names or [name for name, *_ in STAFF])
    print(f"demonstration in {folder}: invented people only; never enter anybody real")
    print(f"sign in as: {listed}")
    print(f"password of all of them: {password}", flush=True)


def _serve(args: argparse.Namespace, folder: Path, password: str) -> int:
    from afterglow.clinic.checkins.demonstration import make_demonstration_link
    from afterglow.clinic.measures.demonstration import make_demonstration_form_link
    from afterglow.commands.serve import print_doors
    from afterglow.web.server import Listener, serve

    def tell(listener: Listener) -> None:
        print_doors(listener)
        if args.mllp_port:
            print("monitors: this version does not listen for bedside monitors yet")
        print_patient_link(listener, token)
        if form_token is not None:
            print(f"form link: {listener.patient_address}form/{form_token}/", flush=True)
        print_sign_ins(folder, password)
        if not args.no_browser:
            _open_browser(listener.address)

    token = make_demonstration_link(now=datetime.now(UTC))
    form_token = make_demonstration_form_link(now=datetime.now(UTC))
    listener = Listener(host=HOST, port=args.port, patient_host=HOST, patient_port=args.patient_port)
    return DONE if serve(listener, tell) else BAD_INPUT


def print_patient_link(listener: "Listener", token: str | None) -> None:
    """Print the check-in link of one invented person, or what is lacking for one."""
    if token is None:
        print("patient link: no visit is to come; book one, then send a check-in link", flush=True)
    else:
        print(f"patient link: {listener.patient_address}checkin/{token}/", flush=True)


def _open_browser(address: str) -> None:
    """Open a browser where there is one; a machine without any is no error."""
    import threading
    import webbrowser

    threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
