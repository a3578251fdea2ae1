"""What to do first and next, by route and phase: pause an infusion, withhold a device, observe what is given."""

import pytest

from afterglow.protocols.catalogue import get_effective

INFUSION_ONLY = {"record-pause", "record-resume", "record-rate-change"}


def get_steps(protocol, event, phase):
    steps = [s for s in get_effective(protocol).ladders if (s.event, s.phase) == (event, phase)]
    return sorted(steps, key=lambda step: step.order)


def test_pressure_in_an_infusion_is_pause_recheck_stop():
    commands = [step.command for step in get_steps("iv-racemic", "hypertension", "dosing")]
    assert commands[:3] == ["record-pause", "record-vitals", "record-stop"]


def test_pressure_while_paused_asks_for_the_recheck_first():
    assert get_steps("iv-racemic", "hypertension", "paused")[0].command == "record-vitals"


def test_pressure_between_devices_withholds_the_next_one():
    assert get_steps("nasal-esketamine-us", "hypertension", "dosing")[0].act.startswith("Withhold the next device")


@pytest.mark.parametrize("protocol", ["im-racemic", "sc-racemic", "oral", "sublingual"])
def test_what_is_already_given_is_observed_supported_and_called_about(protocol):
    steps = get_steps(protocol, "hypertension", "dosing")
    assert steps[0].act.startswith("Already given: observe")
    assert "Call the prescriber" in steps[1].act


@pytest.mark.parametrize("protocol", ["im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu", "oral"])
def test_only_an_infusion_is_paused_slowed_or_resumed(protocol):
    assert {step.command for step in get_effective(protocol).ladders} & INFUSION_ONLY == set()


def test_severe_dissociation_in_an_infusion_is_calmed_slowed_paused():
    commands = [step.command for step in get_steps("iv-racemic", "dissociation", "dosing")]
    assert commands[:3] == ["record-comfort", "record-rate-change", "record-pause"]


@pytest.mark.parametrize("protocol", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_every_alarm_that_names_a_ladder_finds_its_first_rung_in_each_phase(protocol):
    effective = get_effective(protocol)
    for row in effective.alarms:
        for phase in ("dosing", "observing") if row.ladder else ():
            assert get_steps(protocol, row.ladder, phase)[0].order == 1, (row.id, phase)


@pytest.mark.parametrize(
    "event", ["severe-hypertension", "respiratory-depression", "severe-desaturation", "deep-sedation"]
)
def test_a_red_event_stops_the_drug_where_it_can_be_stopped(event):
    assert get_steps("iv-racemic", event, "dosing")[0].command == "record-stop"
    assert get_steps("nasal-esketamine-us", event, "dosing")[0].act.startswith("No further device")
    assert get_steps("im-racemic", event, "dosing")[0].command != "record-stop"


@pytest.mark.parametrize(
    "event",
    [
        "hypertension",
        "nausea",
        "dissociation",
        "agitation",
        "desaturation",
        "hypersalivation",
        "laryngospasm",
        "sedation",
    ],
)
def test_every_event_of_the_management_table_has_a_ladder(event):
    assert get_steps("iv-racemic", event, "observing")


def test_rungs_are_numbered_from_one_without_gaps():
    for protocol in ("iv-racemic", "im-racemic", "nasal-esketamine-us"):
        ladders = get_effective(protocol).ladders
        for event, phase in {(step.event, step.phase) for step in ladders}:
            orders = [step.order for step in get_steps(protocol, event, phase)]
            assert orders == list(range(1, len(orders) + 1)), (event, phase)
