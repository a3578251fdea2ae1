"""Gathers everything the report says into one value; the same inputs give the same report."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files
from typing import Any

from afterglow.pharmacology.models.catalogue import get_model, load_model_ids
from afterglow.pharmacology.report.effects import NotModelled, compare_sessions, compare_static, list_not_modelled
from afterglow.pharmacology.report.mood import Mood, compare_mood
from afterglow.pharmacology.report.published import FILES, compare_file, load_content
from afterglow.pharmacology.report.ratios import compare_derived, compare_ratios
from afterglow.pharmacology.report.rows import Kind, Row, RowTable, Verdict
from afterglow.pharmacology.report.runs import FindModel
from afterglow.pharmacology.report.spread import compare_spread
from afterglow.pharmacology.report.verification import Check, run_checks

DEFAULT_SEED = 1
DEFAULT_PEOPLE = 4000


@dataclass(frozen=True, slots=True)
class PeerCheck:
    """What another program gave for one case: the largest difference over the largest value, or why it was not run."""

    program: str
    title: str
    difference: float | None
    goal: float
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        """What became of the comparison."""
        if self.difference is None:
            return Verdict.NOT_RUN
        return Verdict.MET if self.difference <= self.goal else Verdict.MISSED


@dataclass(frozen=True, slots=True)
class ModelLine:
    """A model as the report lists it."""

    id: str
    title: str
    status: str
    sampling_site: str
    routes: tuple[str, ...]
    grade: str
    known_failures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything the report says."""

    on: date
    seed: int
    people: int
    versions: Mapping[str, str]
    tables: tuple[RowTable, ...]
    not_modelled: tuple[NotModelled, ...]
    mood: Mood
    checks: tuple[Check, ...]
    peers: tuple[PeerCheck, ...]
    models: tuple[ModelLine, ...]
    use: Mapping[str, Any]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All published figures in the order of the report."""
        return tuple(row for table in self.tables for row in table.rows)

    def count(self, verdict: Verdict, kind: Kind | None = None) -> int:
        """Return how many published figures have a verdict, of one kind or of all."""
        return sum(row.verdict is verdict for row in self.rows if kind in (None, row.kind))

    @property
    def is_sound(self) -> bool:
        """Whether nothing was missed without a reason known beforehand, and no reason is out of date."""
        verdicts = [row.verdict for row in self.rows]
        verdicts += [check.verdict for check in self.checks] + [peer.verdict for peer in self.peers]
        is_stale = any(row.has_stale_reason for row in self.rows)
        return Verdict.MISSED not in verdicts and not is_stale and self.mood.far == 0


def build_report(
    on: date,
    *,
    versions: Mapping[str, str],
    seed: int = DEFAULT_SEED,
    people: int = DEFAULT_PEOPLE,
    checks: Sequence[Check] = (),
    peers: Sequence[PeerCheck] = (),
    find_model: FindModel = get_model,
) -> Report:
    """Return the report's data.

    Parameters
    ----------
    on : date
        The day the report bears.
    versions : mapping of str to str
        Programs and libraries with their versions.
    seed, people : int
        Of the virtual people behind effects and mood; `people` per session row, and per arm of the mood targets.
    checks : sequence of Check
        Further checks done outside (the compiled engine), shown after those done here.
    peers : sequence of PeerCheck
        What other programs gave; they are run outside, as the drug model knows none of them.
    find_model : callable
        Gives a model by id; tests hand in changed models.

    Returns
    -------
    report : Report
    """
    tables = [
        *(table for name in FILES for table in compare_file(name, find_model)),
        compare_spread(find_model),
        *compare_derived(find_model),
        *compare_ratios(find_model),
        compare_static(),
        compare_sessions(people, seed),
    ]
    return Report(
        on=on,
        seed=seed,
        people=people,
        versions=dict(versions),
        tables=tuple(tables),
        not_modelled=list_not_modelled(),
        mood=compare_mood(people, seed),
        checks=(*run_checks(), *checks),
        peers=tuple(peers),
        models=tuple(_list_models()),
        use=load_content("use"),
    )


def list_data_files() -> tuple[str, ...]:
    """Return the names of the packaged files of the report, without their ending."""
    folder = files("afterglow.pharmacology.report").joinpath("data")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    for name in names:
        tomllib.loads(folder.joinpath(name).read_text(encoding="utf-8"))
    return tuple(name.removesuffix(".toml") for name in names)


def _list_models() -> list[ModelLine]:
    lines = []
    for name in load_model_ids():
        model = get_model(name)
        lines.append(
            ModelLine(
                id=name,
                title=model.title,
                status=model.status.value,
                sampling_site=model.sampling_site,
                routes=tuple(model.routes),
                grade=model.citation.grade.value,
                known_failures=model.known_failures,
            )
        )
    return lines
