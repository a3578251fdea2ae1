"""Rows A-01 to A-13 and the low-pressure rows: raised on the far side of each limit, quiet on the near side.

Limits and priorities are typed from the fact sheet, section 4.2, and from what a clinic day asks of alarms:
amber is MEDIUM, red is HIGH, a late reading is LOW. An unknown fact raises nothing by itself.
"""

import pytest

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.conditions import check_condition, iterate_fact_names
from afterglow.protocols.facts import find_fact

HIGH, MEDIUM, LOW = "high", "medium", "low"
BASELINE = {
    "baseline.systolic_mmhg": 120,
    "baseline.diastolic_mmhg": 80,
    "baseline.heart_rate_per_min": 70,
    "phase": "dosing",
    "minutes_since_start": 20,
}


def bp(systolic, diastolic):
    return {"bp.systolic_mmhg": systolic, "bp.diastolic_mmhg": diastolic}


CASES = [
    # row, priority, facts, raised
    ("A-01", MEDIUM, bp(160, 100), False),
    ("A-01", MEDIUM, bp(161, 80), True),
    ("A-01", MEDIUM, bp(120, 101), True),
    ("A-01", MEDIUM, {"bp.systolic_mmhg": 161}, True),
    ("A-01", MEDIUM, {"bp.systolic_mmhg": 120}, None),
    ("A-02", HIGH, bp(179, 109), False),
    ("A-02", HIGH, bp(180, 80), True),
    ("A-02", HIGH, bp(120, 110), True),
    ("A-02", HIGH, {}, None),
    ("A-03", HIGH, {"symptom.chest-pain": "mild"}, True),
    ("A-03", HIGH, {"symptom.severe-headache": "strong"}, True),
    ("A-03", HIGH, {"symptom.headache": "severe"}, True),
    ("A-03", HIGH, {"symptom.headache": "moderate"}, None),
    ("A-03", HIGH, {"symptom.dyspnoea": "mild"}, True),
    ("A-03", HIGH, {"symptom.focal-neurology": "present"}, True),
    ("A-03", HIGH, {"symptom.visual-loss": "present"}, True),
    ("A-03", HIGH, {"symptom.seizure": "present", **bp(120, 70)}, True),
    ("A-03", HIGH, {"symptom.chest-pain": "none"}, None),
    ("A-04", MEDIUM, bp(159, 104), False),
    ("A-04", MEDIUM, bp(160, 80), True),
    ("A-04", MEDIUM, bp(120, 105), True),
    ("A-04", MEDIUM, {}, None),
    ("A-05", MEDIUM, {"hr.per_min": 120}, False),
    ("A-05", MEDIUM, {"hr.per_min": 121}, True),
    ("A-05", MEDIUM, {"hr.per_min": 50}, False),
    ("A-05", MEDIUM, {"hr.per_min": 49}, True),
    ("A-05", MEDIUM, {}, None),
    ("A-05R", MEDIUM, {"hr.per_min": 110}, False),
    ("A-05R", MEDIUM, {"hr.per_min": 111}, True),
    ("A-05R", MEDIUM, {"hr.per_min": 111, "baseline.heart_rate_per_min": 90}, False),
    ("A-05R", MEDIUM, {"hr.per_min": 117, "baseline.heart_rate_per_min": 90}, False),
    ("A-05R", MEDIUM, {"hr.per_min": 118, "baseline.heart_rate_per_min": 90}, True),
    ("A-05R", MEDIUM, {"hr.per_min": 118, "baseline.heart_rate_per_min": None}, None),
    ("A-05H", HIGH, {"hr.per_min": 140}, False),
    ("A-05H", HIGH, {"hr.per_min": 141}, True),
    ("A-05H", HIGH, {"hr.per_min": 40}, False),
    ("A-05H", HIGH, {"hr.per_min": 39}, True),
    ("A-06", MEDIUM, {"spo2.percent": 94}, False),
    ("A-06", MEDIUM, {"spo2.percent": 93}, True),
    ("A-06", MEDIUM, {}, None),
    ("A-06H", HIGH, {"spo2.percent": 90}, False),
    ("A-06H", HIGH, {"spo2.percent": 89}, True),
    ("A-06L", MEDIUM, {"spo2.lost_s": 60}, False),
    ("A-06L", MEDIUM, {"spo2.lost_s": 61}, True),
    ("A-06L", MEDIUM, {"spo2.lost_s": 61, "phase": "observing", "minutes_since_start": 59}, True),
    ("A-06L", MEDIUM, {"spo2.lost_s": 61, "phase": "observing", "minutes_since_start": 60}, False),
    ("A-06L", MEDIUM, {}, None),
    ("A-07", MEDIUM, {"rr.per_min": 10}, False),
    ("A-07", MEDIUM, {"rr.per_min": 9}, True),
    ("A-07", MEDIUM, {"rr.per_min": 8}, True),
    ("A-07", MEDIUM, {}, None),
    ("A-07H", HIGH, {"rr.per_min": 8, "symptom.apnoea": "none"}, False),
    ("A-07H", HIGH, {"rr.per_min": 7}, True),
    ("A-07H", HIGH, {"symptom.apnoea": "present"}, True),
    ("A-08", MEDIUM, {"moaas": 4}, False),
    ("A-08", MEDIUM, {"moaas": 3}, True),
    ("A-08", MEDIUM, {}, None),
    ("A-08H", HIGH, {"moaas": 3}, False),
    ("A-08H", HIGH, {"moaas": 2}, True),
    ("A-09", HIGH, {"symptom.persistent-vomiting": "present"}, True),
    ("A-09", HIGH, {"symptom.airway-not-protected": "present"}, True),
    ("A-09", HIGH, {"symptom.persistent-vomiting": "none", "symptom.airway-not-protected": "none"}, False),
    ("A-09", HIGH, {}, None),
    ("A-10", MEDIUM, {"cadss6": 12}, True),
    ("A-10", MEDIUM, {"cadss6": 11, "symptom.panic": "none", "symptom.agitation": "none"}, False),
    ("A-10", MEDIUM, {"symptom.panic": "mild"}, True),
    ("A-10", MEDIUM, {"symptom.agitation": "strong"}, True),
    ("A-10", MEDIUM, {}, None),
    ("A-11", HIGH, {"symptom.stridor": "present"}, True),
    ("A-11", HIGH, {"symptom.stridor": "none", "symptom.laryngospasm": "none"}, False),
    ("A-11", HIGH, {}, None),
    ("A-12", LOW, {"overdue.bp_ratio": "1.5"}, None),
    ("A-12", LOW, {"overdue.bp_ratio": "1.51"}, True),
    ("A-12", LOW, {"overdue.moaas_ratio": "1.6"}, True),
    ("A-12M", MEDIUM, {"overdue.resp_rate_ratio": "1.9", "overdue.moaas_ratio": "1.9"}, False),
    ("A-12M", MEDIUM, {"overdue.resp_rate_ratio": "2"}, True),
    ("A-12M", MEDIUM, {"overdue.moaas_ratio": "2"}, True),
    ("A-12M", MEDIUM, {"overdue.bp_ratio": "3"}, None),
    ("A-13", HIGH, {"symptom.allergic-reaction": "mild"}, True),
    ("A-13", HIGH, {"symptom.allergic-reaction": "none"}, False),
    ("A-13", HIGH, {}, None),
    ("A-14", MEDIUM, bp(90, 60), False),
    ("A-14", MEDIUM, bp(89, 60), True),
    ("A-14", MEDIUM, {**bp(113, 60), "baseline.systolic_mmhg": 160}, False),
    ("A-14", MEDIUM, {**bp(112, 60), "baseline.systolic_mmhg": 160}, True),
    ("A-14", MEDIUM, {}, None),
    ("A-14H", HIGH, bp(80, 50), False),
    ("A-14H", HIGH, bp(79, 50), True),
]


def get_row(row_id, protocol="iv-racemic"):
    return next(row for row in get_effective(protocol).alarms if row.id == row_id)


@pytest.mark.parametrize(("row_id", "priority", "facts", "raised"), CASES)
def test_alarm_row_is_raised_only_beyond_its_limit(row_id, priority, facts, raised):
    row = get_row(row_id)
    assert check_condition(row.when, BASELINE | facts) is raised
    assert row.priority == priority


@pytest.mark.parametrize("protocol", ["iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu"])
def test_every_row_of_the_sheet_is_in_every_runnable_protocol(protocol):
    rows = {row.id for row in get_effective(protocol).alarms}
    assert {f"A-{number:02}" for number in range(1, 14)} <= rows


def test_warning_symptoms_are_high_at_any_blood_pressure():
    row = get_row("A-03")
    assert row.priority == HIGH
    assert not any(name.startswith("bp.") for name in iterate_fact_names(row.when))


def test_lost_oximetry_blocks_the_next_device_and_a_resume():
    assert {"give-device", "record-resume"} <= set(get_row("A-06L").blocks)


def test_high_alarms_latch_and_stop_what_would_give_more():
    high = [row for row in get_effective("iv-racemic").alarms if row.priority == HIGH]
    assert high
    assert all(row.latching and {"record-resume", "give-device", "start"} <= set(row.blocks) for row in high)


def test_a_row_is_hidden_only_by_a_row_that_exists_and_is_not_less_urgent():
    rows = {row.id: row for row in get_effective("iv-racemic").alarms}
    order = [LOW, MEDIUM, HIGH]
    pairs = [(row, rows[other]) for row in rows.values() for other in row.hidden_by]
    assert len(pairs) >= 7
    assert all(order.index(other.priority) >= order.index(row.priority) for row, other in pairs)


def test_chart_shows_the_limits_that_pause_and_support():
    lines = {
        (line["item"], line["value"].value) for row in get_effective("iv-racemic").alarms for line in row.chart_lines
    }
    assert {("systolic", 160), ("diastolic", 100), ("spo2", 94), ("cadss6", 12)} <= lines


def test_every_fact_of_every_alarm_is_in_the_vocabulary():
    names = {name for row in get_effective("iv-racemic").alarms for name in iterate_fact_names(row.when)}
    assert [name for name in sorted(names) if find_fact(name) is None] == []
