"""Writes the worked analysis of the open trial set as a page, so that its numbers cannot drift from its text."""

from collections.abc import Iterator

from afterglow.outcomes.analysis.open_trial import Change, MeanDifference, Responders, TrialAnalysis
from afterglow.outcomes.catalogue import get_estimand
from afterglow.outcomes.open_trial import OpenTrial, count_problems

_TRAPS = {
    "age-outside-study": "an age outside the study's 18 to 65",
    "carry-over-possible": "ketamine came first, so the saline period may still carry it",
    "drop-out": "no MADRS at a planned visit",
    "hamd-missing-beside-madrs": "MADRS present where the HAM-D is missing",
    "no-infusion": "no infusion listed (order `n/a`)",
    "no-own-baseline-in-period-2": "`b0` belongs to period 1; period 2 has none of its own",
    "one-infusion": "one infusion, so no pair",
    "rows-in-own-order": "`p` rows stand before `d` rows",
    "score-missing": "an `n/a` cell in a score",
}


def render_page(trial: OpenTrial, analysis: TrialAnalysis) -> str:
    """Return the whole page as Markdown."""
    parts = [_HEAD, *_render_traps(trial), *_render_changes(analysis), *_render_differences(analysis)]
    parts += [*_render_responders(analysis), *_render_model(analysis), _TAIL]
    return "\n".join(parts)


_HEAD = """# Worked analysis: the open ketamine crossover set

Made by `python tools/analyse_open_trial.py`; a test makes it again and compares. Numbers are rounded here, not before.

Data: NIMH Ketamine Mechanism of Action Study, OpenNeuro ds005917 v1.0.1 (CC0), doi:10.18112/openneuro.ds005917.v1.0.1,
Evans, Nugent, Zarate; trial NCT00088699. One infusion of ketamine 0.5 mg/kg and one of saline, blinded, in both orders,
people with major depression free of antidepressants for two weeks. This page uses the half that is shared with the
project; the other half is kept back to judge models with and was not read. No model was tuned on these numbers.

The analysis is `afterglow.outcomes.analysis.open_trial` and needs the extra `analysis`. Each table opens with its
estimand, as `afterglow.outcomes` keeps it.
"""

_TAIL = """
## What this says, and what it does not

- Two days after one blinded infusion the mean fall is about nine points after ketamine and under one after saline. Two
  of 15 people had a response. Both are true; neither is "60 to 70 per cent", which comes from open courses.
- The note that came with the set gives +1.9 for saline on day 10. The 13 changes add up to 24, which is +1.85; every
  other number of the note comes out as it stands there.
- The paired difference is smaller than the first-period one, as carry-over would make it. With 8 and 7 people in the
  first period its interval reaches from a large benefit to none.
- Period 2 is measured against the `b0` of period 1. For those who had ketamine first this hides what was left of it.
- The mixed model takes the visits of one person as equally related and missing scores as missing at random. It is
  fitted by restricted maximum likelihood; its intervals are normal ones and too narrow for so few people.
- Ordinary least squares stands beside it as a check against a failed fit, not as an analysis: it ignores that the
  scores of one person belong together.
- Nothing here says what another person will feel, and nothing about courses, other doses or other diagnoses.
"""


def _render_traps(trial: OpenTrial) -> Iterator[str]:
    yield "## What the importer reported\n"
    yield f"{len(trial.participants)} participants, {len(trial.visits)} visits; no row was dropped.\n"
    yield "| finding | how often | meaning |\n|---|---|---|"
    for code, count in count_problems(trial.problems).items():
        yield f"| `{code}` | {count} | {_TRAPS.get(code, '')} |"
    yield ""


def _render_changes(analysis: TrialAnalysis) -> Iterator[str]:
    yield from _open("Change by visit", "trial-change-by-visit")
    yield "| after | day | n | mean change | SD | infused but without the visit |\n|---|---|---|---|---|---|"
    yield from (_change_row(change) for change in analysis.changes)
    correlation = f"{analysis.correlation:.2f} (n = {analysis.correlation_n})"
    yield f"\nScores 2 and 10 days after ketamine correlate at {correlation}.\n"


def _change_row(change: Change) -> str:
    cells = (change.treatment, change.day, change.n, _signed(change.mean), f"{change.sd:.1f}", change.left_out)
    return _row(*cells)


def _render_differences(analysis: TrialAnalysis) -> Iterator[str]:
    for title, estimand, rows in (
        ("Paired difference", "trial-paired-difference", analysis.paired),
        ("First-period difference", "trial-period-1-difference", analysis.period_1),
    ):
        yield from _open(title, estimand)
        yield "| day | n | ketamine - saline | 95 % interval | degrees of freedom |\n|---|---|---|---|---|"
        yield from (_difference_row(row) for row in rows)
        yield ""


def _difference_row(row: MeanDifference) -> str:
    people = " and ".join(map(str, row.n))
    return _row(row.day, people, _signed(row.mean), _interval(row.low, row.high), f"{row.df:.1f}")


def _render_responders(analysis: TrialAnalysis) -> Iterator[str]:
    yield from _open("Responders", "trial-responders")
    yield "| after | day | of those seen | 95 % interval | of all infused | 95 % interval |\n|---|---|---|---|---|---|"
    yield from (_responder_row(row) for row in analysis.responders)
    yield ""


def _responder_row(row: Responders) -> str:
    cells: list[object] = [row.treatment, row.day]
    for share in (row.seen, row.infused):
        cells += [f"{share.count}/{share.total}", f"{share.low * 100:.0f} to {share.high * 100:.0f} %"]
    return _row(*cells)


def _render_model(analysis: TrialAnalysis) -> Iterator[str]:
    model = analysis.model
    yield from _open("Mixed model", "trial-mixed-model")
    state = "converged" if model.has_converged and not model.warnings else "did not converge cleanly"
    variances = f"between people {model.person_variance:.1f}, within {model.residual_variance:.1f}"
    yield f"{model.n_scores} scores of {model.n_people} people; the fit {state}. Variance {variances}.\n"
    yield "| effect | estimate | standard error | 95 % interval | least squares |\n|---|---|---|---|---|"
    for effect, plain in zip(model.effects, model.least_squares, strict=True):
        band = _interval(effect.low, effect.high)
        yield _row(effect.name, _signed(effect.estimate), f"{effect.standard_error:.1f}", band, _signed(plain))


def _open(title: str, estimand_id: str) -> Iterator[str]:
    estimand = get_estimand(estimand_id)
    yield f"## {title}\n"
    yield f"*{estimand.sentence}* Population: {estimand.population} Intercurrent events: {estimand.intercurrent}\n"


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _signed(number: float) -> str:
    return f"{number:+.1f}"


def _interval(low: float, high: float) -> str:
    return f"{_signed(low)} to {_signed(high)}"
