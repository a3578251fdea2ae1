"""`python tools/analyse_open_trial.py`: writes docs/analysis-open-trial.md from the shared set beside the project."""

import sys
from pathlib import Path

from afterglow.outcomes.analysis.open_trial import analyse_open_trial
from afterglow.outcomes.analysis.open_trial_page import render_page
from afterglow.outcomes.open_trial import read_open_trial

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data" / "nimh-ketamine-moa"
PAGE = ROOT / "docs" / "analysis-open-trial.md"


def build_page(folder: Path = DATA) -> str:
    """Return the page made from the two tables in a folder."""
    tables = ((folder / name).read_text(encoding="utf-8") for name in ("participants.tsv", "phenotype.tsv"))
    trial = read_open_trial(*tables)
    return render_page(trial, analyse_open_trial(trial))


def main() -> int:
    """Write the page."""
    PAGE.write_text(build_page(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
