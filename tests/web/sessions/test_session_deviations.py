"""What departed from what was asked: open while it can be settled, part of the record once that is signed."""

from typing import Any

import pytest

from afterglow.web.sessions.present.record import build_deviations, write_signed

FINDING = {"rule": "vial-expired", "seen": "Expiry 2026-01-31", "threshold": "not past its date", "severity": "caution"}


def entry(seq: int, kind: str, *findings: dict[str, Any], corrected_by: int | None = None) -> dict[str, Any]:
    at = f"2026-03-02T09:{seq:02d}:00+00:00"
    return {"seq": seq, "type": kind, "occurred_at": at, "findings": list(findings), "corrected_by": corrected_by}


def build(*log: dict[str, Any], is_closed: bool = False) -> dict[str, Any]:
    deviations = [{**finding, "seq": row["seq"]} for row in log for finding in row["findings"]]
    return {"log": list(log), "deviations": deviations, "is_closed": is_closed, "now": "2026-03-02T12:00:00+00:00"}


@pytest.mark.parametrize(
    ("log", "settled_by"),
    [
        ([entry(3, "preparation-recorded", FINDING)], None),
        # another vial, and the finding is not made again
        ([entry(3, "preparation-recorded", FINDING), entry(5, "preparation-recorded")], 5),
        # another vial, as old
        ([entry(3, "preparation-recorded", FINDING), entry(5, "preparation-recorded", FINDING)], None),
        # corrected in its own words
        ([entry(3, "preparation-recorded", FINDING, corrected_by=4), entry(4, "entry-corrected")], 4),
        ([entry(3, "preparation-recorded", FINDING, corrected_by=4), entry(4, "entry-corrected", FINDING)], None),
        # of other entries a later one takes nothing back
        ([entry(3, "device-given", FINDING), entry(5, "device-given")], None),
    ],
)
def test_a_finding_is_settled_by_the_entry_that_stands_in_its_place(
    log: list[dict[str, Any]], settled_by: int | None
) -> None:
    shown = build_deviations(build(*log))[0]
    assert shown["state"] == ("" if settled_by is None else f"Settled by entry {settled_by}")
    assert shown["is_past"] is (settled_by is not None)
    assert shown["seen"] == "Expiry 2026-01-31", "nothing is left out"


def test_in_a_signed_record_it_is_part_of_the_record_and_waits_for_nobody() -> None:
    view = build(
        entry(3, "preparation-recorded", FINDING),
        entry(8, "record-closed"),
        entry(9, "addendum-added"),
        is_closed=True,
    )
    assert build_deviations(view)[0]["is_past"]
    signed = write_signed(view)
    assert "entry 8; nothing here waits for anybody" in signed
    assert "Addenda: entries 9." in signed
    assert write_signed(build(entry(3, "preparation-recorded", FINDING))) == ""
