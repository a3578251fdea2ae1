"""The bibliography: every source of the clinical sheet, found by key, each with an address."""

import re

import pytest

from afterglow.terms import Citation, Grade, UnknownSource, get_source, load_bibliography

# the keys of section 0 of the clinical sheet; AND-4 / AND-5 / AND-O2 are three
SHEET = [
    "SPR-US",
    "SPR-EU",
    "REMS-FDA",
    "REMS-PMF",
    "REMS-HCS",
    "KET-US",
    "FDA-COMP",
    "APA-17",
    "CANMAT-21",
    "MCI-21",
    "YIP-22",
    "BIOK-21",
    "ASRA-18",
    "ASKP-20",
    "ASA-K",
    "ASA-FAST",
    "ASA-SED",
    "ICAPS-20",
    "AANA",
    "CPSBC-21",
    "NZ-23",
    "RANZCP",
    "RCPSYCH",
    "OXF",
    "VA",
    "VER-21",
    "AND-4",
    "AND-5",
    "AND-O2",
    "KADS-23",
    "KSET",
    "CADSS6",
    "CFR",
    "SITE",
]
KINDS = {"label", "guideline", "trial", "regulation", "standard", "policy", "review", "instrument"}


@pytest.mark.parametrize("key", SHEET)
def test_source_of_the_sheet_is_there(key: str) -> None:
    assert get_source(key).title


@pytest.mark.parametrize("source", load_bibliography().values(), ids=lambda source: source.key)
def test_source_has_a_kind_and_an_address(source) -> None:
    assert source.kind in KINDS
    assert source.url or source.doi or source.kind == "policy"
    assert source.url.startswith("https://") or not source.url
    assert re.fullmatch(r"10\.\d{4,}/\S+", source.doi) or not source.doi


def test_no_doi_stands_twice() -> None:
    dois = [source.doi.casefold() for source in load_bibliography().values() if source.doi]
    assert sorted(dois) == sorted(set(dois))


def test_a_citation_needs_a_known_source_and_a_place_in_it() -> None:
    citation = Citation("SPR-US", "section 4", Grade.V)
    assert citation.text == "SPR-US, section 4"
    with pytest.raises(UnknownSource):
        Citation("NOBODY", "section 4", Grade.V)
    with pytest.raises(UnknownSource):
        Citation("SPR-US", "  ", Grade.V)
