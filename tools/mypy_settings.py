"""The clinic's settings on a scratch folder: what the Django plugin of mypy reads."""

import os

os.environ["AFTERGLOW_SCRATCH"] = "1"

from afterglow.clinic.settings import *  # noqa: F403
