"""Sets Django up for one data folder; every command that touches a clinic passes through here."""

import os
from pathlib import Path

import django
from django.apps import apps

from afterglow.clinic.config import read_config
from afterglow.clinic.errors import SetupError
from afterglow.terms import InvalidInput, build_error

SETTINGS = "afterglow.clinic.settings"


def set_up_clinic(data_dir: str | Path) -> None:
    """Set Django up for a data folder made by `init`; once per process, for one folder.

    Raises
    ------
    InvalidInput
        The folder is no clinic, or a secret of it is missing or readable by others.
    """
    folder = Path(data_dir).expanduser().resolve()
    if apps.ready:
        _check_same_folder(folder)
        return
    os.environ["AFTERGLOW_DATA"] = str(folder)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    try:
        read_config(folder)
        django.setup()
    except SetupError as error:
        raise refuse_folder(folder, error) from None


def refuse_folder(folder: Path, error: SetupError) -> InvalidInput:
    """Return a setup error as a problem with `--data`."""
    return InvalidInput(
        [build_error("data", "data-unusable", str(folder), "a folder made by `afterglow init --data DIR`", str(error))]
    )


def _check_same_folder(folder: Path) -> None:
    from django.conf import settings

    if Path(settings.DATA_DIR) != folder:
        raise SetupError(f"this process already serves {settings.DATA_DIR}, not {folder}")
