"""The figures of the report: how near the strata come, and arterial against venous levels."""

import numpy as np

from afterglow.pharmacology.report.build import Report
from afterglow.pharmacology.report.charts import Axes, Figure, Line, draw_errors, draw_lines
from afterglow.pharmacology.report.rows import RowTable
from afterglow.pharmacology.report.runs import FindModel
from afterglow.pharmacology.report.spread import compute_infusions, sample_curve

NAMES = {
    "kamp-2020": "Kamp (arterial)",
    "clements-1981": "Clements (venous)",
    "domino-1984": "Domino",
    "simons-2022": "Simons (arterial)",
    "fanta-otto-2021": "Otto (venous)",
    "perez-ruixo-2021": "Perez-Ruixo (venous)",
}


def draw_figures(report: Report) -> tuple[Figure, ...]:
    """Return the figures, each with the id of the table that it belongs to."""
    found = {table.id: table for table in report.tables}
    return (draw_strata(found["perez"]), draw_sites())


def draw_strata(table: RowTable) -> Figure:
    """Return the errors of the strata's parent Cmax and AUC and norketamine Cmax; the 1 % band as broken lines."""
    rows = [
        (f"{row.title}, {row.what}", 100.0 * row.error, row.is_met)
        for row in table.rows
        if row.error is not None and not row.id.endswith("nk_auc")
    ]
    worst = max(abs(error) for _, error, _ in rows)
    outside = sum(not is_met for _, _, is_met in rows)
    alt = f"{len(rows)} points, {outside} of them outside the limits of 1 %; the worst is {worst:.2f} % off."
    title = "Perez-Ruixo strata: error of Cmax, AUC and norketamine Cmax"
    return draw_errors("perez", title, alt, rows, 1.0)


def draw_sites(find_model: FindModel | None = None) -> Figure:
    """Return the levels of 35 mg over 40 min through six models."""
    curves = compute_infusions() if find_model is None else compute_infusions(find_model)
    minutes = np.arange(0.0, 242.0, 2.0)
    lines = [
        Line(NAMES[name], tuple(zip(minutes.tolist(), sample_curve(found, minutes), strict=True)))
        for name, found in curves.items()
    ]
    alt = (
        "Six curves rise to the end of the infusion at 40 min, arterial models to 250 to 290 ng/mL, venous ones to 125 "
        "to 180, and run together from 80 min on, between 45 and 85 ng/mL there."
    )
    return draw_lines(
        "sites", "35 mg over 40 min, level of the parent", alt, Axes("minutes", "ng/mL", 240.0, 300.0), lines
    )
