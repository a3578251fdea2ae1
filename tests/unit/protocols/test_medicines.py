"""Medicines by name: whole words, trade names, several in one entry, and never a silent miss."""

import pytest

from afterglow.protocols.medicines import describe_medicines, find_classes, find_generic_names, load_medicine_classes


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        ("Clarithromycin", ("cyp3a4-2b6-inhibitor",)),
        ("LORAZEPAM 1 mg nightly", ("benzodiazepine",)),
        ("St. John\u2019s Wort", ("cyp3a4-2b6-inducer",)),
        ("Auvelity", ("antidepressant", "dextromethorphan")),
        ("carbamazepine", ("cyp3a4-2b6-inducer", "mood-stabiliser")),
        ("lithium carbonate ER", ("lithium", "mood-stabiliser")),
        ("fluticasone, nose", ("nasal-corticosteroid",)),
        ("fluticasone", ()),
        ("oxcarbazepine", ()),
        ("zyxomab", ()),
        ("", ()),
    ],
)
def test_classes_of_a_name(name: str, classes: tuple[str, ...]) -> None:
    assert find_classes(name) == classes


def test_a_stated_class_adds_to_the_name_and_never_takes_away() -> None:
    facts = describe_medicines([{"name": "lorazepam", "class": "other"}])
    assert facts["medication.classes"] == ("benzodiazepine", "other")


def test_an_unknown_name_is_unclassified_and_named() -> None:
    facts = describe_medicines([{"name": "zyxomab"}, {"name": "sertraline"}])
    assert facts["medication.classes"] == ("ssri", "unclassified")
    assert facts["medication.named.unclassified"] == ("zyxomab",)


def test_the_shortest_time_since_a_class_counts_and_one_unknown_leaves_it_unknown() -> None:
    both = [{"name": "lorazepam", "hours_since": 20}, {"name": "diazepam", "hours_since": 6}]
    assert describe_medicines(both)["medication.hours_since.benzodiazepine"] == 6
    both[1]["hours_since"] = None
    assert "medication.hours_since.benzodiazepine" not in describe_medicines(both)


def test_a_trade_name_leads_to_the_generic_one() -> None:
    assert find_generic_names("Wellbutrin XL 300") == ("bupropion",)


def test_every_class_says_where_its_members_come_from() -> None:
    assert all(entry.names and entry.citation.locator for entry in load_medicine_classes().values())
