"""Which drugs an allergy speaks of: its own name, its family, and nothing else."""

import pytest

from afterglow.protocols.allergies import find_allergies, load_families


@pytest.mark.parametrize(
    ("substance", "drug", "words"),
    [
        ("Penicillin", "amoxicillin 500 mg", "allergy to Penicillin (penicillins)"),
        ("penicillin: rash", "Penicillin V", "allergy to penicillin: rash (penicillins)"),
        ("Ondansetron", "Ondan\u200bsetron 4 mg IV", "allergy to Ondansetron"),
        ("NSAIDs", "Ketorolac 30 mg", "allergy to NSAIDs (aspirin and other NSAIDs)"),
        ("latex", "latex gloves", "allergy to latex"),
    ],
)
def test_a_drug_meets_the_allergy(substance: str, drug: str, words: str) -> None:
    assert [match.words for match in find_allergies([substance], drug)] == [words]


@pytest.mark.parametrize(
    ("substance", "drug"), [("aspirin", "paracetamol"), ("latex", "midazolam"), ("", "x"), ("x", "")]
)
def test_a_drug_that_is_no_member_does_not(substance: str, drug: str) -> None:
    assert find_allergies([substance], drug) == ()


def test_every_family_says_where_its_membership_is_from() -> None:
    assert all(family.citation.source and family.citation.locator and family.drugs for family in load_families())
