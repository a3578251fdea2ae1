"""Rows R-, M-, T-, F- and S-: doses, monitoring, titration, fasting and checks, typed from the sheet."""

from decimal import Decimal

import pytest

from afterglow.protocols.catalogue import get_effective, load_indication_ids, load_protocol_ids
from afterglow.protocols.effective import find_route

RUNNABLE = {"iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"}
PLANNING = {"iv-racemic-pain", "sc-racemic", "nasal-racemic", "sublingual", "oral"}


def get_due(protocol, item, **more):
    return next(due for due in get_effective(protocol, **more).due if due.id == item)


def get_check(protocol, check, **more):
    return {name: value.value for name, value in find_check(protocol, check, **more).params.items()}


def find_check(protocol, check, **more):
    return next(part for part in get_effective(protocol, **more).checks if part.id == check)


def test_nine_protocols_four_of_which_run_sessions():
    assert set(load_protocol_ids()) == RUNNABLE | PLANNING
    assert {name for name in load_protocol_ids() if get_effective(name).is_runnable} == RUNNABLE


def test_seven_indications():
    expected = {"trd", "mdd-si", "bipolar-depression", "anxiety", "ptsd", "ocd", "chronic-pain"}
    assert set(load_indication_ids()) == expected


@pytest.mark.parametrize(
    ("protocol", "dose", "value"),
    [
        ("iv-racemic", "start_mg_per_kg", Decimal("0.5")),
        ("iv-racemic", "over_min", 40),
        ("im-racemic", "lowest_mg_per_kg", Decimal("0.5")),
        ("im-racemic", "highest_mg_per_kg", 1),
        ("sc-racemic", "start_mg_per_kg", Decimal("0.5")),
        ("sc-racemic", "highest_mg_per_kg", Decimal("0.9")),
        ("iv-racemic-pain", "bolus_highest_mg_per_kg", Decimal("0.35")),
        ("iv-racemic-pain", "highest_mg_per_kg_h", 2),
        ("iv-racemic-pain", "total_mg_at_least", 80),
        ("nasal-racemic", "lowest_mg", 50),
        ("nasal-racemic", "highest_mg", 100),
        ("sublingual", "highest_mg", 200),
        ("oral", "start_mg_per_kg", 2),
        ("oral", "highest_mg_per_kg", 7),
        ("nasal-esketamine-us", "start_mg", 56),
        ("nasal-esketamine-eu", "start_mg_from_age", 28),
    ],
)
def test_route_row_gives_its_dose(protocol, dose, value):
    assert get_effective(protocol).doses[dose].value == value


def test_iv_course_is_four_to_eight_sessions_two_or_three_a_week_then_two_to_eight_weeks():
    schedule = get_effective("iv-racemic").schedule
    induction, upkeep = schedule["induction"], schedule["maintenance"]
    assert (induction["sessions_lowest"].value, induction["sessions_highest"].value) == (4, 8)
    assert (induction["per_week"].value, induction["per_week_highest"].value) == (2, 3)
    assert (upkeep["interval_weeks_lowest"].value, upkeep["interval_weeks_highest"].value) == (2, 8)


def test_m_def_every_ten_minutes_in_the_infusion_and_fifteen_after():
    infusion, recovery = get_due("iv-racemic", "vitals-infusion"), get_due("iv-racemic", "vitals-recovery")
    assert (infusion.every_min.value, infusion.phases) == (10, ("dosing", "paused"))
    assert (recovery.every_min.value, recovery.anchor) == (15, "end")
    assert set(infusion.items) == {"bp", "heart_rate", "spo2", "resp_rate", "moaas"}


def test_m_iv_a_switches_to_every_five_minutes():
    item = get_due("iv-racemic", "vitals-infusion", profiles={"monitoring": "iv-q5"})
    assert (item.every_min.value, item.citation.source) == (5, "ASA-SED")


def test_m_iv_d_has_its_four_points():
    due = get_effective("iv-racemic", profiles={"monitoring": "iv-fixed-points"}).due
    points = {(item.anchor, item.at_min.value) for item in due if item.at_min is not None}
    assert points == {("start", 5), ("start", 20), ("end", 0), ("end", 60)}


@pytest.mark.parametrize("protocol", ["nasal-esketamine-us", "nasal-esketamine-eu"])
def test_m_esk_blood_pressure_at_forty_minutes_with_anchor_and_window(protocol):
    item = get_due(protocol, "bp-40")
    assert (item.at_min.value, item.anchor, item.window_min.value) == (40, "last-device", 10)
    assert "bp" in item.items


def test_m_im_every_ten_minutes_for_an_hour_then_every_fifteen():
    first, later = get_due("im-racemic", "vitals-first-hour"), get_due("im-racemic", "vitals-after-hour")
    assert (first.every_min.value, first.until_min.value) == (10, 60)
    assert (later.every_min.value, later.from_min.value) == (15, 60)


def test_m_po_has_readings_at_30_60_and_90_minutes():
    points = sorted(item.at_min.value for item in get_effective("oral").due if item.at_min is not None)
    assert points == [30, 60, 90]


def test_dissociation_is_asked_in_every_runnable_protocol():
    for protocol in RUNNABLE:
        assert any("cadss6" in item.items for item in get_effective(protocol).due), protocol


@pytest.mark.parametrize(
    ("protocol", "option", "hours"),
    [
        ("nasal-esketamine-us", None, {"solids_h": 2, "liquids_h": Decimal("0.5")}),
        ("iv-racemic", None, {"solids_h": 6, "fatty_solids_h": 8, "liquids_h": 2}),
        ("im-racemic", None, {"solids_h": 6, "fatty_solids_h": 8, "liquids_h": 2}),
        ("iv-racemic", "clinic-article", {"solids_h": 4, "solids_advised_h": 6}),
        ("oral", None, {"solids_h": 2, "liquids_h": Decimal("0.5"), "liquids_advised_h": 1}),
    ],
)
def test_fasting_profile_of_each_route(protocol, option, hours):
    profiles = {"fasting": option} if option else {}
    assert get_check(protocol, "fasting", profiles=profiles) == hours


def test_fasting_rules_follow_the_chosen_profile_alone():
    def rules(**more):
        return {rule.id for rule in get_effective("iv-racemic", **more).rules if rule.id.startswith("F-")}

    assert rules() == {"F-ASA"}
    assert rules(profiles={"fasting": "graded-risk"}) == {"F-ICAPS"}


def test_blood_pressure_rules_follow_the_chosen_profile():
    def rules(protocol, **more):
        return {rule.id for rule in get_effective(protocol, **more).rules if rule.id in ("B-1", "B-2", "B-3", "B-4")}

    assert rules("iv-racemic") == {"B-2"}
    assert rules("nasal-esketamine-us") == {"B-1"}
    assert rules("nasal-esketamine-eu") == {"B-3"}
    assert rules("iv-racemic", profiles={"blood-pressure": "symptom-led"}) == {"B-4"}


@pytest.mark.parametrize(
    ("review", "field", "value"),
    [
        ("T-1", "step_lowest", Decimal("0.1")),
        ("T-1", "step_highest", Decimal("0.25")),
        ("T-2", "over", 60),
        ("T-3", "after_session", 3),
        ("T-3", "improvement_below", 20),
        ("T-3", "improvement_below_upper", 25),
        ("T-5", "sessions_lowest", 4),
        ("T-5", "sessions_highest", 8),
        ("T-6", "liver_multiple", 3),
    ],
)
def test_titration_and_stop_rows_of_an_infusion(review, field, value):
    reviews = {item["id"]: item for item in get_effective("iv-racemic").schedule["reviews"]}
    assert reviews[review][field].value == value


def test_t4_response_is_half_and_remission_below_five_on_the_phq9():
    details = get_effective("iv-racemic", indication="trd").indication_details
    assert (details["response_fall"].value, details["remission_phq9_below"].value) == (50, 5)
    assert (details["remission_madrs_at_most"].value, details["remission_qids_at_most"].value) == (10, 5)


def test_t7_and_e08_belong_to_esketamine():
    reviews = {item["id"] for item in get_effective("nasal-esketamine-us").schedule["reviews"]}
    assert {"T-7", "E-08", "T-6"} <= reviews
    assert not {"T-1", "T-2", "T-3"} & reviews


def test_off_label_consent_is_asked_for_racemic_and_not_for_labelled_esketamine():
    for indication in find_route("iv-racemic")["indications"]:
        assert get_effective("iv-racemic", indication=indication).indication_details["consent"]["off_label"] is True
    labelled = get_effective("nasal-esketamine-us", indication="trd").indication_details["consent"]
    assert labelled["off_label"] is False


def test_bipolar_depression_asks_for_a_stabiliser_and_a_mania_scale():
    protocol = get_effective("iv-racemic", indication="bipolar-depression")
    assert protocol.indication_details["needs"] == ("mood-stabiliser", "mania-scale")
    assert {"IND-1", "IND-2"} <= {rule.id for rule in protocol.rules}


def test_e10_oral_antidepressant_is_asked_only_with_suicidality_in_the_us():
    def asks(protocol, indication):
        return "E-10" in {rule.id for rule in get_effective(protocol, indication=indication).rules}

    assert asks("nasal-esketamine-us", "mdd-si")
    assert not asks("nasal-esketamine-us", "trd")
    assert not asks("iv-racemic", "mdd-si")


def test_time_out_is_signed_by_two_and_by_one_nurse_in_an_esketamine_room():
    signers = {name: get_effective(name).setting("time_out.signers") for name in RUNNABLE}
    assert signers == {"iv-racemic": 2, "im-racemic": 2, "nasal-esketamine-us": 1, "nasal-esketamine-eu": 1}


def test_rems_enrolment_is_checked_and_its_form_kept_only_for_the_us_label():
    assert find_check("nasal-esketamine-us", "rems-enrolment").required
    assert len(get_effective("nasal-esketamine-us").rems_fields) >= 40
    for protocol in ("iv-racemic", "nasal-esketamine-eu"):
        assert "rems-enrolment" not in {check.id for check in get_effective(protocol).checks}
        assert get_effective(protocol).rems_fields == ()


def test_checks_of_an_infusion_ask_for_line_and_pump_and_a_spray_for_the_prescriber():
    infusion = {check.id for check in get_effective("iv-racemic").checks}
    spray = {check.id for check in get_effective("nasal-esketamine-us").checks}
    assert {"iv-site", "pump", "prescriber-reachable"} <= infusion
    assert {"prescriber-on-site", "nasal-inspection", "oximeter"} <= spray
    assert not {"iv-site", "pump"} & spray
    everywhere = {"identity", "consent-today", "weight", "allergies", "reconciliation", "suicide-screen", "phq9"}
    assert everywhere | {"fasting", "escort", "oxygen-suction", "baseline-vitals", "since-last"} <= infusion & spray


@pytest.mark.parametrize("protocol", sorted(RUNNABLE | PLANNING))
def test_every_disagreement_names_what_was_chosen_and_what_else_there_is(protocol):
    for item in get_effective(protocol).disagreements:
        assert item["text"]
        if "chosen" in item:
            assert item["chosen"] not in item["others"]
    shown = {item["id"] for item in get_effective(protocol).disagreements}
    assert {"blood-pressure", "fasting", "monitoring", "ecg", "liver", "resistance", "bipolar"} <= shown


def test_racemic_routes_say_that_no_ceiling_is_agreed_and_depression_that_trials_differ():
    for protocol in ("iv-racemic", "im-racemic", "sc-racemic", "sublingual", "oral"):
        assert "dose-ceiling" in {item["id"] for item in get_effective(protocol).disagreements}
    assert "efficacy" in {item["id"] for item in get_effective("iv-racemic", indication="trd").disagreements}


def test_rems_form_has_the_fields_of_the_monitoring_form():
    fields = {item["id"]: item for item in get_effective("nasal-esketamine-us").rems_fields}
    required = {
        "patient.first",
        "patient.last",
        "patient.birth_date",
        "patient.sex",
        "treatment.date",
        "treatment.dose",
    }
    required |= {"treatment.lot", "duration.minutes", "bp.before", "bp.at_40", "bp.completion"}
    assert all(fields[name]["required"] for name in required)
    assert fields["treatment.dose"]["choices"] == ("56", "84", "other")
    assert not fields["patient.middle"]["required"]
