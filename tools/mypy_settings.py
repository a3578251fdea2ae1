"""The clinic's settings on a scratch folder that goes away: what the Django plugin of mypy reads."""

import atexit
import os
import shutil

os.environ["AFTERGLOW_SCRATCH"] = "1"

from afterglow.clinic.settings import *  # noqa: F403
from afterglow.clinic.settings import DATA_DIR

atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
