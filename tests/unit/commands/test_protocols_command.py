"""`afterglow protocols`: the list, one protocol in full, and a clinic's own values."""

import json

import pytest

from afterglow.cli import main
from afterglow.protocols.catalogue import get_effective, parse_protocol


def run(*arguments):
    return main(["protocols", *arguments])


def test_list_names_all_protocols_and_says_which_run(capsys):
    assert run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 9
    assert len([line for line in lines if "planning only" in line]) == 5


def test_list_as_json_holds_indications_and_profile_options(capsys):
    assert run("--json") == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)["protocols"]}
    assert rows["iv-racemic-pain"]["indications"] == ["chronic-pain"]
    assert set(rows["iv-racemic"]["profiles"]["blood-pressure"]) == {"us-label", "canmat", "eu", "symptom-led"}


def test_json_of_a_protocol_reads_back_as_the_same_protocol(capsys):
    assert run("iv-racemic", "--indication", "trd", "--json") == 0
    assert parse_protocol(json.loads(capsys.readouterr().out)) == get_effective("iv-racemic", indication="trd")


def test_text_shows_number_unit_source_and_grade_in_words(capsys):
    assert run("iv-racemic") == 0
    text = capsys.readouterr().out
    assert "over_min: 40 min [AND-4, row R-IV; checked against the source]" in text
    assert "L-IV dose.mg_per_kg soft > 0.75 mg/kg [SITE, row L-IV; site policy]" in text
    assert "Where sources disagree" in text
    assert "Chosen: canmat" in text


@pytest.mark.parametrize("protocol", ["im-racemic", "nasal-esketamine-us", "oral", "iv-racemic-pain", "nasal-racemic"])
def test_every_protocol_prints(protocol, capsys):
    assert run(protocol) == 0
    assert len(capsys.readouterr().out.splitlines()) > 100


def test_profile_and_overlay_are_merged(tmp_path, capsys):
    own = tmp_path / "own.toml"
    own.write_text('"gates.G-2.minutes" = 90\n', encoding="utf-8")
    assert run("iv-racemic", "--profile", "monitoring=iv-q5", "--overlay", str(own)) == 0
    text = capsys.readouterr().out
    assert "gates.G-2.minutes: 90 min [SITE, site overlay; site policy]" in text
    assert "Chosen: iv-q5" in text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", "[1]"),
        ("b.json", "{"),
        ("c.toml", "="),
        ("d.json", '{"gates.G-2.minutes": 1}'),
        ("e.json", '{"x": 1}'),
    ],
)
def test_overlay_that_cannot_be_used_is_bad_input(name, content, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert run("iv-racemic", "--overlay", str(path)) == 2
    assert capsys.readouterr().err.startswith("error:")


@pytest.mark.parametrize(
    "arguments", [["nothing"], ["iv-racemic", "--indication", "x"], ["iv-racemic", "--profile", "x"]]
)
def test_unknown_name_is_bad_input(arguments, capsys):
    assert run(*arguments) == 2
    assert "accepted:" in capsys.readouterr().err
