"""The font that the build ships is one typst reads, in every cut the record uses, without a warning."""

from pathlib import Path

import pytest
import typst

FONTS = Path(__file__).resolve().parents[3] / "src" / "afterglow" / "clinic" / "documents" / "fonts"
TEXT = """
#set document(title: "Record")
#set text(font: "{font}", lang: "en")
= Heading
regular *bold* _slanted_ #text(weight: 600)[semibold] 138/84 ≤ 20 % µg Łódź Žižek Ψ Ж
"""


def render(font: str) -> list[str]:
    """Return the warnings of rendering with the shipped fonts only."""
    source = TEXT.replace("{font}", font).encode()
    _pdf, warnings = typst.compile_with_warnings(
        source, font_paths=[str(FONTS)], ignore_system_fonts=True, pdf_standards=["ua-1"]
    )
    return [str(warning) for warning in warnings]


def test_shipped_font_renders_a_tagged_pdf_without_a_warning() -> None:
    assert render("Inter") == []


def test_missing_font_would_be_a_warning() -> None:
    assert "nowhere" in render("Nowhere")[0]


@pytest.mark.parametrize("name", ["Regular", "Italic", "SemiBold", "Bold"])
def test_each_cut_lies_beside_its_licence(name: str) -> None:
    assert (FONTS / f"Inter-{name}.ttf").is_file()
    assert "SIL OPEN FONT LICENSE" in (FONTS / "OFL.txt").read_text(encoding="utf-8").upper()
