"""The named nurse of a chair: named once, handed over by an event that only the receiver accepts, judged by load."""

from afterglow.chairside.log import describe_event
from afterglow.chairside.nursing import find_nurse, find_offer
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER, Room


def hand_over(room: Room) -> Room:
    room.do("assign-nurse", nurse=NURSE.id)
    room.wait(5).do("offer-handover", to=OTHER_NURSE.id)
    room.wait(1).do("accept-handover", OTHER_NURSE)
    return room


def test_a_chair_has_no_nurse_until_one_is_named():
    room = Room()
    assert (find_nurse(room.state), room.view["nurse"]) == ("", {"id": None, "offer": None})
    room.do("assign-nurse", PRESCRIBER, nurse=NURSE.id)
    assert room.view["nurse"]["id"] == NURSE.id


def test_the_chair_stays_with_the_first_nurse_until_the_receiver_accepts():
    room = Room()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    assert find_nurse(room.state) == NURSE.id
    assert room.view["nurse"]["offer"]["to"] == OTHER_NURSE.id
    room.do("accept-handover", OTHER_NURSE)
    assert (find_nurse(room.state), find_offer(room.state)) == (OTHER_NURSE.id, None)
    accepted = room.events[-1]
    assert dict(accepted.data) == {"nurse": OTHER_NURSE.id, "from": NURSE.id, "offer": room.events[-2].seq}


def test_an_offer_is_accepted_once():
    assert hand_over(Room()).refuse("accept-handover", OTHER_NURSE).code == "handover-not-offered"


def test_a_later_offer_takes_the_place_of_the_first():
    room = Room()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("offer-handover", to=PRESCRIBER.id)
    assert room.refuse("accept-handover", OTHER_NURSE).code == "handover-not-yours"
    room.do("accept-handover", PRESCRIBER)
    assert find_nurse(room.state) == PRESCRIBER.id


def test_taking_over_without_an_offer_is_recorded_and_said():
    room = Room()
    room.do("assign-nurse", nurse=NURSE.id)
    decision = room.do("assign-nurse", OTHER_NURSE, nurse=OTHER_NURSE.id)
    assert find_nurse(room.state) == OTHER_NURSE.id
    assert [finding.rule for finding in decision.findings] == ["handover"]


def test_a_load_above_the_ratio_is_a_finding_and_at_the_ratio_is_none():
    room = Room()
    assert room.do("assign-nurse", nurse=NURSE.id, load="2", limit="2").findings == ()
    over = room.do("offer-handover", to=OTHER_NURSE.id, load="2.5", limit="2")
    assert [(finding.rule, finding.threshold) for finding in over.findings] == [("N-2", "2 at most")]
    assert room.view["deviations"][-1]["rule"] == "N-2"


def test_the_last_one_recorded_has_the_chair_whatever_time_was_named():
    room = Room().wait(30)
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("assign-nurse", OTHER_NURSE, nurse=OTHER_NURSE.id, occurred_at=room.now.replace(minute=5))
    assert find_nurse(room.state) == OTHER_NURSE.id


def test_each_step_stands_in_the_log():
    words = [describe_event(event) for event in hand_over(Room()).events[1:]]
    assert words == ["Nurse named", "Handover offered", "Handover accepted by the receiver"]


def test_nobody_is_handed_over_after_the_session():
    room = Room()
    room.do("cancel-session", reason="not today")
    assert room.refuse("assign-nurse", nurse=NURSE.id).code == "session-over"


def test_an_emergency_is_recorded_with_its_steps_also_after_leaving():
    room = Room()
    room.do("cancel-session", reason="not today")
    steps = [{"time": "09:04", "label": "Emergency services called"}, {"time": "09:12", "label": "Ambulance arrived"}]
    began = room.now.isoformat()
    room.do("record-emergency", call="call-1", began_at=began, ended_at=began, steps=steps)
    words = describe_event(room.events[-1])
    assert words == "Emergency: 09:04 Emergency services called; 09:12 Ambulance arrived"


def test_a_handover_is_not_corrected_afterwards():
    room = hand_over(Room())
    seq = room.events[-1].seq
    refusal = room.refuse("correct-entry", OTHER_NURSE, seq=seq, data={"load": "1"}, reason="typed wrong")
    assert refusal.code == "entry-signed"
