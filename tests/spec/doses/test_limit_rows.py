"""Rows L-IV to L-STEP: each limit on both sides of its threshold, and where the measure is not known.

Expected values are typed from the clinical fact sheet, section 1.3: soft warning, second clinician, hard stop.
"""

from decimal import Decimal

import pytest

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.dose import check_limits, check_step, check_weight
from afterglow.terms import Override, Severity

FINE = None
SOFT = (Severity.CAUTION, Override.PRESCRIBER)
SECOND = (Severity.STOP, Override.SECOND_CLINICIAN)
HARD = (Severity.STOP, Override.NONE)
MISSING = (Severity.MISSING, Override.NONE)

LIMITS = [
    # protocol, row, measure, amount, what it says
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "0.75", FINE),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "0.76", SOFT),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "1.0", SOFT),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "1.01", SECOND),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "1.49", SECOND),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", "1.5", HARD),
    ("iv-racemic", "L-IV", "dose.mg_per_kg", None, MISSING),
    ("iv-racemic", "L-IV", "rate.mg_per_kg_h", "2", FINE),
    ("iv-racemic", "L-IV", "rate.mg_per_kg_h", "2.01", HARD),
    ("iv-racemic", "L-IV", "rate.mg_per_kg_h", None, MISSING),
    ("iv-racemic", "L-IV-MG", "dose.mg", "60", FINE),
    ("iv-racemic", "L-IV-MG", "dose.mg", "60.1", SOFT),
    ("iv-racemic", "L-IV-MG", "dose.mg", "100", SOFT),
    ("iv-racemic", "L-IV-MG", "dose.mg", "100.1", SECOND),
    ("iv-racemic", "L-IVR", "infusion.min", "30", FINE),
    ("iv-racemic", "L-IVR", "infusion.min", "29", SOFT),
    ("iv-racemic", "L-IVR", "infusion.min", "20", SOFT),
    ("iv-racemic", "L-IVR", "infusion.min", "19", SECOND),
    ("iv-racemic", "L-IVR", "infusion.min", "1", HARD),
    ("iv-racemic", "L-IVR", "infusion.min", None, MISSING),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "1.0", FINE),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "1.1", SOFT),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "1.5", SOFT),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "1.51", SECOND),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "1.99", SECOND),
    ("im-racemic", "L-IM", "dose.mg_per_kg", "2.0", HARD),
    ("im-racemic", "L-IM", "dose.mg_per_kg", None, MISSING),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", "0.9", FINE),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", "0.91", SOFT),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", "1.0", SOFT),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", "1.01", SECOND),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", "1.5", HARD),
    ("sc-racemic", "L-SC", "dose.mg_per_kg", None, MISSING),
    ("sublingual", "L-SL", "dose.mg", "200", FINE),
    ("sublingual", "L-SL", "dose.mg", "201", SOFT),
    ("sublingual", "L-SL", "dose.mg", "300", SOFT),
    ("sublingual", "L-SL", "dose.mg", "301", SECOND),
    ("sublingual", "L-SL", "dose.mg", "400", SECOND),
    ("sublingual", "L-SL", "dose.mg", "401", HARD),
    ("sublingual", "L-SL", "dose.mg", None, MISSING),
    ("oral", "L-PO", "dose.mg_per_kg", "2.5", FINE),
    ("oral", "L-PO", "dose.mg_per_kg", "2.6", SOFT),
    ("oral", "L-PO", "dose.mg_per_kg", "4", SOFT),
    ("oral", "L-PO", "dose.mg_per_kg", "4.1", SECOND),
    ("oral", "L-PO", "dose.mg_per_kg", "7", SECOND),
    ("oral", "L-PO", "dose.mg_per_kg", "7.1", HARD),
    ("oral", "L-PO", "dose.mg", "300", FINE),
    ("oral", "L-PO", "dose.mg", "301", SECOND),
    ("oral", "L-PO", "dose.mg_per_kg", None, MISSING),
    ("nasal-esketamine-us", "L-ESK", "dose.mg", "56", FINE),
    ("nasal-esketamine-us", "L-ESK", "dose.mg", "84", FINE),
    ("nasal-esketamine-us", "L-ESK", "dose.mg", "70", SOFT),
    ("nasal-esketamine-eu", "L-ESK", "dose.mg", "28", FINE),
    ("nasal-esketamine-us", "L-ESK", "dose.mg", "85", HARD),
    ("nasal-esketamine-us", "L-ESK", "dose.mg", None, MISSING),
    ("nasal-esketamine-us", "L-ESK", "devices", "3", FINE),
    ("nasal-esketamine-us", "L-ESK", "devices", "4", HARD),
    ("nasal-esketamine-us", "L-ESK", "sessions.7d", "2", FINE),
    ("nasal-esketamine-us", "L-ESK", "sessions.7d", "3", HARD),
    ("nasal-esketamine-us", "L-ESK", "sessions.7d", None, MISSING),
    ("nasal-esketamine-us", "E-14", "sessions.1d", "1", FINE),
    ("nasal-esketamine-us", "E-14", "sessions.1d", "2", HARD),
    ("iv-racemic", "L-FREQ", "sessions.7d", "3", FINE),
    ("iv-racemic", "L-FREQ", "sessions.7d", "4", SOFT),
    ("iv-racemic", "L-FREQ", "sessions.28d", "8", FINE),
    ("iv-racemic", "L-FREQ", "sessions.28d", "9", SOFT),
    ("iv-racemic", "L-FREQ", "sessions.28d", None, MISSING),
    ("iv-racemic", "L-WT", "weight.kg", "29.9", HARD),
    ("iv-racemic", "L-WT", "weight.kg", "30", FINE),
    ("iv-racemic", "L-WT", "weight.kg", "120", FINE),
    ("iv-racemic", "L-WT", "weight.kg", "120.1", SOFT),
    ("iv-racemic", "L-WT", "weight.kg", "250", SOFT),
    ("iv-racemic", "L-WT", "weight.kg", "250.1", HARD),
    ("iv-racemic", "L-WT", "weight.kg", None, MISSING),
    ("iv-racemic", "L-WT", "weight.age_d", "30", FINE),
    ("iv-racemic", "L-WT", "weight.age_d", "31", SOFT),
    ("iv-racemic", "L-WT", "weight.age_d", None, MISSING),
]


@pytest.mark.parametrize(("protocol", "row", "measure", "amount", "expected"), LIMITS)
def test_limit_row_speaks_on_the_far_side_of_its_threshold(protocol, row, measure, amount, expected):
    number = None if amount is None else Decimal(amount)
    findings = [f for f in check_limits(get_effective(protocol), {measure: number}) if f.rule == row]
    assert [(f.severity, f.override) for f in findings] == ([] if expected is None else [expected])


def test_limit_of_every_level_is_labelled_site_policy():
    for protocol in ("iv-racemic", "im-racemic", "sc-racemic", "sublingual", "oral", "nasal-esketamine-us"):
        rows = [
            limit for limit in get_effective(protocol).limits if limit.id in ("L-IV", "L-IM", "L-SC", "L-SL", "L-PO")
        ]
        assert all(str(limit.value.citation.grade) == "P" and limit.value.citation.source == "SITE" for limit in rows)


def test_weight_change_of_ten_percent_is_fine_and_above_it_is_a_caution():
    protocol = get_effective("iv-racemic")
    same = {"age_d": 0, "previous_kg": Decimal(80)}
    assert check_weight(protocol, weight_kg=Decimal(88), **same) == ()
    assert check_weight(protocol, weight_kg=Decimal(72), **same) == ()
    assert [f.rule for f in check_weight(protocol, weight_kg=Decimal("88.1"), **same)] == ["L-WT"]
    assert [f.rule for f in check_weight(protocol, weight_kg=Decimal("71.9"), **same)] == ["L-WT"]


def test_unknown_weight_and_unknown_weighing_day_are_missing_not_fine():
    found = check_weight(get_effective("iv-racemic"), weight_kg=None, age_d=None)
    assert [f.severity for f in found] == [Severity.MISSING, Severity.MISSING]


@pytest.mark.parametrize(
    ("previous", "dose", "expected"),
    [
        ("0.5", "0.6", []),  # step of exactly 0.1 mg/kg, 20 %
        ("0.5", "0.61", [SOFT]),  # more than 0.1 mg/kg, 22 %
        ("0.4", "0.5", []),  # exactly 25 %
        ("0.3", "0.38", [SOFT]),  # 26.7 %
        ("0.2", "0.3", [SOFT]),  # exactly 50 %
        ("0.1", "0.16", [SECOND]),  # 60 %
        ("0.5", "0.5", []),
        ("0.5", "0.2", []),
    ],
)
def test_step_row_warns_above_a_quarter_or_a_tenth_and_asks_a_second_above_a_half(previous, dose, expected):
    found = check_step(get_effective("iv-racemic"), dose=Decimal(dose), previous=Decimal(previous))
    assert [(f.severity, f.override) for f in found] == expected


def test_first_session_has_no_step():
    assert check_step(get_effective("iv-racemic"), dose=Decimal(2), previous=None) == ()
