"""Ways a session ends: discharge, and the four endings that nobody can refuse; what each of them asks."""

from datetime import timedelta

import pytest

from tests.support.rooms import DIRECTOR, NURSE, PRESCRIBER, THERAPIST, Room

ENDINGS = ("left-against-advice", "eloped", "transferred", "died")
COMPLETE = {"last_vitals": "128/76 at 10:40", "told": "prescriber, escort", "drug_reconciled": True, "to": "St Anne"}
PROTOCOLS = ("iv-racemic", "im-racemic", "nasal-esketamine-us")


def list_said(decision):
    return [finding.seen for finding in decision.findings]


@pytest.mark.parametrize("kind", ENDINGS)
@pytest.mark.parametrize("stage", ["arrive", "ready", "start", "observe", "recover"])
def test_an_ending_is_recorded_at_every_stage(kind, stage):
    room = getattr(Room(), stage)()
    room.do("record-ending", kind=kind, **COMPLETE)
    assert room.view["phase"] == "ended"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_an_ending_is_recorded_before_anyone_has_arrived_and_under_every_protocol(protocol):
    room = Room(protocol)
    room.do("record-ending", kind="eloped", **COMPLETE)
    assert room.view["phase"] == "ended"


@pytest.mark.parametrize("by", [NURSE, PRESCRIBER, THERAPIST, DIRECTOR])
def test_an_ending_is_recorded_by_whoever_is_there(by):
    room = Room().start()
    room.do("record-ending", by, kind="left-against-advice", **COMPLETE)
    assert room.events[-1].by == by.id


def test_an_ending_under_a_standing_alarm_is_recorded_and_ends_the_alarm():
    room = Room().start().wait(5)
    room.vitals(systolic=190, diastolic=96)
    assert [alarm["row"] for alarm in room.view["alarms"]] == ["A-02"]
    room.do("record-ending", kind="transferred", **COMPLETE)
    assert room.view["alarms"] == []
    assert room.events[-1].type == "alarm-cleared"


def test_a_complete_ending_leaves_nothing_to_say():
    assert list_said(Room().start().do("record-ending", kind="transferred", **COMPLETE)) == []


@pytest.mark.parametrize(
    ("absent", "said"),
    [
        ("last_vitals", "Last vitals not recorded"),
        ("told", "Not recorded who was told"),
        ("drug_reconciled", "Not recorded whether the drug is reconciled"),
        ("to", "Not recorded where to"),
    ],
)
def test_each_thing_an_ending_asks_is_said_when_it_is_absent(absent, said):
    given = {name: value for name, value in COMPLETE.items() if name != absent}
    decision = Room().start().do("record-ending", kind="transferred", **given)
    assert list_said(decision) == [said]


def test_only_a_transfer_asks_where_to():
    given = {name: value for name, value in COMPLETE.items() if name != "to"}
    assert list_said(Room().start().do("record-ending", kind="died", **given)) == []


def test_the_dose_stops_counting_when_the_person_has_gone():
    room = Room().start().wait(10)
    room.do("record-ending", kind="eloped", **COMPLETE)
    before = room.view["dose"]["calculated_mg"]
    room.wait(120)
    assert room.view["dose"]["calculated_mg"] == before
    assert room.view["clock"]["run_s"] == 600


def test_a_session_ends_once():
    room = Room().start()
    room.do("record-ending", kind="eloped", **COMPLETE)
    assert room.refuse("record-left").code == "session-over"
    assert room.refuse("record-ending", kind="died").code == "session-over"


def test_what_happened_before_the_end_can_still_be_entered_after_it():
    room = Room().start().wait(10)
    room.do("record-ending", kind="eloped", **COMPLETE)
    seen_at = room.now
    room.wait(5).do("record-vitals", systolic=131, diastolic=82, occurred_at=seen_at)
    assert room.view["vitals"]["bp"]["value"] == {"systolic": 131, "diastolic": 82}


def test_discharge_is_release_then_leaving():
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    assert room.view["phase"] == "released"
    room.wait(1)
    assert list_said(room.do("record-left", company="escort")) == []
    assert room.view["phase"] == "left"


def test_leaving_without_a_release_is_recorded_and_said():
    room = Room().observe()
    assert list_said(room.do("record-left", company="escort")) == ["Left without release"]
    assert room.view["phase"] == "left"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"company": "escort"}, []),
        ({"company": "other", "with": "Sample, Fern"}, []),
        # a form of before asked for a name alone
        ({"with": "Sample, Fern"}, []),
        ({"company": "other"}, ["Left with somebody whose name is not recorded"]),
        ({}, ["Not recorded with whom the person left"]),
        # it is recorded as it happened, whatever stands in the name
        ({"company": "alone"}, ["Left alone"]),
        ({"company": "alone", "with": "taxi"}, ["Left alone"]),
    ],
)
def test_with_whom_somebody_left_is_recorded_and_leaving_alone_is_said(given: dict[str, str], said: list[str]):
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    decision = room.wait(1).do("record-left", **given)
    assert list_said(decision) == said
    assert [finding["seen"] for finding in room.events[-1].data.get("findings", ())] == said
    assert room.view["phase"] == "left", "what happened is never refused"
    assert all("G-9" in finding.source for finding in decision.findings)


@pytest.mark.parametrize(
    ("command", "data", "is_said"),
    [
        ("record-vitals", {"systolic": 128, "diastolic": 80}, True),
        ("record-score", {"scale": "cadss6", "total": "1"}, True),
        ("record-drug-given", {"drug": "ondansetron", "dose": "4 mg", "purpose": "rescue"}, True),
        # what is taken at home, or told by telephone, is no mistake of the clock
        ("record-drug-given", {"drug": "sertraline", "dose": "50 mg", "purpose": "own"}, False),
        ("record-symptom", {"kind": "nausea", "level": "mild"}, False),
        ("record-note", {"note": "telephoned, sleeps"}, False),
    ],
)
@pytest.mark.parametrize(("minutes_ago", "is_after"), [(0, True), (9, True), (10, False), (30, False)])
def test_what_is_done_at_the_chair_and_dated_after_leaving_is_said(command, data, is_said, minutes_ago, is_after):
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    room.wait(1).do("record-left", company="escort")
    room.wait(10)
    decision = room.do(command, occurred_at=room.now - timedelta(minutes=minutes_ago), **data)
    said = [each.seen for each in decision.findings if each.rule == "after-leaving"]
    expected = [f"Dated {10 - minutes_ago} min after the person left"] if is_said and is_after else []
    assert said == expected


def test_a_leaving_dated_before_a_reading_is_said():
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    room.wait(20).vitals()
    decision = room.do("record-left", company="escort", occurred_at=room.now - timedelta(minutes=12))
    assert list_said(decision) == ["An entry made at the chair is dated 12 min after this leaving"]


def test_a_leaving_dated_before_a_rescue_drug_is_said():
    room = Room().recover()
    room.wait(5).do("record-drug-given", drug="labetalol", dose="10 mg", purpose="rescue")
    decision = room.wait(5).do("record-left", company="escort", occurred_at=room.now - timedelta(minutes=8))
    assert "An entry made at the chair is dated 3 min after this leaving" in list_said(decision)


@pytest.mark.parametrize("moved", ["reading", "leaving"])
def test_a_correction_that_puts_a_reading_behind_the_leaving_is_said(moved):
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    room.wait(5).vitals()
    reading = next(event for event in reversed(room.events) if event.type == "vitals-recorded")
    room.wait(5).do("record-left", company="escort")
    leaving = room.events[-1]
    seq, at = (reading.seq, leaving.occurred_at) if moved == "reading" else (leaving.seq, reading.occurred_at)
    step = timedelta(minutes=2 if moved == "reading" else -2)
    room.wait(10)
    same = room.do("correct-entry", seq=seq, data={"occurred_at": at.isoformat()}, reason="misread the clock")
    assert [each.seen for each in same.findings if each.rule == "after-leaving"] == []
    behind = room.do("correct-entry", seq=seq, data={"occurred_at": (at + step).isoformat()}, reason="misread")
    words = {"reading": "Dated 2 min after the person left"}
    expected = words.get(moved, "An entry made at the chair is dated 2 min after this leaving")
    assert [each.seen for each in behind.findings if each.rule == "after-leaving"] == [expected]


def test_a_departure_dated_before_the_release_is_recorded_and_said():
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    left_at = room.now
    room.wait(5)
    assert list_said(room.do("record-left", company="escort", occurred_at=left_at)) == []
    other = Room().recover()
    left_at = other.now
    other.wait(5).do("sign-release", PRESCRIBER)
    assert list_said(other.do("record-left", company="escort", occurred_at=left_at)) == ["Left before the release"]


def test_a_session_is_cancelled_before_the_dose_and_only_then():
    room = Room().arrive()
    room.do("cancel-session", reason="no escort came")
    assert room.view["phase"] == "cancelled"
    assert Room().start().refuse("cancel-session", reason="no escort came").code == "already-started"


def test_a_cancelled_session_with_a_prepared_bag_asks_to_account_for_it():
    room = Room().arrive().order().prepare()
    assert "Drug was prepared" in list_said(room.do("cancel-session", reason="no escort came"))
    assert room.refuse("close-record").code == "reconciliation-missing"
    accounted = Room().arrive().order().prepare().reconcile(given_mg="0", wasted_mg="36")
    assert list_said(accounted.do("cancel-session", reason="no escort came")) == []
    accounted.do("close-record")


def test_a_record_is_closed_only_with_the_drug_accounted_for():
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    room.do("record-left")
    assert room.refuse("close-record").code == "reconciliation-missing"
    room.reconcile().do("close-record")
    assert room.view["is_closed"] is True


@pytest.mark.parametrize(
    ("parts", "difference"),
    [
        ({"prepared_mg": "36", "given_mg": "34.9", "left_in_line_mg": "0.1", "wasted_mg": "1"}, "0"),
        ({"prepared_mg": "36", "given_mg": "34.9", "left_in_line_mg": "0.1", "wasted_mg": "0.9"}, "0.1"),
        ({"prepared_mg": "36", "given_mg": "36", "returned_mg": "0.5"}, "-0.5"),
    ],
)
def test_prepared_given_left_returned_and_wasted_add_up_or_the_difference_is_said(parts, difference):
    room = Room().observe().reconcile(**parts)
    event = room.state.effective["reconciliation-recorded"][-1]
    assert float(event.data["difference_mg"]) == float(difference)
    said = [finding for finding in event.data.get("findings", ()) if finding["rule"] == "drug-balance"]
    assert bool(said) == (difference != "0")


def test_waste_without_a_witness_is_recorded_and_said_and_the_same_person_is_no_witness():
    waste = {"prepared_mg": "36", "given_mg": "35", "left_in_line_mg": "0", "returned_mg": "0", "wasted_mg": "1"}
    room = Room().observe()
    assert list_said(room.do("record-reconciliation", **waste)) == ["Waste without a witness"]
    assert Room().observe().refuse("record-reconciliation", second=NURSE, **waste).code == "same-person"
