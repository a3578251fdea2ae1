"""The packaged example cases, for tests."""

import json
from importlib.resources import files
from typing import Any


def load_example(name: str) -> dict[str, Any]:
    """Return a packaged example case."""
    return json.loads(files("afterglow.protocols").joinpath(f"examples/{name}.json").read_text(encoding="utf-8"))
