"""The drug accounted for: each figure of the sheet against what was drawn and what the clock makes of it.

In these rooms 0.72 mL of 50 mg/mL are drawn, 36 mg; a vial of that strength holds 500 mg. `observe` ran the whole of
it, `start` and ten minutes about 9 mg of 36.
"""

from datetime import timedelta

import pytest

from afterglow.chairside.drug_balance import find_known, list_differences
from afterglow.terms import InvalidInput
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER, Room

ENDED = {"kind": "eloped", "last_vitals": "none", "told": "prescriber", "drug_reconciled": False}


def sheet(prepared, given, *, line="0", returned="0", wasted="0"):
    return {
        "prepared_mg": prepared,
        "given_mg": given,
        "left_in_line_mg": line,
        "returned_mg": returned,
        "wasted_mg": wasted,
    }


def count(prepared, given, returned=0, wasted=0):
    return {
        "prepared_devices": prepared,
        "given_devices": given,
        "returned_devices": returned,
        "wasted_devices": wasted,
    }


def list_seen(room):
    return [finding.seen for finding in list_differences(room.state, room.protocol, room.now)]


def run_whole():
    return Room().observe()


def stop_early():
    room = Room().start().wait(10)
    room.do("record-stop")
    return room


def cancel():
    return Room().arrive().order().prepare()


def inject():
    room = Room("im-racemic").ready()
    room.do("give-injection", dose_mg="18", lot="0417-22")
    room.wait(2).do("give-injection", dose_mg="18", lot="0417-22")
    return room


@pytest.mark.parametrize(
    ("begin", "signed", "seen"),
    [
        # the whole of it ran
        (run_whole, sheet("36", "36"), []),
        (run_whole, sheet("36", "35.5", line="0.5"), []),
        # within two per cent of what was drawn, five of what the clock makes of it
        (run_whole, sheet("36.7", "36.7"), []),
        (run_whole, sheet("36", "34.3", wasted="1.7"), []),
        # the whole of the vial was counted, and what stayed in it went back or was wasted
        (run_whole, sheet("500", "36", returned="464"), []),
        (run_whole, sheet("500", "36", wasted="464"), []),
        # figures that agree with each other alone
        (run_whole, sheet("50", "30", wasted="20"), ["Prepared 50 mg, drawn by the entries 36 mg",
                                                     "Given 30 mg, calculated by the clock 36 mg"]),
        (run_whole, sheet("36", "30", wasted="6"), ["Given 30 mg, calculated by the clock 36 mg"]),
        (run_whole, sheet("36", "26", line="10"), ["Left in line 10 mg, by its volume 0.54 mg"]),
        (run_whole, sheet("36", "20", line="10", wasted="6"), [
            "Given and left in line 30 mg, calculated by the clock 36 mg", "Left in line 10 mg, by its volume 0.54 mg",
        ]),
        # figures that do not
        (run_whole, sheet("36", "36", wasted="5"), ["Difference -5 mg"]),
        (run_whole, sheet("36", "36", wasted="0.01"), ["Difference -0.01 mg"]),
        # stopped after ten minutes of forty
        (stop_early, sheet("36", "9", wasted="27"), []),
        (stop_early, sheet("36", "36"), ["Given 36 mg, calculated by the clock 9 mg"]),
        # prepared for a session that was cancelled
        (cancel, sheet("36", "0", wasted="36"), []),
        (cancel, sheet("36", "36"), ["Given 36 mg, calculated by the clock 0 mg"]),
        # two injections of 18 mg
        (inject, sheet("36", "36"), []),
        (inject, sheet("36", "18", wasted="18"), ["Given 18 mg, injected by the entries 36 mg"]),
    ],
)  # fmt: skip
def test_each_figure_is_held_against_the_entries_and_a_difference_names_both(begin, signed, seen):
    room = begin()
    decision = room.do("record-reconciliation", second=OTHER_NURSE, note="dropped, seen by both", **signed)
    assert [finding.seen for finding in decision.findings] == seen
    assert list_seen(room) == seen
    assert room.state.has("reconciliation-recorded"), "what happened is never refused"


def test_the_limits_are_the_protocols_own_with_their_source():
    room = run_whole()
    found = room.do("record-reconciliation", second=OTHER_NURSE, note="x", **sheet("50", "30", wasted="20")).findings
    assert [(each.rule, each.threshold, each.source) for each in found] == [
        ("drug-drawn", "within 2 %", room.protocol.settings["draw.rounding_max_percent"].citation.text),
        ("drug-given", "within 5 %", room.protocol.settings["pump.difference_percent"].citation.text),
    ]


def test_every_preparation_counts_and_a_corrected_one_as_it_stands():
    room = Room().arrive().order().prepare()
    room.do("record-preparation", vial_mg_per_ml="50", drawn_ml="0.72", diluent_ml="100", lot="0417-22")
    room.reconcile(prepared_mg="36", given_mg="0", wasted_mg="36")
    assert list_seen(room) == ["Prepared 36 mg, drawn by the entries 72 mg"]
    room.reconcile(prepared_mg="72", given_mg="0", wasted_mg="72")
    assert list_seen(room) == []
    seq = room.state.effective["preparation-recorded"][-1].seq
    room.do("correct-entry", seq=seq, data={"drawn_ml": "0.70"}, reason="misread")
    assert list_seen(room) == [], "71 mg, within two per cent"
    room.do("correct-entry", seq=seq, data={"drawn_ml": "0.36"}, reason="misread")
    assert list_seen(room) == ["Prepared 72 mg, drawn by the entries 54 mg"], "the sheet is read again, not believed"


def test_a_multi_dose_vial_of_an_earlier_day_is_not_counted_whole():
    opened_on = (Room().now - timedelta(days=3)).date().isoformat()
    room = Room().arrive().order()
    room.do("record-preparation", vial_mg_per_ml="50", drawn_ml="0.72", lot="0417-22", opened_on=opened_on)
    assert find_known(room.state, room.protocol, room.now, in_devices=False).opened is None
    room.reconcile(prepared_mg="500", given_mg="0", returned_mg="500")
    assert list_seen(room) == ["Prepared 500 mg, drawn by the entries 36 mg"]


def test_an_amount_that_nobody_entered_is_not_known_and_is_no_agreement():
    room = Room().arrive().order()
    room.do("record-preparation", lot="0417-22")
    room.reconcile(prepared_mg="36", given_mg="0", wasted_mg="36")
    assert list_seen(room) == ["Prepared 36 mg, drawn: not recorded"]


def spray(*outcomes, taken=None):
    room = Room("nasal-esketamine-us").ready()
    if taken is not None:
        room.do("record-preparation", devices=taken)
    for outcome in outcomes:
        room.do("give-device", lot="SP-77", outcome=outcome)
        room.wait(6)
    return room


@pytest.mark.parametrize(
    ("outcomes", "taken", "signed", "seen"),
    [
        (("given", "given"), None, count(2, 2), []),
        # a third one was taken out and went back unopened
        (("given", "given"), None, count(3, 2, returned=1), []),
        (("given", "given"), 3, count(3, 2, returned=1), []),
        (("failed", "given", "given"), None, count(3, 2, wasted=1), []),
        # a failed one is kept for the maker
        (("failed", "given", "given"), None, count(3, 2, returned=1), []),
        (("sneezed", "given"), None, count(2, 2), []),
        (("given", "given"), None, count(2, 1, wasted=1), ["Given 1 device, given by the entries 2 devices",
                                                           "Wasted 1 device, failed by the entries 0 devices"]),
        (("given", "given"), None, count(3, 2, wasted=1), ["Wasted 1 device, failed by the entries 0 devices"]),
        (("failed", "given", "given"), None, count(2, 2), [
            "Prepared 2 devices, used by the entries 3 devices", "Wasted 0 devices, failed by the entries 1 device",
        ]),
        (("given", "given"), 3, count(2, 2), ["Prepared 2 devices, prepared by the entries 3 devices"]),
        (("given", "given"), None, count(3, 2), ["Difference 1 device"]),
        # an older sheet, or one of another system, counts a device as its 28 mg
        (("given", "given"), None, sheet("56", "56"), []),
        (("failed", "given", "given"), None, sheet("84", "56", wasted="28"), []),
        (("given", "given"), None, sheet("84", "56", wasted="28"), ["Wasted 28 mg, failed by the entries 0 mg"]),
    ],
)  # fmt: skip
def test_a_spray_is_counted_in_devices(outcomes, taken, signed, seen):
    room = spray(*outcomes, taken=taken)
    decision = room.do("record-reconciliation", PRESCRIBER, second=OTHER_NURSE, note="seen by both", **signed)
    assert [finding.seen for finding in decision.findings] == seen


@pytest.mark.parametrize(
    ("given", "paths"),
    [
        ({"prepared_mg": "36", "given_mg": "36", "wasted_mg": "0"}, ["left_in_line_mg", "returned_mg"]),
        ({}, ["prepared_mg", "given_mg", "left_in_line_mg", "returned_mg", "wasted_mg"]),
        ({"prepared_devices": 2, "given_devices": 2}, ["returned_devices", "wasted_devices"]),
        # not in both ways, and no half device
        ({**count(2, 2), "given_mg": "56"}, ["prepared_devices"]),
        ({**count(2, 2), "given_devices": "1.5"}, ["given_devices"]),
    ],
)
def test_a_figure_that_is_missing_is_asked_for_and_is_not_nought(given, paths):
    with pytest.raises(InvalidInput) as error:
        Room().observe().ask("record-reconciliation", **given)
    assert [problem.path for problem in error.value.problems] == paths


@pytest.mark.parametrize(
    ("by", "second", "note", "lacks", "is_held"),
    [
        # NURSE drew it
        (NURSE, OTHER_NURSE, "dropped, seen by both", [], False),
        (OTHER_NURSE, PRESCRIBER, "dropped, seen by both", [], False),
        (NURSE, OTHER_NURSE, "", ["Without a reason"], True),
        (NURSE, None, "dropped", ["Without a second signature"], True),
        (NURSE, None, "", ["Without a reason and a second signature"], True),
        (OTHER_NURSE, NURSE, "dropped, seen by both", ["Signed with who drew the drug"], True),
    ],
)
def test_a_difference_needs_a_reason_and_a_second_person_before_the_record_is_closed(by, second, note, lacks, is_held):
    room = run_whole()
    room.do("record-ending", **ENDED)
    given = sheet("36", "30", returned="6") | ({"note": note} if note else {})
    decision = room.do("record-reconciliation", by, **({"second": second} if second else {}), **given)
    assert [each.seen for each in decision.findings if each.rule not in ("drug-given",)] == lacks
    row = next(each for each in room.view["allowed"] if each["command"] == "close-record")
    assert row["is_allowed"] is not is_held
    if is_held:
        refusal = room.refuse("close-record", PRESCRIBER)
        assert refusal.code == "drug-unexplained"
        assert "Given 30 mg, calculated by the clock 36 mg" in refusal.message
        room.reconcile()
    closed = room.do("close-record", PRESCRIBER)
    kept = [] if is_held else ["Given 30 mg, calculated by the clock 36 mg"]
    assert [each.seen for each in closed.findings] == kept, "it stands where the record is signed"


def test_a_time_that_is_corrected_after_the_sheet_was_signed_is_seen_at_closing():
    room = run_whole().reconcile()
    seq = room.state.find_last("stop-recorded", "completion-recorded").seq
    room.do("record-ending", **ENDED)
    moved = room.state.find_first("dosing-started").occurred_at + timedelta(minutes=20)
    room.do(
        "correct-entry", seq=seq, data={"occurred_at": moved.isoformat()}, reason="ended earlier", second=OTHER_NURSE
    )
    assert list_seen(room) == ["Given 36 mg, calculated by the clock 18 mg"]
    assert room.refuse("close-record", PRESCRIBER).code == "drug-unexplained"


def test_a_figure_corrected_on_the_sheet_settles_what_it_was_about():
    room = run_whole()
    room.do("record-ending", **ENDED)
    room.do("record-reconciliation", second=OTHER_NURSE, **sheet("36", "3.6", wasted="32.4"))
    seq = room.state.effective["reconciliation-recorded"][-1].seq
    room.do("correct-entry", seq=seq, data={"given_mg": "36", "wasted_mg": "0"}, reason="the point slipped")
    assert list_seen(room) == []
    room.do("close-record", PRESCRIBER)
