"""The report as a sequence of headings, sentences, tables and figures, which HTML and paper render alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from afterglow.pharmacology.report.build import Report
from afterglow.pharmacology.report.charts import Figure
from afterglow.pharmacology.report.figures import draw_figures
from afterglow.pharmacology.report.mood import Mood
from afterglow.pharmacology.report.rows import Kind, Row, RowTable, Verdict
from afterglow.terms import get_source

LEVELS = ("perez", "film", "film-by-dose", "film-iv", "sites", "spread", "label-tmax", "im", "fanta", "derived")
SOLVED = ("regimen", "regimen-metabolites", "arms-solution", "together", "film-solution")
OTHERS = ("bioavailability", "interactions", "interactions-foretold", "people")
EFFECTS = ("static", "sessions")
ROW_WIDTHS = (2.1, 1.3, 0.9, 0.8, 0.8, 1.2, 0.9, 0.8, 2.0, 0.5)
TARGET_WIDTHS = (1.7, 1.8, 0.5, 0.8, 0.8, 0.9, 0.5, 0.6, 0.8, 1.8, 0.5)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: caption, headers, rows of text, which rows are to be marked, and relative widths."""

    caption: str
    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]
    marked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it, in this order: sentences, points, tables, figures."""

    id: str
    title: str
    texts: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    grids: tuple[Grid, ...] = ()
    figures: tuple[Figure, ...] = ()
    sections: tuple["Section", ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]


def build_document(report: Report) -> Document:
    """Return the report as a document; nothing in it but the report's own values."""
    return Document(
        title="Credibility of the drug model",
        subtitle=f"Afterglow {report.versions.get('afterglow', '')}, {report.on.isoformat()}",
        sections=(
            _summarise(report),
            _tell_use(report),
            _assess(report),
            _verify(report),
            _show_tables("levels", "Levels beside what was published and measured", report, LEVELS),
            _show_tables("solved", "The same equations by another solver", report, SOLVED),
            _show_tables("others", "Routes, other drugs, age and ancestry", report, OTHERS),
            _show_tables("effects", "Effects on mind, circulation and pain", report, EFFECTS),
            _show_left_out(report),
            _show_mood(report),
            _limit(report),
            _list_models(report),
            _repeat(report),
            _list_sources(report),
        ),
    )


def show_number(value: float | None) -> str:
    """Return four significant digits, or a dash."""
    if value is None:
        return "–"
    if value != 0.0 and abs(value) < 1e-3:
        return f"{value:.1e}"
    return f"{value:.4g}" if abs(value) < 1e4 else f"{value:.0f}"


def _summarise(report: Report) -> Section:
    total = len(report.rows)
    observed = [row for row in report.rows if row.kind is Kind.OBSERVATION]
    met = sum(row.is_met for row in observed)
    wide = sum(abs(row.error or 0.0) > 0.25 for row in observed if row.is_met)
    checks = sum(check.verdict is Verdict.MET for check in report.checks)
    skipped = sum(check.verdict is Verdict.NOT_RUN for check in report.checks)
    texts = (
        (
            f"{total} printed figures were compared: {report.count(Verdict.MET)} lie in their band, "
            f"{report.count(Verdict.EXPLAINED)} miss it for a reason that is given, {report.count(Verdict.MISSED)} "
            f"miss it without one. {len(report.not_modelled)} more are not predicted at all and listed with the reason."
        ),
        (
            f"Figures measured in people: {met} of {len(observed)} in their band, some of them the data a model "
            f"was fitted to; {wide} pass although more than 25 % off, through the width of a grade C band. The rest of "
            "the agreement is with the papers' own simulations, with another solver, or was set; each row says which."
        ),
        f"Code and calculation: {checks} of {len(report.checks) - skipped} checks passed"
        + (f", {skipped} not run here" if skipped else "")
        + f". Mood: {report.mood.met} of {len(report.mood.rows)} targets within two combined standard errors, "
        f"{report.mood.far} beyond four.",
        (
            "Bands go by kind of figure, not row by row: 1 % for exposures a paper simulated with its own model, "
            "0.5 % for another solver, 15 to 25 % for measured levels, and by grade for effects. A missed row stays in."
        ),
    )
    return Section("summary", "In short", texts)


def _tell_use(report: Report) -> Section:
    return Section(
        "use",
        "What a clinician may and may not use it for",
        ("The engine informs people who decide; it decides nothing.",),
        sections=(
            Section("may", "It may be used to", points=tuple(report.use["may"])),
            Section("may-not", "It may not be used to", points=tuple(report.use["may_not"])),
        ),
    )


def _assess(report: Report) -> Section:
    use = report.use
    contexts = tuple(
        (
            one["title"],
            one["use"],
            f"{one['influence']}: {one['influence_why']}",
            f"{one['consequence']}: {one['consequence_why']}",
            one["risk"],
            one["evidence"],
        )
        for one in use["context"]
    )
    factors = tuple(
        (one["title"], one["goal"], one["reached"], one["gap"] or "–", _judge(one["level"], report))
        for one in use["factor"]
    )
    return Section(
        "credibility",
        "Credibility assessment in the form of ASME V&V 40",
        (f"Question of interest: {use['question']['text']}",),
        grids=(
            Grid(
                "Contexts of use and model risk",
                ("Context", "Use", "Influence", "Consequence of a wrong answer", "Model risk", "Evidence"),
                contexts,
                (1.1, 1.6, 1.5, 1.5, 0.7, 1.6),
            ),
            Grid(
                "Credibility factors: goal and what was reached",
                ("Factor", "Goal", "Reached", "Gap", "Level"),
                factors,
                (1.3, 1.4, 1.6, 1.8, 0.9),
            ),
        ),
    )


def _judge(level: str, report: Report) -> str:
    if level == "from checks":
        parts = [check.verdict for check in report.checks] + [peer.verdict for peer in report.peers]
        run = [verdict for verdict in parts if verdict is not Verdict.NOT_RUN]
        return f"{sum(verdict is Verdict.MET for verdict in run)} of {len(run)} passed"
    if level == "from rows":
        observed = [row for row in report.rows if row.kind is Kind.OBSERVATION]
        return f"{sum(row.is_met for row in observed)} of {len(observed)} observed in band"
    return level


def _verify(report: Report) -> Section:
    checks = tuple(
        (check.title, check.how, show_number(check.figure), _show_goal(check.low, check.high), _say(check))
        for check in report.checks
    )
    peers = tuple(
        (peer.program, peer.title, show_number(peer.difference), f"at most {peer.goal:g}", _say(peer))
        for peer in report.peers
    )
    grids = [
        Grid("Checks done for this report", ("Check", "How", "Figure", "Goal", "Result"), checks, (1.6, 3, 0.8, 1, 1))
    ]
    if peers:
        headers = ("Program", "Case", "Largest difference over peak", "Goal", "Result")
        grids.append(Grid("The same systems in other programs", headers, peers, (1.6, 3, 1, 0.9, 1.4)))
    text = (
        "Verification asks whether the equations are solved right, not whether they are the right ones. Every figure "
        "below was computed when this report was made."
    )
    return Section("verification", "Verification of code and calculation", (text,), grids=tuple(grids))


def _show_goal(low: float, high: float) -> str:
    if high == 0.0:
        return "0"
    return f"at most {high:g}" if low == 0.0 else f"{low:g} to {high:g}"


def _say(part: object) -> str:
    verdict, reason = getattr(part, "verdict"), getattr(part, "reason")  # noqa: B009
    return f"{verdict.value}: {reason}" if reason else str(verdict.value)


def _show_tables(key: str, title: str, report: Report, ids: Sequence[str]) -> Section:
    found = {table.id: table for table in report.tables}
    figures = {figure.id: figure for figure in draw_figures(report)}
    sections = []
    for name in ids:
        shown = (figures[name],) if name in figures else ()
        sections.append(
            Section(
                id=f"{key}-{name}",
                title=found[name].title,
                texts=(found[name].text,),
                points=_list_misses(found[name]),
                grids=(_lay(found[name]),),
                figures=shown,
            )
        )
    return Section(key, title, sections=tuple(sections))


def _lay(table: RowTable) -> Grid:
    """Return a table of rows; what all rows share (source, place, grade, kind) stands once, in the caption."""
    headers = ("What", "Figure", "Printed", "Engine", "Error", "Passes", "Result", "Kind", "Source, place", "Grade")
    rows = tuple(_lay_row(row) for row in table.rows)
    marked = tuple(number for number, row in enumerate(table.rows) if row.verdict is not Verdict.MET)
    if len({(row.citation, row.kind) for row in table.rows}) > 1:
        return Grid(table.title, headers, rows, ROW_WIDTHS, marked)
    first = table.rows[0]
    caption = f"{table.title}. {first.citation.text}; grade {first.citation.grade.value}; {first.kind.words}"
    return Grid(caption, headers[:7], tuple(row[:7] for row in rows), ROW_WIDTHS[:7], marked)


def _lay_row(row: Row) -> tuple[str, ...]:
    low, high = show_number(row.low), show_number(row.high)
    band = "–" if row.band is None else f"{show_number(row.band[0])} to {show_number(row.band[1])}"
    return (
        row.title,
        f"{row.what}, {row.unit}" if row.unit != "1" else row.what,
        low if low == high else f"{low} to {high}",
        show_number(row.engine),
        "–" if row.error is None else f"{100.0 * row.error:+.1f} %",
        band,
        row.verdict.value,
        row.kind.words,
        row.citation.text,
        row.citation.grade.value,
    )


def _list_misses(table: RowTable) -> tuple[str, ...]:
    reasons: dict[str, list[str]] = {}
    for row in table.rows:
        if row.verdict is Verdict.EXPLAINED:
            reasons.setdefault(row.miss, []).append(f"{row.title} ({row.what})")
    return tuple(
        f"Missed: {'; '.join(names) if len(names) < 4 else f'{len(names)} rows'}. {reason}"
        for reason, names in reasons.items()
    )


def _show_left_out(report: Report) -> Section:
    rows = tuple((one.title, one.reason, one.citation.text, one.citation.grade.value) for one in report.not_modelled)
    headers = ("Printed figure", "Why the engine does not give it", "Source, place", "Grade")
    text = "Figures on acute effects that nothing here predicts. They stay in the list so that nobody looks for them."
    return Section(
        "left-out", "Not modelled", (text,), grids=(Grid("Figures not modelled", headers, rows, (2, 3, 1.6, 0.5)),)
    )


def _show_mood(report: Report) -> Section:
    mood = report.mood
    rows, marked = [], []
    for number, row in enumerate(mood.rows):
        target = row.target
        if not row.is_met:
            marked.append(number)
        rows.append(
            (
                f"{target.study}, {target.arm}",
                f"{target.scale}, {target.stat.replace('_', ' ')}, {target.time}",
                str(target.n),
                show_number(target.value),
                show_number(row.engine),
                show_number(target.combined_error),
                f"{row.z:+.1f}",
                f"{target.left_out_z:+.1f}",
                "met" if row.is_met else "missed",
                target.citation.text,
                target.citation.grade.value,
            )
        )
    first = ("Study, arm", "Figure", "n", "Printed", "Engine", "Combined SE")
    headers = (*first, "z", "z, left out", "Result", "Source, place", "Grade")
    texts = (
        (
            "The chain from channel block to mood was calibrated on these rows: agreement shows how well one set of "
            "numbers serves all of them, and is no prediction. z is the distance in combined standard errors, of three "
            "parts: the printed error, the spread between studies, and what no printed error covers (rounding, visit "
            "windows, imputation, definitions), assumed before the fit: 0.7 points for a mean or SD of a score, 3 "
            "percentage points for a rate, others by kind. "
            f"{mood.met} of {len(mood.rows)} lie within 2, {mood.far} beyond 4; "
            f"the mean of z squared is {mood.mean_square:.2f}. With the row's whole study left out of the fit (one "
            f"linear step, computed by the fit) {mood.met_when_left_out} lie within 2: that is nearer to a test."
        ),
        (
            f"By the printed errors alone, nothing assumed on top, {mood.met_by_printed} of {len(mood.rows)} "
            f"({100 * mood.met_by_printed / len(mood.rows):.0f} %) lie within 2, and the mean of z squared is "
            f"{mood.printed_mean_square:.1f}: the model is far from serving every study within its own error."
        ),
        (
            f"Computed anew with {mood.n} virtual people per arm, seed {mood.seed}; largest distance from what the "
            f"fit wrote down: {mood.largest_drift:.2f} combined standard errors."
        ),
    )
    aside = tuple((one.study, one.reason, one.citation.text) for one in mood.left_out)
    return Section(
        "mood",
        "Mood: calibration targets and misses",
        texts,
        grids=(
            Grid("Calibration targets", headers, tuple(rows), TARGET_WIDTHS, tuple(marked)),
            _lay_shown(mood),
            Grid("Studies not held against the model", ("Study", "Why", "Source, place"), aside, (1.2, 3, 1.6)),
        ),
    )  # fmt: skip


def _lay_shown(mood: Mood) -> Grid:
    """Return the printed differences that were not fitted, beside the engine's."""
    rows = tuple(
        (
            f"{row.shown.study}, {row.shown.arm} less {row.shown.control}",
            show_number(row.shown.value) + (f" (SE {row.shown.standard_error:g})" if row.shown.standard_error else ""),
            show_number(row.engine),
            "not fitted",
            row.shown.reason,
            row.shown.citation.text,
            row.shown.citation.grade.value,
        )
        for row in mood.shown
    )
    headers = ("Study, arms", "Printed", "Engine", "Use", "Why they differ", "Source, place", "Grade")
    caption = (
        "Differences in MADRS at day 28 between esketamine and placebo, both with a new antidepressant: not fitted"
    )
    return Grid(caption, headers, rows, (1.4, 0.8, 0.7, 0.6, 3, 1.8, 0.5), tuple(range(len(rows))))


def _limit(report: Report) -> Section:
    return Section("limits", "Limits", points=tuple(one["text"] for one in report.use["limit"]))


def _list_models(report: Report) -> Section:
    rows = tuple(
        (
            one.title,
            one.status,
            ", ".join(one.routes) or "–",
            one.sampling_site,
            " ".join(one.known_failures) or "–",
            one.grade,
        )
        for one in report.models
    )
    headers = ("Model", "Status", "Routes", "Blood", "Known failures", "Grade")
    return Section(
        "models", "Models", grids=(Grid("Models and where they fail", headers, rows, (1.6, 0.9, 1, 0.8, 3.4, 0.5)),)
    )


def _repeat(report: Report) -> Section:
    rows = tuple((name, version) for name, version in report.versions.items())
    text = (
        f"Seed {report.seed}; {report.people} virtual people. The same date, seed and versions give the same report. "
        f"To repeat it: ./run afterglow pharmacology report --date {report.on.isoformat()} --seed {report.seed} "
        f"--people {report.people}"
    )
    return Section(
        "repeat",
        "Versions and how to repeat this",
        (text,),
        grids=(Grid("Versions", ("Program", "Version"), rows, (1, 3)),),
    )


def _list_sources(report: Report) -> Section:
    keys = {row.citation.source for row in report.rows} | {one.citation.source for one in report.not_modelled}
    keys |= {row.target.citation.source for row in report.mood.rows} | {report.use["question"]["source"]}
    keys |= {one.citation.source for one in report.mood.left_out}
    rows = []
    for key in sorted(keys):
        source = get_source(key)
        rows.append((key, source.title, f"doi:{source.doi}" if source.doi else source.url or "–"))
    text = (
        "Grades: A read in the paper, its abstract or a label; B read in a secondary source; C recalled, to be read "
        "again before anything rests on it; D derived."
    )
    return Section(
        "sources",
        "Sources and grades",
        (text,),
        grids=(Grid("Sources", ("Key", "Title", "Address"), tuple(rows), (1, 3, 2)),),
    )
