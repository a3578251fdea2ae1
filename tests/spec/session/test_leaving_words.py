"""Before leaving: what is open has its entry, an hour that is past holds nobody, the release is asked of who may."""

from afterglow.web.sessions.acts import build_acts
from afterglow.web.sessions.present.record import build_gates
from afterglow.web.sessions.present.stepper import build_steps
from tests.support.rooms import Room


def act(room, *, may_release):
    about, dose = {"prescriber": "Dr. O. Specimen"}, {"pattern": "infusion", "ordered_mg": "36"}
    context = {
        "phase": room.phase, "is_before": False, "is_after": True, "is_closed": False, "about": about, "dose": dose,
        "can": {"record": True, "release": may_release}, "allowed": {}, "gates": build_gates(room.view, room.protocol),
        "held": frozenset({"session.record", "session.sign", *(["order.sign"] if may_release else [])}),
    }  # fmt: skip
    return build_acts(context)


def test_the_hour_of_the_minimum_stay_is_said_until_it_is_past():
    room = Room().observe()
    gates = build_gates(room.view, room.protocol)
    before = room.view["discharge"]["earliest_at"]
    assert gates["earliest"]
    room.wait(240)
    assert room.view["discharge"]["earliest_at"] == before
    gates = build_gates(room.view, room.protocol)
    assert gates["earliest"] == ""
    assert gates["open_count"] > 0


def test_every_open_reading_has_its_entry_beside_it():
    room = Room().observe().wait(240)
    gates = {gate["kind"]: gate for gate in build_gates(room.view, room.protocol)["open"]}
    assert gates["near-baseline"]["sheet"] == "record-score"
    assert gates["blood-pressure"]["goes"] == "vitals-systolic"
    assert gates["recorded"]["sheet"] == "record-suicide-screen"
    # nothing is entered for a signature or for time
    assert not {"sheet", "goes"} & set(gates["sign-off"])


def test_who_may_not_release_gets_no_button_but_the_name_of_who_does():
    room = Room().observe().wait(240)
    nurse, prescriber = act(room, may_release=False), act(room, may_release=True)
    assert "sign-release" not in [each["command"] for each in nurse["leaving_acts"]]
    assert "Dr. O. Specimen" in nurse["waiting_for"]
    assert "sign-release" in [each["command"] for each in prescriber["leaving_acts"]]


def test_a_pause_is_told_from_its_own_beginning_and_for_its_own_length():
    room = Room().start().wait(10)
    room.do("record-pause")
    room.wait(3)
    room.do("record-resume")
    room.wait(5)
    room.do("record-pause")
    began = room.now
    room.wait(2)
    step = next(step for step in build_steps(room.view) if step["state"] == "now")
    assert (step["name"], step["from"], step["timer_s"]) == ("Paused", f"from {began:%H:%M:%S}", 120)


def test_a_step_that_waits_for_gates_names_no_hour_that_is_past():
    room = Room().observe().wait(240)
    step = next(step for step in build_steps(room.view) if step["state"] == "now")
    assert "not before" not in step["from"]
