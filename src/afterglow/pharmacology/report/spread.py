"""How far the models that a clinic may choose lie apart after the same infusion, at the end of it and later."""

from collections.abc import Mapping

from afterglow.pharmacology._types import FloatArray
from afterglow.pharmacology.models.catalogue import get_model
from afterglow.pharmacology.report.published import build_row
from afterglow.pharmacology.report.rows import Row, RowTable
from afterglow.pharmacology.report.runs import Curves, FindModel, Run, compute

# adult models of the infusion: id -> drug given (35 mg each) and where its blood was drawn
MODELS = {
    "kamp-2020": "racemic",
    "clements-1981": "racemic",
    "domino-1984": "racemic",
    "simons-2022": "esketamine",
    "fanta-otto-2021": "esketamine",
    "perez-ruixo-2021": "esketamine",
}
MINUTES = (40, 80, 110, 230)
EARLY_MISS = (
    "This is the arterial-venous difference during an infusion, with what the models add of their own. No rule may "
    "rest on the level at the end of an infusion."
)


def compute_infusions(find_model: FindModel = get_model) -> Mapping[str, Curves]:
    """Return the curves of 35 mg over 40 min by model."""
    return {name: compute(Run(name, drug, "iv", ("35mg/40min",)), find_model) for name, drug in MODELS.items()}


def compare_spread(find_model: FindModel = get_model) -> RowTable:
    """Return the highest over the lowest level of the models at a few times."""
    curves = compute_infusions(find_model)
    rows = []
    for minute in MINUTES:
        levels = {name: found.read("at", "ketamine", minute) for name, found in curves.items()}
        rows.append(
            _build(str(minute), f"Six models at {minute} min", levels, EARLY_MISS if minute == MINUTES[0] else "")
        )
    text = (
        "35 mg over 40 min through six models. From 80 min on they are expected to agree within a factor of 2; at the "
        "end of the infusion they are not."
    )
    return RowTable("spread", "How far the models lie apart", text, tuple(rows))


def sample_curve(found: Curves, minutes: FloatArray) -> list[float]:
    """Return the parent's level at the minutes, for a figure."""
    return [found.read("at", "ketamine", minute) for minute in minutes.tolist()]


def _build(key: str, title: str, levels: Mapping[str, float], miss: str) -> Row:
    cell = {
        "id": key,
        "title": title,
        "what": "highest level over lowest",
        "unit": "1",
        "value": [1.0, 2.0],
        "kind": "derived",
        "source": "SOLVED-APART",
        "locator": "agreement of the models within a factor of 2 from 80 min on, section 9 of the sheet",
        "grade": "D",
        "miss": miss,
    }
    return build_row("spread", cell, max(levels.values()) / min(levels.values()))
