"""How long a browser may keep a file of the build."""

import re
from collections.abc import MutableMapping

YEAR_S = 365 * 24 * 3600
# the build puts a hash of the content into the name, so that a changed file has another address
HASHED = re.compile(r"/static/build/assets/[^/]+-[A-Z0-9]{8}\.\w+")


def add_static_headers(headers: MutableMapping[str, str], path: str, url: str) -> None:
    """Let browsers keep a hashed file for good; every other one is asked for again soon."""
    if HASHED.fullmatch(url):
        headers["Cache-Control"] = f"max-age={YEAR_S}, public, immutable"
