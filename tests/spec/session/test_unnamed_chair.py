"""A chair without a named nurse: said before the dose, kept with its start, and never filled by who recorded last."""

import pytest

from afterglow.chairside.unnamed import find_unnamed
from tests.support.rooms import NURSE, Room


def test_before_the_dose_a_chair_without_a_nurse_is_a_caution_and_naming_one_settles_it():
    room = Room()
    assert [each["rule"] for each in room.view["cautions"] if each["rule"] == "N-1"] == ["N-1"]
    room.do("record-comfort", kind="quiet")
    assert find_unnamed(room.state) is not None, "who recorded something is not thereby the nurse of the chair"
    room.do("assign-nurse", nurse=NURSE.id)
    assert find_unnamed(room.state) is None
    assert not [each for each in room.view["cautions"] if each["rule"] == "N-1"]


@pytest.mark.parametrize(("is_named", "kept"), [(False, ["N-1"]), (True, [])])
def test_a_dose_that_starts_without_a_named_nurse_says_so_in_the_record(is_named: bool, kept: list[str]):
    room = Room().ready()
    if is_named:
        room.do("assign-nurse", nurse=NURSE.id)
    decision = room.do("start")
    assert [finding.rule for finding in decision.findings if finding.rule == "N-1"] == kept
    started = room.state.find_last("dosing-started")
    assert [each["rule"] for each in started.data.get("findings", ()) if each["rule"] == "N-1"] == kept
