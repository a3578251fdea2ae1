"""Levels that trials saw and medicines that attenuate: cited data, refused without a source or a grade."""

import copy
import tomllib
from importlib.resources import files

import pytest

from afterglow.pharmacology.practice import find_seen_levels, is_attenuating, load_practice, read_practice
from afterglow.terms import InvalidInput

TEXT = files("afterglow.pharmacology").joinpath("data", "practice.toml").read_text(encoding="utf-8")


def test_levels_and_medicines_are_found_with_their_sources():
    seen = find_seen_levels("racemic", "iv")
    assert seen is not None
    # Zanos 2018, table 1: 100 to 250 ng/mL after 0.5 mg/kg over 40 min
    assert (seen.low_ng_per_ml, seen.high_ng_per_ml, seen.citation.grade.value) == (100.0, 250.0, "B")
    assert find_seen_levels("racemic", "im") is None
    assert is_attenuating("Metoprolol succinate 50 mg")
    assert is_attenuating(" clonidine")
    assert not is_attenuating("sertraline")
    assert all(one.citation.source and one.citation.grade.value == "C" for one in load_practice().attenuating)


@pytest.mark.parametrize("table", ["level", "attenuating"])
@pytest.mark.parametrize(
    ("key", "value"),
    [*((key, value) for key in ("source", "locator", "grade", "name") for value in (None, "")),
     ("source", "NO-SUCH"), ("grade", "Z")],
)  # fmt: skip
def test_entry_without_its_origin_is_refused(table, key, value):
    content = copy.deepcopy(tomllib.loads(TEXT))
    assert read_practice(content) == load_practice()
    content[table][0][key] = value
    with pytest.raises(InvalidInput) as refused:
        read_practice(content)
    assert refused.value.problems[0].path.startswith(f"{table}[0]")


@pytest.mark.parametrize(("low", "high"), [(250, 100), (0, 100), (float("nan"), 100), (100, None), ("100", 250)])
def test_range_that_is_none_is_refused(low, high):
    content = copy.deepcopy(tomllib.loads(TEXT))
    content["level"][0] |= {"low_ng_per_ml": low, "high_ng_per_ml": high}
    with pytest.raises(InvalidInput):
        read_practice(content)
