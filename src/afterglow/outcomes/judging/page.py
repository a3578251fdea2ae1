"""Writes docs/forecast.md from the kept run and the packaged numbers, so that text and numbers cannot drift apart."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from afterglow.outcomes.forecast.parameters import ForecastParameter, load_forecast_parameters
from afterglow.outcomes.judging.page_text import CARD, HEAD, NEXT, PROBAST, TAIL
from afterglow.outcomes.judging.simulated import CENTRAL
from afterglow.outcomes.judging.truths import GROUPS, TRUTHS
from afterglow.outcomes.next_treatment import load_loss
from afterglow.pharmacology.report.charts import Axes, Line, draw_lines

Results = Mapping[str, Any]
NAMES = {"F": "women", "M": "men", "iv": "infusion", "moderate": "PHQ-9 below 20", "severe": "20 or more"}
FAR = 0.85  # a 90 % band that held less than this is named among the unflattering answers


def render_page(results: Results) -> str:
    """Return the whole page as Markdown."""
    parts = [HEAD, *_render_open_trial(results), *_render_coverage(results), *_render_groups(results)]
    parts += [*_render_relapses(results), NEXT, *_render_loss(), *_render_advice(results)]
    parts += [*_render_unflattering(results), CARD.format(**_count(results)), PROBAST, *_render_numbers(), TAIL]
    return "\n".join(parts).rstrip() + "\n"


def draw_calibration(results: Results) -> str:
    """Return the calibration plot as SVG: asked and observed coverage of central intervals, before any calibration."""
    lines = [Line("as it should be", ((0.0, 0.0), (100.0, 100.0)))]
    for row in results["coverage"]:
        points = zip(CENTRAL, row["central"], strict=True)
        lines.append(Line(row["truth"], ((0.0, 0.0), *((100 * asked, 100 * seen) for asked, seen in points))))
    alt = "Asked against observed coverage: " + "; ".join(
        f"{row['truth']} {_percent(row['central'][4])} at 50 and {_percent(row['central'][8])} at 90"
        for row in results["coverage"]
    )
    axes = Axes("asked, % of forecasts inside", "observed, %", 100.0, 100.0)
    title = "Central intervals of the forecast before calibration, five simulated truths"
    return draw_lines("forecast-calibration", title, alt + ".", axes, lines).svg


def _render_open_trial(results: Results) -> Iterator[str]:
    yield "## Against real people: the open trial set\n"
    n = results["open_trial"][0]["patients"]
    yield (
        f"MADRS ten days after one blinded infusion of 0.5 mg/kg, forecast from the first baseline and day 2; {n} "
        "people with all three scores, each left out in turn (no one's score serves one's own calibration or "
        "baseline). CRPS is that of the sample before calibration. 95 % intervals of the coverage count people.\n"
    )
    yield from _head("forecast, n:, CRPS:, MAE:, in the 50 % band:, in the 90 % band:, 95 % interval")
    for row in results["open_trial"]:
        low, high = row["interval_90"]
        yield _row(row["name"], row["n"], f"{row['crps']:.2f}", f"{row['mae']:.2f}", _percent(row["coverage_50"]),
                   _percent(row["coverage_90"]), f"{100 * low:.0f} to {100 * high:.0f} %")  # fmt: skip
    yield (
        "\nBaselines get the spread of the others' leave-one-out errors as their distribution, so that CRPS compares "
        "like with like. The means of this set were among the 126 rows the population was fitted on; its single scores "
        "were not. Thirteen people decide little: the intervals say how little.\n"
    )


def _render_coverage(results: Results) -> Iterator[str]:
    sizes = results["sizes"]
    yield "## Against truths that are known: simulation\n"
    yield (
        f"{sizes['tested']} patients in each truth, PHQ-9, forecast from the end of induction and two months on, 2, 6 "
        f"and 12 weeks ahead, sessions known; calibrated on {sizes['past']} other patients of it. Reading error "
        f"1.5 points, seed {results['seed']}. A patient whose scores contradict the model gets no forecast and is "
        "counted as such.\n"
    )
    yield "![Asked against observed coverage, five simulated truths](figures/forecast-calibration.svg)\n"
    yield from _head(
        "truth, in the model, no forecast:, CRPS:, CRPS of the last value:, CRPS of the population mean:, MAE:, "
        "50 % band:, 90 % band:, 50 % calibrated:, 90 % calibrated:"
    )
    for row in results["coverage"]:
        truth, plain, calibrated = TRUTHS[row["truth"]], row["plain"], row["calibrated"]
        last, mean = row["baselines"]
        yield _row(f"{truth.key}: {truth.words}", "yes" if truth.is_in_model else "no", row["refused"],
                   f"{plain['crps']:.2f}", f"{last['crps']:.2f}", f"{mean['crps']:.2f}", f"{plain['mae']:.2f}",
                   _percent(plain["coverage_50"]), _percent(plain["coverage_90"]),
                   _percent(calibrated["coverage_50"]), _percent(calibrated["coverage_90"]))  # fmt: skip
    yield ""


def _render_groups(results: Results) -> Iterator[str]:
    yield "### By group, after calibration\n"
    yield (
        "Share of scores in the 90 % band, patients in brackets. In most truths outside the model relief lasts 30 % "
        "shorter in women and the spray does less: the forecast is told neither.\n"
    )
    names = {
        "F": "women",
        "M": "men",
        "iv": "infusion",
        "spray": "spray",
        "moderate": "PHQ-9 below 20",
        "severe": "20 or more",
    }
    yield "| truth | " + " | ".join(names[group] for group in GROUPS) + " |\n|---" * 1 + "|---" * len(GROUPS) + "|"
    for row in results["coverage"]:
        found = {one["name"]: f"{_percent(one['coverage_90'])} ({one['patients']})" for one in row["groups"]}
        yield _row(row["truth"], *(found.get(group, "nobody") for group in GROUPS))
    yield ""


def _render_relapses(results: Results) -> Iterator[str]:
    yield "## Chance of relapse within six weeks, nothing booked\n"
    yield (
        "Patients below the threshold four days after induction. The base rate's Brier score is what a forecast would "
        "get that says the truth's own share of everybody; it is not known beforehand.\n"
    )
    yield from _head(
        "truth, n:, no forecast:, relapsed:, forecast:, forecast calibrated:, Brier:, Brier calibrated:, "
        "Brier of the base rate:, forecast and seen in bins (n)"
    )
    for row in results["relapses"]:
        bins = ", ".join(f"{100 * one[3]:.0f} and {100 * one[4]:.0f} % ({one[2]})" for one in row["bins"])
        shares = (_percent(row[name]) for name in ("base_rate", "predicted", "predicted_calibrated"))
        scores = (f"{row[name]:.3f}" for name in ("brier", "brier_calibrated", "brier_base"))
        yield _row(row["truth"], row["n"], row["refused"], *shares, *scores, bins)
    yield ""


def _render_loss() -> Iterator[str]:
    yield from _head("weight, value:, unit, source and grade")
    yield from (_number_row(one) for one in load_loss().list_weights())
    yield ""


def _render_advice(results: Results) -> Iterator[str]:
    yield "### Against truths that are known\n"
    yield (
        f"Aim: loss over 24 weeks of upkeep. Data: {results['sizes']['advised']} patients in each truth and route whom "
        "induction helped by a quarter, weekly scores, nothing open, item 9 at 0. Estimand: mean loss per 28 days at "
        "the "
        "middle visit cost, and its excess over an oracle that gives each patient the best constant interval known "
        "afterwards. Methods: the best single interval known afterwards, the protocol's, a titration (10 or more: a "
        "step closer; 4 or less twice: a step apart), and the advice, followed either to the smallest expected loss "
        "(leaning) or only where the evidence separates. Same patients and noise for all; ± is the Monte Carlo error. "
        "A constant interval is the oracle's only freedom, so that a way that adapts may beat it.\n"
    )
    yield from _head("route, truth, n:, way, loss:, over the oracle:, unwell days:, visits:, worst tenth:")
    for part in results["advice"]:
        yield from _list_ways(part, part["truth"])
    yield "\nThe same at the low and the high cost of a visit, fewer patients:\n"
    yield from _head("route, truth and cost, n:, way, loss:, over the oracle:, unwell days:, visits:, worst tenth:")
    for part in results["costs"]:
        yield from _list_ways(part, f"{part['truth']}, {part['cost']:g} d a visit")
    yield ""


def _list_ways(part: Mapping[str, Any], truth: str) -> Iterator[str]:
    for one in part["rows"]:
        over = f"{one['excess']:.2f} ± {one['excess_error']:.2f}"
        yield _row(
            part["route"],
            truth,
            part["n"],
            one["name"],
            f"{one['loss']:.2f}",
            over,
            f"{one['unwell_days']:.1f}",
            f"{one['visits']:.2f}",
            f"{one['worst_tenth']:.1f}",
        )


def _render_unflattering(results: Results) -> Iterator[str]:
    yield "## Unflattering answers\n"
    trial = {row["name"]: row for row in results["open_trial"]}
    plain, calibrated = trial["forecast, not calibrated"], trial["forecast, calibrated on the others"]
    yield (
        f"- On real people the uncalibrated 90 % band held {_percent(plain['coverage_90'])} of {plain['n']} scores. "
        f"Calibrated on the others it held {_percent(calibrated['coverage_90'])}; "
        f"{plain['n']} people cannot tell that from 70 %."
    )
    for row in results["coverage"]:
        yield from _list_poor(row)
    for row in results["relapses"]:
        yield from _list_poor_chance(row)
    yield from _list_beaten([*results["advice"], *results["costs"]])
    yield (
        "- Where visits are dear or the drug does nothing, the bounds (one step, no longer interval when unwell) "
        "cost more than they save in this sum. They stay: the sum knows nothing of a crisis.\n"
        "- Nothing here is known about clinics' own patients: no past course of a real clinic was used, and the group "
        "differences above are inventions. Whether bands hold by sex, age or route is open until a clinic calibrates.\n"
        "- The loss is nearly flat around the best interval: most ways lie within 2 days unwell in 28 of the oracle.\n"
    )


def _list_poor(row: Mapping[str, Any]) -> Iterator[str]:
    name = row["truth"]
    last = row["baselines"][0]
    if row["plain"]["crps"] > last["crps"]:
        yield f"- Truth `{name}`: CRPS {row['plain']['crps']:.2f}, worse than the last value's {last['crps']:.2f}."
    if row["plain"]["coverage_90"] < FAR:
        yield f"- Truth `{name}`: the uncalibrated 90 % band held {_percent(row['plain']['coverage_90'])}."
    for one in row["groups"]:
        if one["coverage_90"] < FAR:
            held = f"{_percent(one['coverage_90'])} of {one['patients']} patients' scores"
            yield f"- Truth `{name}`, {NAMES.get(one['name'], one['name'])}: the calibrated 90 % band held {held}."
    if row["refused"]:
        yield f"- Truth `{name}`: {row['refused']} patients got no forecast, because their scores contradict the model."


def _list_poor_chance(row: Mapping[str, Any]) -> Iterator[str]:
    name, least = row["truth"], min(row["brier"], row["brier_calibrated"])
    if row["predicted_calibrated"] < row["base_rate"] - 0.1:
        yield (
            f"- Chance of relapse, truth `{name}`: {_percent(row['predicted'])} forecast on the average, "
            f"{_percent(row['predicted_calibrated'])} when calibrated, {_percent(row['base_rate'])} seen: a low figure "
            "is no all-clear."
        )
    if least > row["brier_base"]:
        yield f"- Chance of relapse, truth `{name}`: Brier {least:.3f} at best, base rate's {row['brier_base']:.3f}."


def _list_beaten(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        rows = {one["name"]: one for one in part["rows"]}
        own = rows["advice, leaning"]
        better = [
            f"{name} ({one['loss']:.2f})"
            for name, one in rows.items()
            if not name.startswith(("advice", "oracle")) and one["loss"] < own["loss"] - 0.005
        ]
        if better:
            cost = f", {part['cost']:g} d a visit" if "cost" in part else ""
            where = f"{part['route']}, truth `{part['truth']}`{cost}"
            yield f"- {where}: following the advice ({own['loss']:.2f}) was beaten by {', '.join(better)}."


def _render_numbers() -> Iterator[str]:
    yield "## Its own numbers\n"
    yield "Those of the mechanism are in `afterglow pharmacology` and [pharmacology.md](pharmacology.md).\n"
    yield from _head("number, value:, unit, source and grade")
    yield from (_number_row(one) for one in load_forecast_parameters().values())
    weights = {one.name for one in load_loss().list_weights()}
    yield from (_number_row(one) for name, one in load_loss().parameters.items() if name not in weights)
    yield ""


def _number_row(one: ForecastParameter) -> str:
    note = f"; {one.note.rstrip('.')}" if one.note else ""
    return _row(f"`{one.name}`", f"{one.value:g}", one.unit, f"{one.citation.text}{note}, {one.citation.grade}")


def _count(results: Results) -> dict[str, object]:
    return {"people": results["open_trial"][0]["patients"], "truths": len(results["coverage"])}


def _head(names: str) -> Iterator[str]:
    """Yield the head of a table; a name that ends in a colon is a column of numbers."""
    columns = names.split(", ")
    yield _row(*(name.rstrip(":") for name in columns))
    yield "|" + "|".join("---:" if name.endswith(":") else "---" for name in columns) + "|"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
