"""The named nurse of a chair: named once, handed over by an event that only the receiver accepts, judged by load."""

import pytest

from afterglow.chairside.card import derive_card
from afterglow.chairside.log import describe_event
from afterglow.chairside.nursing import find_nurse, find_offer
from tests.support.rooms import DIRECTOR, NURSE, OTHER_NURSE, PRESCRIBER, Room


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


# whose chair it is to offer


@pytest.mark.parametrize("to", [OTHER_NURSE.id, PRESCRIBER.id])
def test_a_colleague_offers_nobodys_chair_neither_to_herself_nor_to_another(to):
    room = name_nurse()
    refusal = room.refuse("offer-handover", OTHER_NURSE, to=to)
    assert refusal.code == "chair-not-yours"
    assert [finding.seen for finding in refusal.findings] == [f"The chair is with {NURSE.id}"]
    assert find_nurse(room.state) == NURSE.id


@pytest.mark.parametrize("by", [PRESCRIBER, DIRECTOR])
def test_a_prescriber_offers_it_for_a_nurse_who_cannot_and_the_record_says_so(by):
    room = name_nurse()
    decision = room.do("offer-handover", by, to=OTHER_NURSE.id)
    assert [finding.rule for finding in decision.findings] == ["handover"]
    assert room.view["deviations"][-1]["seen"] == "Offered by a prescriber, not by the nurse who has the chair"
    room.do("accept-handover", OTHER_NURSE)
    assert find_nurse(room.state) == OTHER_NURSE.id


def test_nobody_offers_the_chair_of_another_to_oneself_that_is_a_taking_over():
    room = name_nurse()
    assert room.refuse("offer-handover", PRESCRIBER, to=PRESCRIBER.id).code == "handover-to-oneself"
    assert [each.rule for each in room.do("assign-nurse", PRESCRIBER, nurse=PRESCRIBER.id).findings] == ["handover"]


def test_a_window_of_the_nurse_who_handed_over_does_not_hand_on_the_chair_of_the_next():
    room = hand_over(Room())
    refusal = room.refuse("offer-handover", NURSE, to=PRESCRIBER.id)
    assert refusal.code == "chair-not-yours"
    assert refusal.findings[0].seen == f"The chair is with {OTHER_NURSE.id}"


@pytest.mark.parametrize(
    ("command", "data"), [("offer-handover", {"to": DIRECTOR.id}), ("assign-nurse", {"nurse": PRESCRIBER.id})]
)
def test_an_act_meant_for_the_chair_of_one_nurse_is_not_done_to_the_chair_of_the_next(command, data):
    room = hand_over(Room())
    refusal = room.refuse(command, PRESCRIBER, **data, **{"from": NURSE.id})
    assert refusal.code == "chair-changed-hands"
    assert refusal.findings[0].seen == f"The chair is with {OTHER_NURSE.id}"
    room.do(command, PRESCRIBER, **data, **{"from": OTHER_NURSE.id})


def test_an_offer_ends_when_the_chair_is_taken_over_and_its_receiver_reads_who_has_it():
    room = name_nurse()
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("assign-nurse", PRESCRIBER, nurse=PRESCRIBER.id)
    assert room.view["nurse"] == {"id": PRESCRIBER.id, "offer": None}
    refusal = room.refuse("accept-handover", OTHER_NURSE)
    assert refusal.code == "handover-not-offered"
    assert refusal.findings[0].seen == f"The chair is with {PRESCRIBER.id}"


# an offer that comes to nothing


@pytest.mark.parametrize("by", [NURSE, PRESCRIBER])
def test_an_offer_is_taken_back_and_the_chair_stays(by):
    room = name_nurse()
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("withdraw-handover", by, reason="stays after all")
    assert room.view["nurse"] == {"id": NURSE.id, "offer": None}
    assert describe_event(room.events[-1]) == "Offered handover taken back"
    assert room.refuse("accept-handover", OTHER_NURSE).code == "handover-not-offered"


def test_the_receiver_declines_with_a_reason_and_the_board_says_so_until_the_nurse_of_the_chair_enters_something():
    room = name_nurse()
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("decline-handover", OTHER_NURSE, reason="two at dosing already")
    declined = room.events[-1]
    assert room.view["nurse"] == {"id": NURSE.id, "offer": None}
    assert describe_event(declined) == "Handover declined by the receiver"
    assert get_declined(room) == {"by": OTHER_NURSE.id, "at": declined.occurred_at.isoformat()}
    room.do("record-note", OTHER_NURSE, note="still busy")
    assert get_declined(room) is not None
    room.do("record-note", NURSE, note="stays with me")
    assert get_declined(room) is None


def test_a_declined_chair_may_be_offered_again():
    room = name_nurse()
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("decline-handover", OTHER_NURSE, reason="two at dosing already")
    room.do("offer-handover", to=PRESCRIBER.id)
    assert (get_declined(room), find_offer(room.state).data["to"]) == (None, PRESCRIBER.id)


@pytest.mark.parametrize("command", ["withdraw-handover", "decline-handover"])
def test_a_third_person_ends_no_offer(command):
    room = name_nurse()
    room.do("offer-handover", to=PRESCRIBER.id)
    assert room.refuse(command, OTHER_NURSE, reason="not theirs").code == "handover-not-yours"
    assert find_offer(room.state) is not None


@pytest.mark.parametrize(("duty", "seen"), [("away", "marked as away now"), ("no-hours", "no hours in the schedule")])
def test_a_receiver_who_is_off_duty_is_said_and_never_refused(duty, seen):
    room = Room()
    assert [each.rule for each in room.do("assign-nurse", nurse=NURSE.id, duty=duty).findings] == ["off-duty"]
    found = room.do("offer-handover", to=OTHER_NURSE.id, duty=duty).findings
    assert [each.rule for each in found] == ["off-duty"]
    assert seen in found[0].seen


def test_what_may_be_done_with_an_offer_is_said_with_it():
    room = name_nurse()
    names = ("accept-handover", "withdraw-handover", "decline-handover")
    assert [is_allowed(room, name) for name in names] == [False] * 3
    room.do("offer-handover", to=OTHER_NURSE.id)
    assert [is_allowed(room, name) for name in names] == [True] * 3


def name_nurse() -> Room:
    room = Room()
    room.do("assign-nurse", nurse=NURSE.id)
    return room


def get_declined(room: Room):
    return derive_card(room.state, protocol=room.protocol, now=room.now)["declined"]


def is_allowed(room: Room, name: str) -> bool:
    return next(row["is_allowed"] for row in room.view["allowed"] if row["command"] == name)
