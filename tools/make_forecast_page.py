"""`python tools/make_forecast_page.py [--run]`: writes docs/forecast.md and its figure from the kept run, or runs anew.

The run needs the shared trial set beside the project and a quarter of an hour; rendering needs neither.
"""

import json
import sys
from pathlib import Path
from typing import Any

from afterglow.outcomes.judging.kept import run_all, tidy
from afterglow.outcomes.judging.page import draw_calibration, render_page
from afterglow.outcomes.open_trial import OpenTrial, read_open_trial

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "nimh-ketamine-moa"
PAGE = ROOT / "docs" / "forecast.md"
RESULTS = ROOT / "docs" / "forecast-results.json"
FIGURE = ROOT / "docs" / "figures" / "forecast-calibration.svg"


def read_trial(folder: Path = DATA) -> OpenTrial:
    """Return the open trial set of a folder."""
    tables = ((folder / name).read_text(encoding="utf-8") for name in ("participants.tsv", "phenotype.tsv"))
    return read_open_trial(*tables)


def load_results() -> dict[str, Any]:
    """Return the kept run."""
    content: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return content


def main() -> int:
    """Run if asked to, then write page and figure."""
    if "--run" in sys.argv[1:]:
        results = run_all(read_trial(), lambda text: print(text, file=sys.stderr, flush=True))
        RESULTS.write_text(json.dumps(tidy(results), indent=1) + "\n", encoding="utf-8")
    results = load_results()
    PAGE.write_text(render_page(results), encoding="utf-8")
    FIGURE.write_text(draw_calibration(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
