"""The report on disk: accessible HTML without script, a tagged PDF, other programs or why they were not asked."""

import itertools
import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from afterglow.cli import main
from afterglow.clinic.documents.typesetting import FontMissing
from afterglow.commands.credibility.html import render_html
from afterglow.commands.credibility.pdf import render_pdf
from afterglow.commands.credibility.peers import SOLVERS, find_difference, run_peers, skip_peers, write_sbml
from afterglow.pharmacology.report import Document, Grid, Section, Verdict, list_peer_cases

VOID = {"meta", "line", "path", "polyline", "polygon", "br"}
REPORT = ("pharmacology", "report", "--date", "2026-11-22", "--people", "200", "--without-peers")


class Page(HTMLParser):
    """Remembers tags with attributes in order, the text, and whether each tag was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report")
    main([*REPORT, "--to", str(path)])
    return path


@pytest.fixture(scope="module")
def sheet(folder: Path) -> Page:
    return Page((folder / "credibility.html").read_text(encoding="utf-8"))


def test_html_is_closed_has_language_title_and_no_script(sheet: Page) -> None:
    tags = dict(sheet.tags)
    assert sheet.open == []
    assert tags["html"]["lang"] == "en"
    assert {"title", "main", "nav", "h1"} <= set(tags)
    assert "script" not in tags
    assert not any(name.startswith("on") for _, attributes in sheet.tags for name in attributes)
    assert not any(tag in ("link", "img", "iframe") for tag, _ in sheet.tags)


def test_headings_go_down_one_step_at_a_time(sheet: Page) -> None:
    levels = [int(tag[1]) for tag, _ in sheet.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert all(below - above <= 1 for above, below in itertools.pairwise(levels))


def test_every_table_has_a_caption_and_headers_with_scope(sheet: Page) -> None:
    tables = sum(tag == "table" for tag, _ in sheet.tags)
    assert tables > 15
    assert sum(tag == "caption" for tag, _ in sheet.tags) == tables
    assert all(attributes.get("scope") in ("col", "row") for tag, attributes in sheet.tags if tag == "th")


def test_figures_have_a_title_and_a_description(sheet: Page) -> None:
    figures = [attributes for tag, attributes in sheet.tags if tag == "svg"]
    ids = {attributes["id"] for _, attributes in sheet.tags if attributes.get("id")}
    assert len(figures) >= 2
    for figure in figures:
        assert figure["role"] == "img"
        assert set(str(figure["aria-labelledby"]).split()) <= ids


def test_ids_are_unique_and_the_contents_lead_somewhere(sheet: Page) -> None:
    ids = [str(attributes["id"]) for _, attributes in sheet.tags if "id" in attributes]
    links = [str(attributes["href"]) for tag, attributes in sheet.tags if tag == "a"]
    assert len(ids) == len(set(ids))
    assert all(link.startswith("#") and link[1:] in ids for link in links)


def test_it_says_what_a_clinician_may_and_may_not_do_before_any_figure(sheet: Page) -> None:
    may, first = sheet.words.index("It may not be used to"), sheet.words.index("Nasal esketamine: the 18 strata")
    assert may < first
    assert "release a dose" in sheet.words
    assert "not run here: left out by --without-peers" in sheet.words


def test_the_pdf_is_tagged_and_holds_the_same_words(folder: Path) -> None:
    reader = PdfReader(BytesIO((folder / "credibility.pdf").read_bytes()))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "Credibility of the drug model" in text
    assert "2026-11-22" in text.replace("\u2010", "-")


def test_same_arguments_write_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    main([*REPORT, "--to", str(tmp_path)])
    for name in ("credibility.html", "credibility.pdf"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("--date", "yesterday"), "date"),
        (("--seed", "-1"), "seed"),
        (("--seed", "1.5"), "seed"),
        (("--people", "3"), "people"),
        (("--people", "many"), "people"),
        (("--to", "/dev/null/here"), "to"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field(words: tuple[str, str], path: str, capsys) -> None:
    assert main(["pharmacology", "report", "--json", *words]) == 2
    assert json.loads(capsys.readouterr().err)["problems"][0]["path"] == path


def test_paper_shows_text_never_markup() -> None:
    grid = Grid("a", ("#b",), (('$x #image("y")',),), (1.0,))
    document = Document("t", "s", (Section("i", "*h*", ("<b>",), grids=(grid,)),))
    pdf = render_pdf(document, now=datetime(2026, 11, 22, tzinfo=UTC))
    assert "#image" in " ".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages)
    assert "&lt;b&gt;" in render_html(document)


def test_without_the_built_font_the_html_stays_and_the_command_that_builds_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("afterglow.clinic.documents.typesetting.FONT_FOLDER", "none-built")
    with pytest.raises(FontMissing):
        render_pdf(Document("t", "s", ()), now=datetime(2026, 11, 22, tzinfo=UTC))
    assert main([*REPORT, "--to", str(tmp_path)]) == 2
    told = capsys.readouterr().err
    assert "`afterglow assets`" in told
    assert "credibility.html is written, credibility.pdf is not" in told
    assert (tmp_path / "credibility.html").stat().st_size > 10_000
    assert not (tmp_path / "credibility.pdf").exists()


@pytest.mark.parametrize(("module", "goal"), [("scipy", 1e-9), ("roadrunner", 1e-6)])
def test_other_programs_agree(module: str, goal: float) -> None:
    if find_spec(module) is None:
        pytest.skip(f"{module} is not installed")
    case = next(case for case in list_peer_cases() if case.id == "kamp-pause")
    assert find_difference(case.solve(), SOLVERS[module](case)) < goal


def test_a_program_that_is_missing_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_case):
        raise ImportError

    monkeypatch.setattr("afterglow.commands.credibility.peers.SOLVERS", {"scipy": refuse, "roadrunner": refuse})
    checks = run_peers()
    assert {check.verdict for check in checks} == {Verdict.NOT_RUN}
    assert {check.reason for check in checks} == {"scipy is not installed", "libroadrunner is not installed"}
    assert all(check.verdict is Verdict.NOT_RUN for check in skip_peers("no time"))


def test_sbml_holds_every_compartment_and_rate() -> None:
    case = list_peer_cases()[0]
    text = write_sbml(case.system)
    assert text.count("<rateRule") == len(case.system.compartments)
    assert all(f'name="{name}"' in text for name in case.system.compartments)
