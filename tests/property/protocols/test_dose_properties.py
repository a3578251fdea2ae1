"""Dose arithmetic for any possible input: it adds up, and rounding moves it only as far as allowed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.dose import calculate_devices, calculate_infusion, calculate_injection, check_limits
from afterglow.terms import InvalidInput, Severity

IV = get_effective("iv-racemic")
IM = get_effective("im-racemic")
WEIGHTS = st.decimals(20, 350, places=1)
DOSES = st.decimals("0.05", 2, places=2)
VIALS = st.sampled_from([10, 50, 100])
MINUTES = st.integers(2, 240)


def give(weight, dose, vial, minutes=40, **more):
    return calculate_infusion(
        IV, weight_kg=weight, dose=f"{dose}mg/kg", over=f"{minutes}min", vial_mg_per_ml=vial, **more
    )


@given(WEIGHTS, DOSES, VIALS, MINUTES)
def test_bag_times_concentration_is_what_was_drawn(weight, dose, vial, minutes):
    sheet = give(weight, dose, vial, minutes)
    assert abs(sheet.bag_mg_per_ml * sheet.total_ml - sheet.drawn_mg) < Decimal("1e-20")
    assert sheet.drawn_mg == sheet.draw_ml * vial
    assert sheet.total_ml == sheet.diluent_ml + sheet.draw_ml


@given(WEIGHTS, DOSES, VIALS)
def test_vial_given_and_rest_add_up(weight, dose, vial):
    sheet = give(weight, dose, vial, line_ml=2, flush_ml=1)
    assert sheet.left_in_vial_mg >= 0
    assert sheet.opened_mg == sheet.given_mg + sheet.left_in_line_mg + sheet.left_in_vial_mg


@given(WEIGHTS, DOSES, VIALS, st.decimals(1, 200, places=1))
def test_the_cap_is_never_passed_not_even_by_rounding(weight, dose, vial, cap):
    sheet = give(weight, dose, vial, cap_mg=cap)
    assert sheet.mg <= cap
    if sheet.is_capped:
        assert sheet.drawn_mg <= cap


@given(WEIGHTS, st.decimals("0.05", 2, places=3), VIALS)
def test_no_limit_is_passed_by_what_is_drawn_and_not_told(weight, dose, vial):
    sheet = calculate_injection(IM, weight_kg=weight, dose=f"{dose}mg/kg", vial_mg_per_ml=vial)
    told = {(f.rule, f.facts, f.severity, f.override) for f in sheet.findings}
    drawn = check_limits(IM, {"dose.mg_per_kg": sheet.drawn_mg / weight, "dose.mg": sheet.drawn_mg})
    stops = {(f.rule, f.facts, f.severity, f.override) for f in drawn if f.severity is Severity.STOP}
    assert {row for row in stops if row[3] == "none"} <= told
    assert {row[:3] for row in stops} <= {row[:3] for row in told}


@given(WEIGHTS, DOSES, VIALS)
def test_a_dose_that_is_not_refused_is_drawn_within_two_percent(weight, dose, vial):
    sheet = give(weight, dose, vial)
    if not sheet.is_refused:
        assert abs(sheet.drawn_mg - sheet.mg) * 100 <= 2 * sheet.mg
        assert sheet.draw_ml >= Decimal("0.1")


@given(WEIGHTS, DOSES, VIALS, MINUTES)
def test_rate_by_weight_is_the_dose_over_its_time(weight, dose, vial, minutes):
    sheet = give(weight, dose, vial, minutes)
    assert abs(sheet.rate_mg_per_kg_h * minutes / 60 - dose) < Decimal("1e-20")


@given(WEIGHTS, DOSES, VIALS, st.integers(1, 2))
def test_parts_of_an_injection_are_the_whole(weight, dose, vial, parts):
    sheet = calculate_injection(IM, weight_kg=weight, dose=f"{dose}mg/kg", vial_mg_per_ml=vial, parts=parts)
    assert sum(sheet.parts_ml) == sheet.draw_ml
    assert len(sheet.parts_ml) == parts


@given(st.integers(1, 6))
def test_devices_are_five_minutes_apart_and_add_up(count):
    sheet = calculate_devices(get_effective("nasal-esketamine-us"), dose=f"{28 * count}mg")
    assert [device.at_min for device in sheet.devices] == [5 * n for n in range(count)]
    assert sheet.devices[-1].sum_mg == sheet.mg
    assert sheet.is_refused == (count > 3)


@given(DOSES, DOSES)
def test_a_higher_dose_never_gets_a_milder_answer(one, other):
    order = {None: 0, Severity.CAUTION: 1, Severity.STOP: 2}

    def ask(dose):
        found = [f.severity for f in check_limits(IV, {"dose.mg_per_kg": dose})]
        return order[found[0] if found else None]

    low, high = sorted((one, other))
    assert ask(low) <= ask(high)


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_any_text_gives_a_sheet_or_problems_and_never_another_error(weight, dose, vial):
    problems, sheet = (), None
    try:
        sheet = calculate_infusion(IV, weight_kg=weight, dose=dose, vial_mg_per_ml=vial)
    except InvalidInput as error:
        problems = error.problems
    assert problems or sheet.mg > 0
