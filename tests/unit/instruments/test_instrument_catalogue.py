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
        for part in [instrument, instrument.rights, *parts, *instrument.settings.values()]:
            assert part.citation.source
            assert part.citation.locator
            assert part.citation.grade.value in ("●", "○") or part.citation.source == "SITE"


def test_concept_labels_stay_short_so_that_no_wording_slips_in():
    for instrument in load_instruments().values():
        for item in instrument.items:
            assert len(item.label.split()) <= 5, (instrument.id, item.label)


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ("no citation", lambda t: t.pop("citation")),
        ("a source that the bibliography lacks", lambda t: t["citation"].update(source="HEARSAY")),
        ("an empty locator", lambda t: t["citation"].update(locator=" ")),
        ("an unknown grade", lambda t: t["citation"].update(grade="Z")),
        ("a grade of another kind of source", lambda t: t["citation"].update(grade="A")),
        ("a band without a grade", lambda t: t["bands"][0].update(citation={"source": "PHQ9", "locator": "bands"})),
        ("a setting without a citation's grade", lambda t: t["settings"]["relapse"]["citation"].pop("grade")),
        ("a setting outside its own limits", lambda t: t["settings"]["relapse"].update(value=30)),
        ("an alert on a setting that is not there", lambda t: t["alerts"][0]["when"].update(than="setting.other")),
        ("a rule that reads a score below it", lambda t: t["scores"].insert(0, t["scores"].pop())),
        ("rules without a last line", lambda t: t["scores"][-1]["outcomes"].pop()),
        ("a score with an item's id", lambda t: t["scores"][1].update(id="3")),
        ("an unknown key", lambda t: t.update(colour="plum")),
        ("a band that leaves a gap", lambda t: t["bands"][1].update({"from": 6})),
        ("bands that end early", lambda t: t["bands"].pop()),
        ("a score over an item that is not there", lambda t: t["scores"][0]["items"].append("11")),
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


def test_a_count_may_not_stand_without_a_row_that_has_to_be_answered():
    table = read_table("athf-sf")
    del table["scores"][0]["never_impute"]
    with pytest.raises(MalformedInstrument, match="trial-1"):
        parse_instrument(table, "athf-sf.toml")


# the tables of the instruments sheet, by the mode given there; what it skips is not carried
MODES = {
    "ship": "phq9 phq2 phq8 hamd17 gad7 hama cgi-s cgi-i pcl5 nrs-pain bprs4 ciwa-ar aldrete padss",
    "ship-terms": "dass21 audit audit-c who5",
    "structure": "qids-sr16 madrs madrs-s lsas pdss c-ssrs-screener c-ssrs-since-contact asq caps5 ybocs oci-r bpi-sf "
    "peg mdq ymrs asrm pq16 dast10 taps isi whodas12 wsas cadss cadss6 moaas kset kset-r prise fibser icsi icpi "
    "bpic-ss ipss meq30 ebi msm athf-sf",
    "total": "bdi2 sds eq5d5l eq-vas moca dsst",
}


def test_every_instrument_of_the_sheet_is_carried_in_its_mode_and_no_other():
    carried = {each.id: str(each.mode) for each in load_instruments().values()}
    own = {"nrs-anxiety": "ship", "nrs-dissociation": "ship"}
    assert carried == {name: mode for mode, names in MODES.items() for name in names.split()} | own


def test_another_version_is_refused():
    assert get_instrument("phq9", "1").version == "1"
    with pytest.raises(InvalidInput) as refusal:
        get_instrument("phq9", "2")
    problem = refusal.value.problems[0]
    assert (problem.path, problem.value, problem.accepted) == ("version", "2", "1")


# section 7 of the sheet, checked codes only but for the PHQ-2 panel, whose note says that it waits
LOINC = {
    "phq9": "44249-1 44261-6 44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3 44260-8 69722-7",
    "phq2": "55757-9 55758-7 44250-9 44255-8",
    "phq8": "44250-9 44255-8 44259-0 44254-1 44251-7 44258-2 44252-5 44253-3",
    "gad7": "69737-5 70274-6 69725-0 68509-9 69733-4 69734-2 69735-9 69689-8 69736-7",
    "c-ssrs-screener": "93373-9 93374-7 93293-9 93246-7 93247-5 93248-3 93249-1 93250-9 93267-3 93269-9",
    "pcl5": "101697-1 101698-9",
    "audit": "72110-0 75624-7 68518-0 68519-8 68520-6 97734-8 97735-5 97736-3 97737-1 97738-9 97739-7 97740-5",
    "audit-c": "72109-2 75626-2 68518-0 68519-8 68520-6",
    "dast10": "82666-9 82667-7",
    "mdq": "84773-1",
    "bpi-sf": "77565-0",
    "nrs-pain": "38208-5",
    "moca": "72172-0",
}


def list_codes(instrument):
    parts = [*instrument.items, *instrument.scores]
    return [code for code in (instrument.panel, instrument.code, *(each.code for each in parts)) if code]


def test_codes_are_those_of_the_sheet_each_with_a_display():
    found = {each.id: list_codes(each) for each in load_instruments().values() if list_codes(each)}
    assert {name: sorted(code.code for code in codes) for name, codes in found.items()} == {
        name: sorted(codes.split()) for name, codes in LOINC.items()
    }
    assert all(code.display for codes in found.values() for code in codes)


def test_items_stand_in_the_published_order_of_their_codes():
    items = [item.code.code for item in get_instrument("phq9").items]
    assert items == LOINC["phq9"].split()[2:]
    assert [item.code.code for item in get_instrument("gad7").items] == LOINC["gad7"].split()[2:]
    assert [item.code.code for item in get_instrument("audit").items] == LOINC["audit"].split()[2:]


def test_an_unknown_instrument_names_those_there_are():
    with pytest.raises(InvalidInput) as refusal:
        get_instrument("hopefulness")
    assert "phq9" in refusal.value.problems[0].accepted
