"""Definitions are complete or refused."""

import copy
import tomllib
from importlib.resources import files

import pytest

from afterglow.instruments import MalformedInstrument, get_instrument, load_instruments, parse_instrument
from afterglow.terms import InvalidInput, TermsError


def read_table(name="phq9"):
    return tomllib.loads(files("afterglow.instruments").joinpath(f"data/{name}.toml").read_text("utf-8"))


def test_the_session_scales_are_there():
    assert {"aldrete", "padss", "moaas", "cadss6", "c-ssrs-screener", "c-ssrs-since-contact", "nrs-pain"} <= set(
        load_instruments()
    )


def test_every_number_of_every_definition_names_its_source_and_grade():
    for instrument in load_instruments().values():
        parts = [*instrument.scores, *instrument.bands, *instrument.alerts, *instrument.thresholds.values()]
        for part in [instrument, instrument.rights, *parts]:
            assert part.citation.source
            assert part.citation.locator
            assert part.citation.grade.label


def test_concept_labels_stay_short_so_that_no_wording_slips_in():
    for instrument in load_instruments().values():
        for item in instrument.items:
            assert len(item.label.split()) <= 6, (instrument.id, item.label)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("no citation", lambda t: t.pop("citation")),
        ("a source that the bibliography lacks", lambda t: t["citation"].update(source="HEARSAY")),
        ("an empty locator", lambda t: t["citation"].update(locator=" ")),
        ("an unknown grade", lambda t: t["citation"].update(grade="Z")),
        ("an unknown key", lambda t: t.update(colour="plum")),
        ("a band that leaves a gap", lambda t: t["bands"][1].update({"from": 6})),
        ("bands that end early", lambda t: t["bands"].pop()),
        ("a score over an item that is not there", lambda t: t["scores"][0]["items"].append("10")),
        ("an alert on an item that is not there", lambda t: t["alerts"][0]["when"].update(fact="12")),
        ("an item twice", lambda t: t["items"].append(copy.deepcopy(t["items"][0]))),
        ("an item without answers", lambda t: t["items"][0].pop("answers")),
    ],
)
def test_an_incomplete_definition_is_refused(words, change):
    table = read_table()
    assert parse_instrument(copy.deepcopy(table), "phq9.toml").id == "phq9"
    change(table)
    with pytest.raises((MalformedInstrument, TermsError)):
        parse_instrument(table, "phq9.toml")


def test_an_unknown_instrument_names_those_there_are():
    with pytest.raises(InvalidInput) as refusal:
        get_instrument("hopefulness")
    assert "phq9" in refusal.value.problems[0].accepted
