"""Draws the figures of docs/pharmacology.md into docs/figures/: `python -m tools.draw_pharmacology [FOLDER]`.

Same seed, same picture; run it again after a change of a model or an effect and look at what moved.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from afterglow.pharmacology import Person, Request, Simulation, simulate
from afterglow.pharmacology.mechanism import CourseSession, CourseSetting, simulate_course
from afterglow.pharmacology.report.charts import Axes, Figure, Line, draw_lines
from afterglow.pharmacology.report.figures import draw_sites, draw_strata
from afterglow.pharmacology.report.published import compare_file

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "figures"
SEED, PEOPLE = 7, 1000
PERSON = Person(weight_kg=70.0, age_years=45.0)


def draw_figures() -> Iterator[Figure]:
    """Yield every figure of the page."""
    yield draw_sites()
    yield draw_strata(compare_file("strata")[0])
    spray, drip = _run("esketamine", "intranasal", "84mg"), _run("racemic", "iv", "0.5mg/kg/40min")
    yield _draw_spray(spray)
    yield _draw_effect(spray, drip, "dissociation_cadss", "dissociation", "Dissociation, CADSS points", 40.0)
    yield _draw_effect(spray, drip, "systolic_rise_mmhg", "pressure", "Systolic rise, mmHg", 30.0)
    yield _draw_mood()


def main(arguments: list[str]) -> int:
    """Write the figures; print where."""
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for figure in draw_figures():
        path = folder / f"{figure.id}.svg"
        path.write_text(figure.svg + "\n", encoding="utf-8")
        print(path)
    return 0


def _run(drug: str, route: str, dose: str) -> Simulation:
    return simulate(Request(drug, route, (dose,), PERSON, until_h=4.0, step_h=1 / 30, n=PEOPLE, seed=SEED))


def _draw_spray(found: Simulation) -> Figure:
    minutes = found.times_h * 60.0
    lines = []
    for name in ("ketamine", "norketamine"):
        band = found.bands[name]
        lines.append(
            Line(
                "esketamine" if name == "ketamine" else name,
                tuple(zip(minutes.tolist(), band["p50"].tolist(), strict=True)),
                tuple(zip(minutes.tolist(), band["p5"].tolist(), band["p95"].tolist(), strict=True)),
            )
        )
    alt = (
        "Esketamine rises to a median near 95 ng/mL at about 45 min, nine people in ten between about 50 and 170; "
        "norketamine comes later and stands higher."
    )
    title = "84 mg of spray in three devices: median, and nine people in ten"
    return draw_lines("spray", title, alt, Axes("minutes from the first device", "ng/mL", 240.0, 300.0), lines)


def _draw_effect(spray: Simulation, drip: Simulation, name: str, key: str, label: str, top: float) -> Figure:
    lines = []
    for word, found in (("spray 84 mg", spray), ("infusion 0.5 mg/kg", drip)):
        minutes = (found.times_h * 60.0).tolist()
        low, middle, high = np.quantile(found.effects[name], (0.05, 0.5, 0.95), axis=1)
        lines.append(
            Line(
                word,
                tuple(zip(minutes, middle.tolist(), strict=True)),
                tuple(zip(minutes, low.tolist(), np.minimum(high, top).tolist(), strict=True)),
            )
        )
    alt = (
        f"{label}: both curves rise within the first hour and fall over the next two; the bands of nine people in ten "
        "reach from near zero to several times the median and are cut at the top of the figure."
    )
    title = f"{label}: median, and nine people in ten"
    return draw_lines(key, title, alt, Axes("minutes from the first dose", label, 240.0, top), lines)


def _draw_mood() -> Figure:
    days = np.arange(0.0, 57.0)
    courses = {
        "twice weekly, 4 weeks": tuple(float(day) for week in range(4) for day in (7 * week, 7 * week + 3)),
        "one infusion": (0.0,),
        "no drug": (),
    }
    lines = []
    for label, sessions in courses.items():
        course = simulate_course(
            [CourseSession(day, "iv_ketamine_0.5") for day in sessions],
            days,
            n=2000,
            generator=np.random.default_rng(SEED),
            setting=CourseSetting(),
        )
        points = zip(course.days.tolist(), course.score_quantiles[:, 2].tolist(), strict=True)
        scores = course.score_quantiles
        is_first = label.startswith("twice")
        band = tuple(zip(course.days.tolist(), scores[:, 1].tolist(), scores[:, 3].tolist(), strict=True))
        lines.append(Line(label, tuple(points), band if is_first else ()))
    alt = (
        "Median MADRS over eight weeks of open care: without the drug it falls a little at once and stays; after one "
        "infusion it falls by half and climbs back, yet is still three points lower at eight weeks, longer than "
        "single-dose trials saw; eight infusions hold it lower until some weeks after the last."
    )
    title = "Median MADRS of virtual people; the band is half of them, for the twice-weekly course"
    return draw_lines("mood", title, alt, Axes("days", "MADRS", 56.0, 40.0), lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
