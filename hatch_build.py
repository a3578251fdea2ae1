"""The build hook: browser assets, translation catalogues and the PDF font are made when the package is built.

The work itself is in frontend/build.py, so that `afterglow assets` runs the same code without hatchling.
"""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class AssetHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the assets before a wheel or an editable install is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build what is out of date; a failure fails the build."""
        path = Path(self.root) / "frontend" / "build.py"
        spec = importlib.util.spec_from_file_location("afterglow_frontend_build", path)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{path} is missing")
        builder = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(builder)
        try:
            builder.build_all(Path(self.root), say=self.app.display_info)
        except builder.BuildError as error:
            self.app.abort(f"Afterglow's assets cannot be built: {error}")
