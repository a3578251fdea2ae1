"""The page on the drug model: its programs print what it says, figures and links are there, the notebook runs."""

import contextlib
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from afterglow.cli import main
from afterglow.pharmacology.mechanism import list_targets
from tools import draw_pharmacology

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "pharmacology.md").read_text(encoding="utf-8")
NOTEBOOK = DOCS / "examples" / "pharmacology.ipynb"
BLOCK = re.compile(r"^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```)?", re.MULTILINE | re.DOTALL)
# another page's figures stand in the same folder: these are the ones that this page shows
SHOWN = sorted(set(re.findall(r"\(figures/([\w-]+\.svg)\)", PAGE)))
COMMAND = re.compile(r"^\./run afterglow pharmacology (\w+) - <<'END'\n(.*?)^END$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<to>[^)#]+)(?:#[^)]*)?\)")


def load_notebook() -> dict[str, Any]:
    return json.loads(NOTEBOOK.read_text(encoding="utf-8"))


def run_code(code: str, names: dict[str, Any]) -> str:
    """Run a program; return what it printed."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "example", "exec"), names)
    return printed.getvalue()


def test_programs_of_the_page_print_what_it_says() -> None:
    names: dict[str, Any] = {}
    blocks = list(BLOCK.finditer(PAGE))
    assert len(blocks) >= 10
    for block in blocks:
        printed = run_code(block["code"], names)
        assert printed == (block["printed"] or ""), block["code"]


def test_commands_of_the_page_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = COMMAND.findall(PAGE)
    assert [act for act, _ in found] == ["find", "update"]
    for act, question in found:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(question.encode())))
        assert main(["pharmacology", act, "-"]) == 0, act
    told = capsys.readouterr().out
    assert "found: " in told
    assert "updated: " in told


def test_the_shares_of_met_targets_are_about_those_of_the_fit() -> None:
    """The page gives the report's counts (4000 people); those of the fit's own run differ by a few rows at the edge."""
    targets = list_targets()
    printed = sum(abs(one.predicted - one.value) <= 2 * one.standard_error for one in targets)
    combined = sum(one.is_met for one in targets)
    told = re.search(
        r"(\d+) of (\d+) lie within two combined .*?printed errors alone (\d+) of (\d+) do", PAGE, re.DOTALL
    )
    assert told is not None
    numbers = [int(text) for text in told.groups()]
    assert numbers[1] == numbers[3] == len(targets)
    assert abs(numbers[0] - combined) <= 3
    assert abs(numbers[2] - printed) <= 3


def test_links_and_figures_of_the_page_are_there() -> None:
    for path in (DOCS / "pharmacology.md", DOCS / "decisions" / "0004-exact-kinetics-and-models-as-data.md"):
        found = [match["to"] for match in LINK.finditer(path.read_text(encoding="utf-8"))]
        gone = [to for to in found if not to.startswith("http") and not (path.parent / to).exists()]
        assert gone == []


def test_every_figure_has_its_words_on_the_page() -> None:
    assert all(match for match in re.findall(r"!\[([^\]]*)\]\(figures/", PAGE))
    assert len(SHOWN) >= 6
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    assert [path.name for path in (DOCS / "figures").iterdir() if f"(figures/{path.name})" not in pages] == []


def test_the_script_draws_the_figures_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(draw_pharmacology, "PEOPLE", 50)
    draw_pharmacology.main([str(tmp_path)])
    assert sorted(path.name for path in tmp_path.iterdir()) == SHOWN
    for path in (*tmp_path.iterdir(), *(DOCS / "figures" / name for name in SHOWN)):
        root = ET.parse(path).getroot()
        kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert {"title", "desc"} <= kinds, path
        assert "script" not in kinds
        assert "nan" not in path.read_text(encoding="utf-8")


def test_cells_of_the_notebook_run_in_order() -> None:
    names: dict[str, Any] = {}
    printed = ""
    cells = [cell for cell in load_notebook()["cells"] if cell["cell_type"] == "code"]
    assert len(cells) >= 6
    for cell in cells:
        printed += run_code("".join(cell["source"]), names)
    assert "101 ng/mL" in printed
    assert "<svg" in names["shown"][-1]._repr_svg_()


def test_the_notebook_is_stripped_and_well_formed() -> None:
    content = load_notebook()
    assert (content["nbformat"], content["metadata"]["kernelspec"]["language"]) == (4, "python")
    ids = [cell["id"] for cell in content["cells"]]
    assert len(ids) == len(set(ids))
    for cell in content["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
