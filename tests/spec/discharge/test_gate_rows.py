"""Rows G-1 to G-10: which gate each protocol has and where its threshold lies.

Thresholds are typed from the fact sheet, section 5, and from the clinic's decision on the blood pressure to leave
with: falling and within 20 % of baseline and below 160/100 and systolic at least 90, in two readings.
"""

import pytest

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.reading import GATE_KINDS

RUNNABLE = ("iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu")
ESKETAMINE = ("nasal-esketamine-us", "nasal-esketamine-eu")


def get_gates(protocol):
    return {gate.id: gate for gate in get_effective(protocol).gates}


def get_params(protocol, gate):
    return {name: value.value for name, value in get_gates(protocol)[gate].params.items()}


@pytest.mark.parametrize("protocol", ESKETAMINE)
def test_g1_esketamine_stays_two_hours_after_the_last_device_and_reports_from_the_first(protocol):
    params = get_params(protocol, "G-1")
    assert (params["minutes"], params["anchor"], params["report_anchor"]) == (120, "last-device", "first-device")


def test_g2_infusion_stays_an_hour_after_its_real_end():
    params = get_params("iv-racemic", "G-2")
    assert (params["minutes"], params["anchor"]) == (60, "end")


@pytest.mark.parametrize("protocol", ["im-racemic", "sc-racemic", "sublingual", "oral"])
def test_g3_injection_and_swallowed_stay_an_hour_after_the_dose(protocol):
    params = get_params(protocol, "G-3")
    assert (params["minutes"], params["anchor"]) == (60, "end")


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_each_protocol_has_exactly_one_minimum_stay(protocol):
    assert len([gate for gate in get_gates(protocol).values() if gate.kind == "minimum-stay"]) == 1


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_g4_blood_pressure_to_leave_with(protocol):
    params = get_params(protocol, "G-4")
    assert params["within_percent"] == 20
    assert (params["systolic_below"], params["diastolic_below"], params["systolic_at_least"]) == (160, 100, 90)
    assert (params["readings"], params["falling"]) == (2, True)
    assert get_gates(protocol)["G-4"].override == "prescriber"


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_g5_and_g6_ask_nine_of_either_recovery_score(protocol):
    aldrete, padss = get_params(protocol, "G-5"), get_params(protocol, "G-6")
    assert (aldrete["scale"], aldrete["minimum"], aldrete["alternative"]) == ("aldrete", 9, "G-6")
    assert (padss["scale"], padss["minimum"], padss["alternative"]) == ("padss", 9, "G-5")


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_g7_dissociation_near_baseline_oriented_and_suicide_risk_asked_again(protocol):
    near = get_gates(protocol)["G-7"].params["within"]
    assert (near.value, near.citation.grade) == (2, "P")
    assert get_params(protocol, "G-7-ORIENTED") == {"what": "oriented"}
    assert get_params(protocol, "G-7-SUICIDE") == {"what": "suicide-screen"}


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_g8_fully_awake_and_walking(protocol):
    assert get_params(protocol, "G-8") == {"scale": "moaas", "value": 5}
    assert get_params(protocol, "G-8-WALKS") == {"what": "walks-unaided"}


def test_g9_line_is_removed_only_where_there_is_one():
    assert "G-9-LINE" in get_gates("iv-racemic")
    assert all("G-9-LINE" not in get_gates(name) for name in ("im-racemic", *ESKETAMINE))
    for protocol in RUNNABLE:
        assert {"G-9-ESCORT", "G-9-INSTRUCTIONS"} <= set(get_gates(protocol))


def test_g10_a_prescriber_releases_racemic_and_a_licensed_clinician_esketamine():
    assert get_params("iv-racemic", "G-10") == {"role": "prescriber"}
    assert get_params("im-racemic", "G-10") == {"role": "prescriber"}
    assert get_params("nasal-esketamine-us", "G-10") == {"role": "licensed-clinician"}


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_a_rescue_drug_restarts_an_hour_of_observation_and_asks_a_prescriber(protocol):
    params = get_params(protocol, "G-RESCUE")
    assert (params["minutes"], params["role"]) == (60, "prescriber")
    assert params["classes"] == ("benzodiazepine", "opioid", "antihypertensive")


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_breathing_has_recovered(protocol):
    assert get_params(protocol, "G-RESP") == {"spo2_percent_at_least": 94, "resp_rate_per_min_at_least": 10}


@pytest.mark.parametrize("protocol", RUNNABLE)
def test_only_the_blood_pressure_gate_can_be_overridden(protocol):
    open_to = {gate.id for gate in get_gates(protocol).values() if gate.override != "none"}
    assert open_to == {"G-4"}
    assert {gate.kind for gate in get_gates(protocol).values()} <= set(GATE_KINDS)


def test_instructions_say_next_day_for_esketamine_and_24_hours_for_racemic():
    racemic = {item["id"] for item in get_effective("iv-racemic").instructions}
    esketamine = {item["id"] for item in get_effective("nasal-esketamine-us").instructions}
    shared = {"alcohol-decisions", "adult-tonight", "hydration", "expected", "call", "next-appointment", "call-back"}
    assert racemic >= {"driving-24-h", "integration", *shared}
    assert esketamine >= {"driving-next-day", "integration", *shared}
    assert "driving-24-h" not in esketamine
    assert "driving-next-day" not in racemic
