"""Alarms as a nurse meets them: raised, hidden, latched, answered, escalated, silenced, cleared; what they block.

Limits are typed from the fact sheet, section 4.2, and from what a clinic day asks of alarms.
"""

from datetime import datetime, timedelta

import pytest

from afterglow.chairside.commands import RECORDED
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER, Room

QUIET = {"systolic": 128, "diastolic": 80, "heart_rate": 72}
SYMPTOMS = {
    "A-03": ("chest-pain", "severe-headache", "dyspnoea", "focal-neurology", "visual-loss", "seizure"),
    "A-07H": ("apnoea",),
    "A-09": ("persistent-vomiting", "airway-not-protected"),
    "A-11": ("stridor", "laryngospasm"),
    "A-13": ("allergic-reaction",),
}


def run(protocol="iv-racemic", minutes=5):
    """Return a room five minutes into the dose, vitals taken."""
    return Room(protocol).start().wait(minutes)


def list_rows(room):
    return [alarm["row"] for alarm in room.view["alarms"]]


def find_alarm(room, row):
    return next(alarm for alarm in room.view["alarms"] if alarm["row"] == row)


def list_events(room, row):
    return [event.type for event in room.events if event.data.get("row") == row]


@pytest.mark.parametrize(
    ("reading", "row", "priority"),
    [
        ({"systolic": 160, "diastolic": 100}, None, None),
        ({"systolic": 161}, "A-01", "medium"),
        ({"diastolic": 101}, "A-01", "medium"),
        ({"systolic": 179}, "A-01", "medium"),
        ({"systolic": 180}, "A-02", "high"),
        ({"systolic": 150, "diastolic": 110}, "A-02", "high"),
        ({"heart_rate": 110}, None, None),
        ({"heart_rate": 111}, "A-05R", "medium"),
        ({"heart_rate": 121}, "A-05", "medium"),
        ({"heart_rate": 140}, "A-05", "medium"),
        ({"heart_rate": 141}, "A-05H", "high"),
        ({"heart_rate": 50}, None, None),
        ({"heart_rate": 49}, "A-05", "medium"),
        ({"heart_rate": 40}, "A-05", "medium"),
        ({"heart_rate": 39}, "A-05H", "high"),
        ({"spo2": 94}, None, None),
        ({"spo2": 93}, "A-06", "medium"),
        ({"spo2": 90}, "A-06", "medium"),
        ({"spo2": 89}, "A-06H", "high"),
        ({"resp_rate": 10}, None, None),
        ({"resp_rate": 9}, "A-07", "medium"),
        ({"resp_rate": 8}, "A-07", "medium"),
        ({"resp_rate": 7}, "A-07H", "high"),
        ({"moaas": 4}, None, None),
        ({"moaas": 3}, "A-08", "medium"),
        ({"moaas": 2}, "A-08H", "high"),
        ({"systolic": 90, "diastolic": 60}, None, None),
        ({"systolic": 89, "diastolic": 60}, "A-14", "medium"),
        ({"systolic": 80, "diastolic": 55}, "A-14", "medium"),
        ({"systolic": 79, "diastolic": 55}, "A-14H", "high"),
    ],
)
def test_one_alarm_the_strongest_is_raised_beyond_each_limit(reading, row, priority):
    # 160/100 at a baseline of 124/78 is no A-01 and no 40/25 rise: systolic 36, diastolic 22
    room = run()
    room.do("record-vitals", **{**QUIET, **reading})
    raised = [(alarm["row"], alarm["priority"]) for alarm in room.view["alarms"]]
    assert raised == ([] if row is None else [(row, priority)])


@pytest.mark.parametrize(
    ("reading", "is_raised"),
    [((163, 80), False), ((158, 102), False), ((156, 102), False), ((152, 80), False)],
)
def test_a_rise_is_hidden_by_the_limit_that_says_more(reading, is_raised):
    room = run()
    room.do("record-vitals", systolic=reading[0], diastolic=reading[1])
    assert ("A-04" in list_rows(room)) is is_raised


def test_a_rise_of_forty_or_twenty_five_over_a_low_baseline_is_medium():
    room = Room().ready()
    room.vitals(systolic=110, diastolic=70)
    room.do("start")
    room.wait(5).do("record-vitals", systolic=149, diastolic=94)
    assert list_rows(room) == []
    room.do("record-vitals", systolic=150, diastolic=94)
    assert [(alarm["row"], alarm["priority"]) for alarm in room.view["alarms"]] == [("A-04", "medium")]
    room.do("record-vitals", systolic=149, diastolic=95)
    assert list_rows(room) == ["A-04"]


def test_a_fall_of_thirty_per_cent_is_medium_at_any_level():
    room = Room().ready()
    room.vitals(systolic=140, diastolic=88)
    room.do("start")
    room.wait(5).do("record-vitals", systolic=99, diastolic=70)
    assert list_rows(room) == []
    room.do("record-vitals", systolic=98, diastolic=70)
    assert list_rows(room) == ["A-14"]


@pytest.mark.parametrize(("row", "kind"), [(row, kind) for row, kinds in SYMPTOMS.items() for kind in kinds])
@pytest.mark.parametrize("pressure", [(118, 76), (190, 112)])
def test_a_warning_symptom_is_high_at_any_pressure(row, kind, pressure):
    room = run()
    room.do("record-vitals", systolic=pressure[0], diastolic=pressure[1])
    room.do("record-symptom", kind=kind, level="mild")
    assert find_alarm(room, row)["priority"] == "high"


def test_a_symptom_that_was_asked_and_is_not_there_raises_nothing():
    room = run()
    for kinds in SYMPTOMS.values():
        for kind in kinds:
            room.do("record-symptom", kind=kind, level="none")
    assert list_rows(room) == []


@pytest.mark.parametrize(("total", "rows"), [("11", []), ("12", ["A-10"])])
def test_strong_dissociation_is_medium(total, rows):
    room = run()
    room.do("record-score", scale="cadss6", total=total)
    assert list_rows(room) == rows


@pytest.mark.parametrize("kind", ["panic", "agitation"])
def test_panic_and_agitation_are_medium(kind):
    room = run()
    room.do("record-symptom", kind=kind, level="moderate")
    assert [(alarm["row"], alarm["priority"]) for alarm in room.view["alarms"]] == [("A-10", "medium")]


# from raised to cleared


def test_a_medium_alarm_ends_with_its_condition():
    room = run()
    room.vitals(systolic=163)
    room.wait(3).vitals(systolic=150)
    assert list_rows(room) == []
    assert list_events(room, "A-01") == ["alarm-raised", "alarm-cleared"]


def test_a_high_alarm_stays_until_someone_answers_it():
    room = run()
    room.vitals(systolic=183)
    room.wait(3).vitals(systolic=150)
    assert list_rows(room) == ["A-02"]
    room.do("acknowledge-alarm", alarm=find_alarm(room, "A-02")["id"])
    assert list_rows(room) == []


def test_a_new_crisis_reading_is_a_new_alarm_though_nobody_has_answered_the_last_one():
    room = run()
    room.vitals(systolic=186, diastolic=113)
    room.wait(3).vitals(systolic=150)
    # over, and kept until somebody answers it; then another reading above the limit
    room.wait(3).vitals(systolic=190, diastolic=112)
    (alarm,) = [each for each in room.view["alarms"] if each["row"] == "A-02"]
    assert alarm["title"].startswith("BP 190/112")
    assert datetime.fromisoformat(alarm["raised_at"]) == room.now
    again = ["alarm-raised", "alarm-escalated", "alarm-cleared", "alarm-raised"]
    assert list_events(room, "A-02") == again
    # while it stands, a further reading above the limit is the same alarm
    room.wait(seconds=10).vitals(systolic=192, diastolic=112)
    assert list_events(room, "A-02") == again


def test_answering_is_not_acting_and_does_not_end_an_alarm():
    room = run()
    room.vitals(systolic=183)
    alarm = find_alarm(room, "A-02")
    assert (alarm["state"], alarm["acknowledged_by"]) == ("active", None)
    room.wait(seconds=7).do("acknowledge-alarm", OTHER_NURSE, alarm=alarm["id"])
    alarm = find_alarm(room, "A-02")
    assert (alarm["state"], alarm["acknowledged_by"], alarm["unanswered_s"]) == ("acknowledged", OTHER_NURSE.id, 7)
    room.wait(10).tick()
    assert find_alarm(room, "A-02")["state"] == "acknowledged"


def test_an_answered_alarm_that_returns_is_a_new_one():
    room = run()
    room.vitals(systolic=163)
    first = find_alarm(room, "A-01")["id"]
    room.do("acknowledge-alarm", alarm=first)
    room.vitals(systolic=150)
    room.vitals(systolic=165)
    again = find_alarm(room, "A-01")
    assert again["id"] != first
    assert again["state"] == "active"


def test_an_alarm_that_ended_is_not_answered():
    room = run()
    room.vitals(systolic=163)
    gone = find_alarm(room, "A-01")["id"]
    room.vitals(systolic=150)
    assert room.refuse("acknowledge-alarm", alarm=gone).code == "alarm-not-active"
    assert room.refuse("silence-alarm", alarm=gone).code == "alarm-not-active"


@pytest.mark.parametrize(
    ("systolic", "row", "seconds", "is_escalated"),
    [(183, "A-02", 14, False), (183, "A-02", 15, True), (163, "A-01", 59, False), (163, "A-01", 60, True)],
)
def test_an_unanswered_alarm_escalates(systolic, row, seconds, is_escalated):
    room = run()
    room.vitals(systolic=systolic)
    room.wait(seconds=seconds).tick()
    assert find_alarm(room, row)["is_escalated"] is is_escalated


def test_an_answered_alarm_does_not_escalate_and_another_escalates_once():
    room = run()
    room.vitals(systolic=183, spo2=92)
    room.do("acknowledge-alarm", alarm=find_alarm(room, "A-02")["id"])
    for _ in range(4):
        room.wait(1).tick()
    assert list_events(room, "A-02").count("alarm-escalated") == 0
    assert list_events(room, "A-06").count("alarm-escalated") == 1


def test_a_silence_ends_by_itself_within_two_minutes():
    room = run()
    room.vitals(systolic=163)
    alarm = find_alarm(room, "A-01")["id"]
    room.do("silence-alarm", alarm=alarm, seconds=600)
    until = room.now + timedelta(seconds=120)
    assert find_alarm(room, "A-01")["silenced_until"] == until.isoformat()
    room.wait(seconds=119).tick()
    assert find_alarm(room, "A-01")["silenced_until"] is not None
    room.wait(seconds=1).tick()
    assert find_alarm(room, "A-01")["silenced_until"] is None
    assert "alarm-silence-ended" in room.types
    room.do("silence-alarm", alarm=alarm, seconds=30)
    assert find_alarm(room, "A-01")["silenced_until"] == (room.now + timedelta(seconds=30)).isoformat()


def test_silence_is_not_an_answer():
    room = run()
    room.vitals(systolic=183)
    room.do("silence-alarm", alarm=find_alarm(room, "A-02")["id"])
    room.wait(seconds=15).tick()
    alarm = find_alarm(room, "A-02")
    assert (alarm["state"], alarm["is_escalated"]) == ("active", True)


def test_the_strip_shows_unanswered_first_then_the_most_urgent():
    room = run()
    room.vitals(spo2=92)
    room.wait(seconds=5).vitals(spo2=92, systolic=183)
    assert list_rows(room) == ["A-02", "A-06"]
    room.do("acknowledge-alarm", alarm=find_alarm(room, "A-02")["id"])
    assert list_rows(room) == ["A-06", "A-02"]


def test_a_stronger_alarm_takes_the_place_of_the_weaker():
    room = run()
    room.vitals(systolic=163)
    room.wait(1).vitals(systolic=183)
    assert list_rows(room) == ["A-02"]
    assert list_events(room, "A-01")[-1] == "alarm-cleared"


def test_a_corrected_reading_takes_its_alarm_back():
    room = run()
    room.vitals(systolic=163)
    seq = room.state.effective["vitals-recorded"][-1].seq
    room.do("correct-entry", seq=seq, data={"systolic": 136}, reason="misread")
    assert list_rows(room) == []
    assert "alarm-raised" in list_events(room, "A-01")


def test_an_older_reading_entered_late_neither_raises_nor_ends_an_alarm():
    room = run(minutes=10)
    room.vitals(systolic=140)
    room.do("record-vitals", systolic=190, diastolic=90, occurred_at=room.now - timedelta(minutes=4))
    assert list_rows(room) == []
    room.wait(1).vitals(systolic=183)
    room.do("record-vitals", systolic=130, diastolic=80, occurred_at=room.now - timedelta(minutes=4))
    assert list_rows(room) == ["A-02"]


@pytest.mark.parametrize("end", [("record-ending", {"kind": "transferred"}), ("record-left", {})])
def test_alarms_end_with_the_session(end):
    room = run()
    room.vitals(systolic=183)
    room.do(end[0], **end[1])
    assert list_rows(room) == []
    assert list_events(room, "A-02")[-1] == "alarm-cleared"


def test_nothing_alarms_before_anyone_has_come():
    room = Room()
    room.wait(60)
    assert room.tick().events == ()


# what an alarm blocks, and what it never blocks


def begin(room):
    if room.protocol.id == "iv-racemic":
        return room.ask("start")
    return room.ask("give-device", lot="x", outcome="given")


@pytest.mark.parametrize("protocol", ["iv-racemic", "nasal-esketamine-us"])
@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("record-vitals", {"systolic": 183, "diastolic": 90}),
        ("record-vitals", {"spo2": 89}),
        ("record-vitals", {"resp_rate": 7}),
        ("record-vitals", {"moaas": 2}),
        ("record-symptom", {"kind": "chest-pain", "level": "mild"}),
        ("record-symptom", {"kind": "allergic-reaction", "level": "mild"}),
    ],
)
def test_no_dose_starts_under_a_high_alarm(protocol, command, data):
    room = Room(protocol).ready()
    room.do(command, **data)
    assert "alarm-stands" in [blocker["code"] for blocker in room.view["blockers"]]
    assert hasattr(begin(room), "code")


@pytest.mark.parametrize("reading", [{"systolic": 163}, {"spo2": 93}, {"resp_rate": 9}, {"moaas": 3}])
def test_a_medium_alarm_holds_a_resume_and_the_next_device(reading):
    room = run()
    room.do("record-pause")
    room.vitals(**reading)
    assert room.refuse("record-resume").code == "alarm-stands"
    room.vitals()
    room.do("record-resume")
    nasal = run("nasal-esketamine-us")
    nasal.vitals(**reading)
    assert nasal.refuse("give-device", lot="x", outcome="given").code == "alarm-stands"
    nasal.vitals()
    nasal.do("give-device", lot="x", outcome="given")


def test_no_alarm_keeps_anything_that_happened_from_being_recorded():
    room = run()
    room.vitals(systolic=190, spo2=85, resp_rate=6, moaas=1)
    for kinds in SYMPTOMS.values():
        for kind in kinds:
            room.do("record-symptom", kind=kind, level="severe")
    for command, data in (
        ("record-pause", {}),
        ("record-stop", {}),
        ("record-drug-given", {"drug": "labetalol", "dose": "5 mg", "purpose": "rescue", "class": "antihypertensive"}),
        ("record-adverse-event", {"kind": "chest pain", "severity": "severe", "serious": True}),
        ("record-note", {"note": "ambulance called"}),
        ("record-ending", {"kind": "transferred"}),
    ):
        assert command in RECORDED
        room.do(command, **data)


# lost signal, late readings


@pytest.mark.parametrize(("seconds", "rows"), [(60, []), (61, ["A-06L"])])
def test_a_lost_signal_is_medium_after_a_minute(seconds, rows):
    room = run()
    room.vitals(spo2=None, spo2_lost=True)
    room.wait(seconds=seconds).tick()
    assert list_rows(room) == rows


def test_a_lost_signal_blocks_until_a_reading_by_hand():
    room = run()
    room.do("record-pause")
    room.vitals(spo2=None, spo2_lost=True)
    room.wait(seconds=61).tick()
    assert room.refuse("record-resume").code == "alarm-stands"
    room.do("record-vitals", spo2=97, origin="manual")
    assert list_rows(room) == []
    room.do("record-resume")


def test_a_lost_signal_blocks_even_when_no_tick_came_between():
    room = run()
    room.do("record-pause")
    room.vitals(spo2=None, spo2_lost=True)
    room.wait(seconds=61)
    assert room.refuse("record-resume").code == "alarm-stands"


def test_a_signal_lost_again_and_again_counts_from_the_first():
    room = run()
    room.vitals(spo2=None, spo2_lost=True)
    room.wait(seconds=40).vitals(spo2=None, spo2_lost=True)
    room.wait(seconds=21).tick()
    assert list_rows(room) == ["A-06L"]


@pytest.mark.parametrize(("minutes", "rows"), [(57, ["A-06L"]), (60, [])])
def test_after_the_dose_a_lost_signal_matters_in_the_first_hour(minutes, rows):
    room = Room("im-racemic").start()
    started = room.now
    room.wait(minutes - 1).vitals()
    room.vitals(spo2=None, spo2_lost=True)
    room.now = started + timedelta(minutes=minutes, seconds=30)
    room.tick()
    assert [row for row in list_rows(room) if row == "A-06L"] == rows


@pytest.mark.parametrize(
    ("minutes", "rows"), [(15, []), (15.1, ["A-12"]), (19.9, ["A-12"]), (20, ["A-12M"]), (35, ["A-12M"])]
)
def test_late_readings_are_low_and_late_breathing_or_sedation_medium_at_two_intervals(minutes, rows):
    # vitals every 10 min in an infusion
    room = Room().start().wait(minutes)
    room.tick()
    assert list_rows(room) == rows


def test_a_late_pressure_alone_stays_low():
    room = Room().start().wait(9)
    room.do("record-vitals", resp_rate=14, moaas=5)
    room.wait(9).do("record-vitals", resp_rate=14, moaas=5)
    room.wait(6).tick()
    assert [(alarm["row"], alarm["priority"]) for alarm in room.view["alarms"]] == [("A-12", "low")]


def test_a_late_reading_ends_when_it_is_taken():
    room = Room().start().wait(25)
    room.tick()
    room.vitals()
    assert list_rows(room) == []


# a reading that is waited for stays so when the schedule, the pump or the phase changes


def list_asked(room, what="Vitals"):
    rows = [row for row in room.view["due"] if row["state"] in ("due", "overdue", "later") and what in row["text"]]
    return [((datetime.fromisoformat(row["due_at"]) - room.now) / timedelta(minutes=1), row["state"]) for row in rows]


def test_an_injections_second_hour_ends_no_overdue_reading():
    # every 10 min in the first hour, every 15 min after it; the last reading is of the 20th minute
    room = run("im-racemic", minutes=20)
    room.vitals()
    for minutes, rows in ((15, []), (1, ["A-12"]), (4, ["A-12M"]), (19, ["A-12M"]), (1, ["A-12M"]), (30, ["A-12M"])):
        room.wait(minutes).tick()
        assert list_rows(room) == rows
    assert list_events(room, "A-12M") == ["alarm-raised", "alarm-escalated"]
    assert list_asked(room) == [(-60, "overdue")]
    room.vitals()
    assert list_rows(room) == []
    assert list_asked(room) == [(15, "later")]


@pytest.mark.parametrize("end", ["record-stop", "record-complete"])
def test_the_end_of_an_infusion_ends_no_overdue_reading(end):
    room = run(minutes=24)
    room.tick()
    assert list_rows(room) == ["A-12M"]
    room.do(end)
    assert list_rows(room) == ["A-12M"]
    room.wait(14).tick()
    assert list_events(room, "A-12M") == ["alarm-raised", "alarm-escalated"]
    room.vitals()
    assert list_rows(room) == []


@pytest.mark.parametrize(
    ("minutes", "asked"),
    [
        # the last reading, 10 min asked, is no older than that: the next comes 15 min after it, not after the end
        (4, (11, "later")),
        (10, (5, "later")),
        # older than the interval before: asked at once, late from when it was asked
        (12, (-2, "due")),
        (16, (-6, "overdue")),
    ],
)
def test_what_a_new_schedule_asks_first(minutes, asked):
    room = run(minutes=10)
    room.vitals()
    room.wait(minutes).do("record-stop")
    assert list_asked(room) == [asked]


def test_a_pause_tapped_without_a_pump_stops_no_reading():
    room = run("nasal-esketamine-us", minutes=20)
    room.do("record-pause")
    room.wait(10).tick()
    assert list_rows(room) == ["A-12M"]


def test_after_a_rescue_drug_that_undoes_a_release_readings_are_asked_again():
    room = Room().recover()
    room.do("sign-release", PRESCRIBER)
    assert list_asked(room) == []
    room.wait(3).do("record-drug-given", drug="midazolam", dose="1 mg", route="iv", purpose="rescue")
    assert room.phase == "observing"
    assert (15, "later") in list_asked(room)
    room.wait(30).tick()
    assert "A-12M" in list_rows(room)


# first acts


@pytest.mark.parametrize(
    ("protocol", "act"),
    [
        ("iv-racemic", ("Pause the pump", "record-pause")),
        ("im-racemic", ("Already given", "record-vitals")),
        ("nasal-esketamine-us", ("Withhold the next device", "record-vitals")),
    ],
)
def test_the_first_act_is_the_ladders_by_route(protocol, act):
    room = run(protocol)
    room.vitals(systolic=163)
    alarm = find_alarm(room, "A-01")
    if protocol == "im-racemic":
        assert alarm["first_act_command"] not in ("record-pause", "record-stop")
    else:
        assert alarm["first_act"].startswith(act[0])
        assert alarm["first_act_command"] == act[1]


def test_the_first_act_follows_the_phase():
    room = run()
    room.vitals(systolic=163)
    assert find_alarm(room, "A-01")["first_act_command"] == "record-pause"
    room.do("record-pause")
    assert find_alarm(room, "A-01")["first_act_command"] == "record-vitals"


def test_severe_pressure_and_warning_symptoms_stop_an_infusion():
    room = run()
    room.vitals(systolic=183)
    room.do("record-symptom", kind="seizure", level="severe")
    assert find_alarm(room, "A-02")["first_act_command"] == "record-stop"
    assert find_alarm(room, "A-03")["first_act_command"] == "record-stop"


def test_an_alarm_says_what_was_seen_beside_its_limit():
    room = run()
    room.vitals(systolic=163, diastolic=96)
    alarm = find_alarm(room, "A-01")
    assert alarm["title"] == "BP 163/96, above 160/100"
    assert "160" in alarm["limit_text"]
    assert (alarm["source"].split(",")[0], alarm["grade"]) == ("CANMAT-21", "V2")


@pytest.mark.parametrize(("minutes", "state"), [(1, "due"), (5, "due"), (6, "overdue")])
def test_a_high_pressure_asks_for_a_recheck_in_two_to_five_minutes(minutes, state):
    room = run()
    room.vitals(systolic=163)
    taken = room.now
    room.wait(minutes)
    row = next(row for row in room.view["due"] if row["id"].startswith("recheck:"))
    assert row["state"] == state
    assert row["window"] == [(taken + timedelta(minutes=each)).isoformat() for each in (2, 5)]


@pytest.mark.parametrize("by", [NURSE, PRESCRIBER])
def test_anyone_in_the_room_answers_an_alarm(by):
    room = run()
    room.vitals(systolic=183)
    room.do("acknowledge-alarm", by, alarm=find_alarm(room, "A-02")["id"])
    assert find_alarm(room, "A-02")["acknowledged_by"] == by.id
