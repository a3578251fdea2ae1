"""The run behind docs/forecast.md: everything simulated, kept as plain numbers, and the part a test makes again."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from afterglow.outcomes.forecast.ahead import QUANTILES
from afterglow.outcomes.judging.open_trial import judge_open_trial
from afterglow.outcomes.judging.recommender import judge_policies
from afterglow.outcomes.judging.relapses import judge_relapses
from afterglow.outcomes.judging.simulated import calibrate_on_truth, judge_truth, look_at
from afterglow.outcomes.judging.truths import TRUTHS, draw_helped, draw_patients
from afterglow.outcomes.next_treatment import edit_loss, load_loss
from afterglow.outcomes.open_trial import OpenTrial

SEED = 20261122
TESTED, PAST, RELAPSES, ADVISED = 60, 40, 80, 20
AT_OTHER_COSTS = 10
ROUTES = ("iv", "spray")


def run_all(trial: OpenTrial, say: Callable[[str], None]) -> dict[str, Any]:
    """Return the results of the whole run; about five minutes of processor time."""
    found: dict[str, Any] = {
        "seed": SEED,
        "sizes": {"tested": TESTED, "past": PAST, "relapses": RELAPSES, "advised": ADVISED},
        "open_trial": run_open_trial(trial),
        "checks": run_checks(),
    }
    say("open trial and checks")
    for truth in TRUTHS:
        found.setdefault("coverage", []).append(asdict(judge_truth(truth, TESTED, PAST, SEED)))
        found.setdefault("relapses", []).append(
            asdict(judge_relapses(truth, RELAPSES, SEED, calibrate_on_truth(truth, RELAPSES, PAST, SEED)))
        )
        say(f"coverage and relapses, {truth}")
    found["advice"] = []
    for route in ROUTES:
        for truth in TRUTHS:
            patients = draw_helped(truth, ADVISED, SEED, route=route)
            rows = [asdict(one) for one in judge_policies(patients, seed=SEED)]
            found["advice"].append({"route": route, "truth": truth, "n": len(patients), "rows": rows})
            say(f"advice {route} {truth}")
    found["costs"] = run_costs()
    say("other visit costs")
    return dict(tidy(found))


def run_costs() -> list[dict[str, Any]]:
    """Return the advice at the low and the high cost of a visit, infusions, the model's truth and one outside it."""
    found = []
    for which in ("low", "high"):
        days = load_loss().get_visit_cost(which)
        loss = edit_loss({"visit_low": days / 2, "visit_middle": days, "visit_high": 2 * days})
        for truth in ("model", "two-kinds"):
            patients = draw_helped(truth, AT_OTHER_COSTS, SEED, route="iv")
            rows = [asdict(one) for one in judge_policies(patients, seed=SEED, loss=loss)]
            found.append({"route": "iv", "truth": truth, "n": len(patients), "cost": days, "rows": rows})
    return list(tidy(found))


def run_open_trial(trial: OpenTrial) -> list[dict[str, Any]]:
    """Return the rows on the open trial set."""
    return [asdict(one) for one in judge_open_trial(trial)]


def run_checks() -> dict[str, Any]:
    """Return the first forecast of the first two patients of each truth: what a test makes again."""
    found = {}
    for truth in TRUTHS:
        looked = [look_at(patient, SEED) for patient in draw_patients(truth, 2, SEED)]
        found[truth] = [[*np.quantile(rows[0].sample, QUANTILES).tolist(), rows[0].seen] for rows in looked if rows]
    return dict(tidy(found))


def tidy(value: Any) -> Any:
    """Return plain data with numbers rounded to four digits, so that a run is the same text on another machine."""
    if isinstance(value, dict):
        return {str(key): tidy(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [tidy(each) for each in value]
    return round(float(value), 4) if isinstance(value, float) else value
