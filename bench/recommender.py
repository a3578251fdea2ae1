"""How good the next-treatment advice is: loss in simulated truths beside fixed intervals, titration and an oracle.

Four of the five truths are not the model's. `--markdown` prints the tables for docs/forecast.md.
"""

import argparse
import sys
import time

from afterglow.outcomes.judging.recommender import Result, judge_policies
from afterglow.outcomes.judging.truths import TRUTHS, draw_helped
from afterglow.outcomes.next_treatment import edit_loss, load_loss
from bench._report import is_smoke

SEED = 20261122


def main() -> None:
    """Print one table for each route and truth."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=40, help="patients in each truth")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--routes", default="iv,spray")
    parser.add_argument("--truths", default=",".join(TRUTHS))
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--visit-days", type=float, default=0.0, help="cost of a visit in days unwell; 0: the packaged")
    given = parser.parse_args()
    days = given.visit_days
    loss = edit_loss({"visit_low": days / 2, "visit_middle": days, "visit_high": 2 * days}) if days else load_loss()
    patients, routes, truths = given.patients, given.routes.split(","), given.truths.split(",")
    if is_smoke():
        patients, routes, truths = 2, ["iv"], ["model", "two-kinds"]
    if given.markdown:
        print("| route | truth | n | way | loss | over the oracle | days unwell | visits | worst tenth |")
        print("|---|---|---:|---|---:|---:|---:|---:|---:|")
    for route in routes:
        for truth in truths:
            started = time.perf_counter()
            drawn = draw_helped(truth, patients, given.seed, route=route)
            if not drawn:
                print(f"{route} {truth}: nobody was helped", file=sys.stderr)
                continue
            show(route, truth, len(drawn), judge_policies(drawn, seed=given.seed, loss=loss), markdown=given.markdown)
            print(f"{route} {truth}: {time.perf_counter() - started:.1f} s", file=sys.stderr, flush=True)


def show(route: str, truth: str, n: int, rows: tuple[Result, ...], *, markdown: bool) -> None:
    """Print the results of one truth; losses in days unwell per 28 days, with the Monte Carlo error of the excess."""
    if not markdown:
        print(f"\n{route}, {truth}: {TRUTHS[truth].words} ({n} patients helped by induction)")
    for row in rows:
        over = f"{row.excess:.2f} ± {row.excess_error:.2f}"
        if markdown:
            cells = (route, truth, n, row.name, f"{row.loss:.2f}", over, f"{row.unwell_days:.1f}", f"{row.visits:.2f}")
            print("| " + " | ".join(map(str, (*cells, f"{row.worst_tenth:.1f}"))) + " |")
        else:
            print(
                f"  {row.name:<24} loss {row.loss:6.2f}   over the oracle {over:<13} unwell {row.unwell_days:5.1f}   "
                f"visits {row.visits:.2f}   worst tenth {row.worst_tenth:.1f}"
            )


if __name__ == "__main__":
    main()
