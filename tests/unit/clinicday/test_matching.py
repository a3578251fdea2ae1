"""Who may be the same person: names as people write them, and points that can be read."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afterglow.clinicday.matching import (
    Identity,
    compare,
    get_phone_key,
    measure_edits,
    normalise,
)

ROWAN = Identity("Demo", "Rowan", date(1988, 3, 3), "555 0142", "12 Sample Row", "Dr. B. Specimen", "4471")
ROWENA = Identity("Demo", "Rowena", date(1988, 3, 3), "(555) 01-42", "4 Example Lane", "B. Specimen", "4471")


def test_the_working_of_the_drawn_example() -> None:
    found = compare(ROWAN, ROWENA)
    verdicts = {item.name: item.verdict for item in found.fields}
    assert verdicts == {
        "name": "near",
        "born": "same",
        "phone": "same",
        "address": "differs",
        "doctor": "same",
        "insurance": "same",
    }
    assert (found.agree, found.compared, found.score, found.is_possible) == (4, 6, 12, True)


@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [
        (("García-López", "José"), ("garcia lopez", "Jose"), "same"),
        (("O'Brien", "Ann"), ("OBrien", "ANN"), "same"),
        (("García López", "José"), ("García", "José María"), "near"),
        (("Demo", "Rowan"), ("Rowan", "Demo"), "near"),
        (("Demo", "Katherine"), ("Demo", "Catherine"), "near"),
        (("Demo", "Jon"), ("Demo", "Jan"), "differs"),
        (("Demo", "Alder"), ("Demo", "Birch"), "differs"),
        (("", ""), ("Demo", "Birch"), "not-told"),
    ],
)
def test_names(first: tuple[str, str], second: tuple[str, str], verdict: str) -> None:
    found = compare(Identity(*first), Identity(*second))
    assert found.get_verdict("name") == verdict


@pytest.mark.parametrize(
    ("field", "first", "second", "verdict"),
    [
        ("born", date(1988, 3, 4), date(1988, 4, 3), "near"),
        ("born", date(1988, 3, 4), date(1989, 3, 4), "near"),
        ("born", date(1988, 3, 4), date(1971, 11, 30), "differs"),
        ("born", None, date(1988, 3, 4), "not-told"),
        ("phone", "+1 (212) 555-0142", "5550142", "same"),
        ("phone", "555 0142", "555 0124", "near"),
        ("phone", "555 0142", "555 9999", "differs"),
        ("address", "12 Sample St.", "12, sample street", "same"),
        ("address", "12 Sample Street, flat 3", "12 Sample Street", "same"),
        ("address", "12 Sample Row", "12 Sample Lane", "near"),
        ("doctor", "Dr. B. Specimen", "Prof. Specimen", "near"),
        ("doctor", "Dr. Specimen", "Dr. Example", "differs"),
        ("insurance", "4471", "4472", "differs"),
        ("insurance", "", "4472", "not-told"),
    ],
)
def test_fields(field: str, first: object, second: object, verdict: str) -> None:
    names = {"born": "birth_on", "insurance": "insurance_last4"}
    key = names.get(field, field)
    found = compare(replace(Identity(), **{key: first}), replace(Identity(), **{key: second}))  # type: ignore[arg-type]
    assert found.get_verdict(field) == verdict


def test_sharing_a_name_or_a_household_is_not_enough() -> None:
    namesake = Identity("Demo", "Rowan", date(1961, 7, 9), "555 8000")
    brother = Identity("Demo", "Linus", date(1979, 10, 21), "555 0142", "12 Sample Row", "Dr. B. Specimen")
    assert not compare(ROWAN, namesake).is_possible
    assert not compare(ROWAN, brother).is_possible


def test_nothing_told_is_no_agreement() -> None:
    found = compare(Identity(), Identity())
    assert (found.agree, found.compared, found.score, found.is_possible) == (0, 0, 0, False)


TEXTS = st.text(alphabet="aábcdeé'- 12", max_size=12)
PEOPLE = st.builds(
    Identity,
    TEXTS,
    TEXTS,
    st.none() | st.dates(date(1930, 1, 1), date(2010, 1, 1)),
    st.text(alphabet="0123456789 -+", max_size=14),
    TEXTS,
    TEXTS,
    st.text(alphabet="0123", max_size=4),
)


@given(PEOPLE, PEOPLE)
def test_the_order_of_the_two_changes_nothing(first: Identity, second: Identity) -> None:
    assert compare(first, second) == compare(second, first)


@given(PEOPLE)
def test_a_record_agrees_with_itself_in_all_it_tells(one: Identity) -> None:
    found = compare(one, one)
    assert found.agree == found.compared


@given(st.lists(TEXTS, min_size=3, max_size=3))
def test_edits_are_zero_for_the_same_and_at_most_the_longer_word(words: list[str]) -> None:
    assert all(measure_edits(word, word) == 0 for word in words)
    for first, second in pairwise(words):
        assert abs(len(first) - len(second)) <= measure_edits(first, second) <= max(len(first), len(second))


def test_keys_meet_however_a_number_is_written() -> None:
    assert get_phone_key("+43 1 555 01 42") == get_phone_key("0155 50142") == "5550142"
    assert get_phone_key("0142") == ""
    assert normalise("  Müller-Lüdenscheidt ") == "muller ludenscheidt"
