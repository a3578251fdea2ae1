"""What holds a dose: identity, consent, suicide risk, checks, rules of the day; who may override what, until when."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.rooms import (
    DIRECTOR,
    NURSE,
    OTHER_NURSE,
    OTHER_PRESCRIBER,
    PRESCRIBER,
    READ_ALOUD,
    THERAPIST,
    Room,
)

PROTOCOLS = ("iv-racemic", "im-racemic", "nasal-esketamine-us", "nasal-esketamine-eu")
OVERRIDE = {"cause": "benefit-outweighs", "mitigation": "cuff every five minutes, prescriber in the room"}
TODAY, YESTERDAY = "2026-11-17", "2026-11-16"
ASSESSED = {"reason": "no intent today, safety plan gone through"}


def list_codes(room):
    return [blocker["code"] for blocker in room.view["blockers"]]


def list_rules(room):
    return {blocker["rule"] for blocker in room.view["blockers"]} - {""}


def override(room, by, rule, second=None, until=TODAY):
    return room.ask("override", by, second=second, rule=rule, expires_on=until, **OVERRIDE)


def start(room):
    if room.protocol.id == "iv-racemic":
        return room.ask("start")
    if room.protocol.id == "im-racemic":
        return room.ask("give-injection", dose_mg="36")
    return room.ask("give-device", lot="SP-77", outcome="given")


def go_on(room):
    """Give the next of the dose: resume after a pause, or the second device."""
    if room.protocol.id == "iv-racemic":
        room.do("record-pause")
        return room.ask("record-resume")
    return room.wait(6).ask("give-device", lot="SP-77", outcome="given")


# identity, consent


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("absent", "code"), [("confirm-identity", "identity-missing"), ("confirm-consent", "consent-not-confirmed")]
)
def test_no_dose_without_identity_and_todays_consent_by_anyone(protocol, absent, code):
    room = Room(protocol).arrive(absent).order().prepare()
    assert code in list_codes(room)
    assert room.refuse("sign-time-out", second=OTHER_NURSE, confirmed=list(READ_ALOUD)).code == code
    assert start(room).code == code


@pytest.mark.parametrize("rule", ["identity", "consent-today", "escort", "suicide-screen", "weight"])
def test_nobody_overrides_what_is_not_to_be_overridden(rule):
    room = Room().arrive("confirm-identity", "confirm-consent", "escort", "record-suicide-screen")
    assert override(room, DIRECTOR, rule, OTHER_PRESCRIBER).code == "override-not-possible"


@pytest.mark.parametrize(
    ("consent", "code"),
    [
        ({"is_valid": True}, None),
        ({"is_valid": False, "reason": "it covers up to 0.5 mg/kg"}, "consent-not-valid"),
        ({}, "consent-not-valid"),
    ],
)
def test_a_signed_consent_covers_route_and_dose_or_there_is_none(consent, code):
    room = Room(consent=consent).arrive().order().prepare()
    answer = room.ask("sign-time-out", second=OTHER_NURSE, confirmed=list(READ_ALOUD))
    assert getattr(answer, "code", None) == code


@pytest.mark.parametrize("protocol", ["iv-racemic", "nasal-esketamine-us"])
def test_a_no_on_the_day_holds_the_start_and_what_would_follow(protocol):
    room = Room(protocol).ready()
    room.do("confirm-consent", agrees=False)
    assert start(room).code == "consent-withdrawn"
    room.do("confirm-consent", agrees=True)
    assert not hasattr(start(room), "code")
    room.do("confirm-consent", agrees=False)
    assert go_on(room).code == "consent-withdrawn"


# suicide risk


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"level": 0, "behaviour": False}, None),
        ({"level": 3, "behaviour": False}, None),
        ({"level": 4, "behaviour": False}, "suicide-assessment-missing"),
        ({"level": 5, "behaviour": False}, "suicide-assessment-missing"),
        ({"level": 0, "behaviour": True}, "suicide-assessment-missing"),
        ({"level": 0}, "suicide-screen-incomplete"),
        ({"behaviour": False}, "suicide-screen-incomplete"),
    ],
)
def test_intent_plan_or_behaviour_stops_the_dose_and_an_unasked_question_is_unknown(protocol, asked, code):
    room = Room(protocol).ready()
    room.do("record-suicide-screen", **asked)
    answer = start(room)
    assert getattr(answer, "code", None) == code


def test_only_a_licensed_clinicians_assessment_opens_the_way():
    room = Room().ready()
    room.do("record-suicide-screen", level=4, behaviour=False)
    answer = room.refuse("record-suicide-assessment", THERAPIST, outcome="may-proceed", **ASSESSED)
    assert answer.code == "licensed-needed"
    room.do("record-suicide-assessment", NURSE, outcome="may-proceed", **ASSESSED)
    assert not hasattr(start(room), "code")


@pytest.mark.parametrize("outcome", ["no-dose-today", "emergency"])
def test_an_assessment_that_says_no_holds_the_dose(outcome):
    room = Room().ready()
    room.do("record-suicide-screen", level=4, behaviour=False)
    room.do("record-suicide-assessment", PRESCRIBER, outcome=outcome, **ASSESSED)
    assert start(room).code == "suicide-assessment-holds"


def test_an_assessment_answers_the_screen_before_it_and_not_the_next():
    room = Room().ready()
    room.do("record-suicide-screen", level=4, behaviour=False)
    room.do("record-suicide-assessment", PRESCRIBER, outcome="may-proceed", **ASSESSED)
    room.do("record-suicide-screen", level=5, behaviour=False)
    assert start(room).code == "suicide-assessment-missing"


CALM = {"level": 0, "behaviour": False}


@pytest.mark.parametrize("worst", [{"level": 5, "behaviour": True}, {"level": 4}, {"level": 0, "behaviour": True}])
def test_a_calmer_screen_after_a_positive_one_lifts_nothing_until_it_is_assessed(worst):
    room = Room().ready()
    room.do("record-suicide-screen", **worst)
    room.do("record-suicide-screen", **CALM)
    assert "suicide-assessment-missing" in list_codes(room)
    room.do("record-suicide-assessment", NURSE, outcome="may-proceed", **ASSESSED)
    room.do("record-suicide-screen", **CALM)
    assert not hasattr(start(room), "code")


def test_a_calmer_screen_lifts_no_assessment_that_holds_the_dose():
    room = Room().ready()
    room.do("record-suicide-screen", level=4, behaviour=False)
    room.do("record-suicide-assessment", PRESCRIBER, outcome="no-dose-today", **ASSESSED)
    room.do("record-suicide-screen", **CALM)
    assert start(room).code == "suicide-assessment-holds"


def test_a_corrected_screen_says_what_is_right_and_waits_for_its_assessment_all_the_same():
    room = Room().ready()
    room.do("record-suicide-screen", level=5, behaviour=False)
    seq = room.state.list("suicide-screen-recorded")[-1].seq
    room.do("correct-entry", seq=seq, reason="typed on the wrong line", data={"level": 0})
    assert room.state.list("suicide-screen-recorded")[-1].data["level"] == 0
    assert start(room).code == "suicide-assessment-missing"
    room.do("record-suicide-assessment", NURSE, outcome="may-proceed", **ASSESSED)
    assert not hasattr(start(room), "code")


def test_a_screen_corrected_to_worse_after_an_assessment_is_assessed_again():
    room = Room().ready()
    seq = room.state.list("suicide-screen-recorded")[-1].seq
    room.do("record-suicide-assessment", NURSE, outcome="may-proceed", **ASSESSED)
    room.do("correct-entry", seq=seq, reason="it was a plan", data={"level": 5})
    assert start(room).code == "suicide-assessment-missing"


@pytest.mark.parametrize("protocol", ["iv-racemic", "nasal-esketamine-us"])
def test_a_positive_answer_during_the_dose_holds_what_would_follow(protocol):
    room = Room(protocol).start()
    room.do("record-suicide-screen", level=4, behaviour=False)
    assert go_on(room).code == "suicide-assessment-missing"
    room.do("record-suicide-assessment", PRESCRIBER, outcome="may-proceed", **ASSESSED)
    assert not hasattr(room.ask("record-resume") if protocol == "iv-racemic" else go_on(room), "code")


@pytest.mark.parametrize(("minutes", "is_old"), [(240, False), (241, True)])
def test_the_questions_are_asked_at_this_visit(minutes, is_old):
    room = Room().arrive().order().prepare()
    asked_at = room.state.effective["suicide-screen-recorded"][0].occurred_at
    room.wait((asked_at + timedelta(minutes=minutes) - room.now).total_seconds() / 60)
    assert ("suicide-screen-old" in list_codes(room)) is is_old


# checks


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_required_check_holds_the_time_out_while_it_is_open_and_when_it_failed(protocol):
    full = Room(protocol)
    confirmed = [check.id for check in full.protocol.checks if check.kind in ("confirm", "escort") and check.required]
    assert len(confirmed) >= 6
    for check in confirmed:
        room = Room(protocol).arrive(check).order().prepare()
        signed = {"second": OTHER_NURSE, "confirmed": list(READ_ALOUD)}
        assert room.refuse("sign-time-out", **signed).code == "check-open", check
        room.do("record-check", check=check, passed=False)
        assert room.refuse("sign-time-out", **signed).code == "check-failed", check
        room.do("record-check", check=check, passed=True)
        room.do("sign-time-out", **signed)


def test_a_failed_check_is_said():
    room = Room().arrive("escort")
    assert [finding.rule for finding in room.do("record-check", check="escort", passed=False).findings] == ["escort"]


@pytest.mark.parametrize(("minutes", "is_open"), [(30, False), (31, True)])
def test_baseline_vitals_are_half_an_hour_old_at_most(minutes, is_open):
    room = Room().arrive().order().prepare().wait(minutes)
    assert ("baseline-vitals" in list_rules(room)) is is_open


@pytest.mark.parametrize("absent", ["systolic", "heart_rate", "spo2", "resp_rate", "moaas"])
def test_a_baseline_reading_that_was_not_taken_is_missing(absent):
    room = Room().arrive("record-vitals").order().prepare()
    room.vitals(**({absent: None} | ({"diastolic": None} if absent == "systolic" else {})))
    assert "baseline-vitals" in list_rules(room)


@pytest.mark.parametrize(("on", "is_open"), [("2026-11-10", False), ("2026-11-09", True), (None, True)])
def test_a_phq9_of_the_last_seven_days(on, is_open):
    scores = [{"scale": "phq9", "on": on, "total": 17}] if on else []
    room = Room(scores=scores).arrive().order().prepare()
    assert ("phq9" in list_rules(room)) is is_open


# overrides


def test_a_prescriber_overrides_the_old_questionnaire_until_the_day_named():
    room = Room(scores=[]).arrive().order().prepare()
    assert override(room, NURSE, "phq9").code == "prescriber-needed"
    assert override(room, PRESCRIBER, "phq9", until=YESTERDAY).code == "override-expired"
    assert not hasattr(override(room, PRESCRIBER, "phq9"), "code")
    assert "phq9" not in list_rules(room)
    room.wait(24 * 60)
    assert "phq9" in list_rules(room)


def test_an_override_says_cause_and_mitigation():
    room = Room(scores=[]).arrive()
    override(room, PRESCRIBER, "phq9")
    data = room.events[-1].data
    assert (data["cause"], data["expires_on"], data["override"]) == ("benefit-outweighs", TODAY, "prescriber")


def test_what_holds_nothing_is_not_overridden():
    assert override(Room().arrive(), DIRECTOR, "B-5", OTHER_PRESCRIBER).code == "override-not-needed"


@pytest.mark.parametrize(("systolic", "held"), [(159, False), (160, True)])
def test_a_baseline_of_160_is_a_stop_that_takes_two_clinicians(systolic, held):
    room = Room().ready()
    room.vitals(systolic=systolic, diastolic=88)
    assert ("B-5" in list_rules(room)) is held
    if held:
        assert override(room, PRESCRIBER, "B-5").code == "second-needed"
        assert override(room, PRESCRIBER, "B-5", PRESCRIBER).code == "same-person"
        assert override(room, PRESCRIBER, "B-5", THERAPIST).code == "override-role"
        assert not hasattr(override(room, PRESCRIBER, "B-5", OTHER_PRESCRIBER), "code")
        assert "B-5" not in list_rules(room)


def test_an_override_of_a_milder_stop_does_not_lift_a_stronger_one():
    room = Room().ready()
    room.vitals(systolic=171, diastolic=88)
    override(room, PRESCRIBER, "B-5", OTHER_PRESCRIBER)
    assert "B-5" not in list_rules(room)
    room.vitals(systolic=184, diastolic=112)
    assert {"rule-stops", "alarm-stands"} <= set(list_codes(room))


@pytest.mark.parametrize("fact", ["allergy.to_ketamine"])
def test_an_unknown_that_must_be_known_holds_the_dose(fact):
    room = Room(facts={}).arrive().order().prepare()
    assert "rule-missing" in list_codes(room)
    told = Room(facts={fact: True}).arrive().order().prepare()
    assert "rule-stops" in list_codes(told)


# the calendar


def count_stops(room):
    return [blocker["rule"] for blocker in room.view["blockers"] if blocker["code"] == "rule-stops"]


def open_at(now, zone, dates):
    room = Room("nasal-esketamine-us", unopened=True)
    room.now = now
    header = {"patient": "p", "site": "s", "timezone": zone, "consent": {"is_valid": True}, "session_dates": dates}
    room.do("open-session", **header)
    return room


@pytest.mark.parametrize(
    ("now", "zone", "dates", "is_held"),
    [
        # the clinic's day decides: 23:30 in New York is already tomorrow in UTC
        (datetime(2026, 11, 18, 4, 30, tzinfo=UTC), "America/New_York", ["2026-11-17"], True),
        (datetime(2026, 11, 18, 4, 30, tzinfo=UTC), "UTC", ["2026-11-17"], False),
        (datetime(2026, 11, 18, 5, 30, tzinfo=UTC), "America/New_York", ["2026-11-17"], False),
        # 1 November 2026 has 25 hours in New York: 04:30 UTC of the 2nd is still the 1st there
        (datetime(2026, 11, 2, 4, 30, tzinfo=UTC), "America/New_York", ["2026-11-01"], True),
        (datetime(2026, 11, 2, 5, 30, tzinfo=UTC), "America/New_York", ["2026-11-01"], False),
        # 29 March 2026 has 23 hours in Berlin: 22:30 UTC of the 29th is already the 30th there
        (datetime(2026, 3, 29, 21, 30, tzinfo=UTC), "Europe/Berlin", ["2026-03-29"], True),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "Europe/Berlin", ["2026-03-29"], False),
    ],
)
def test_two_sessions_on_one_day_of_the_clinics_calendar_are_held(now, zone, dates, is_held):
    assert bool(count_stops(open_at(now, zone, dates))) is is_held


@pytest.mark.parametrize(
    ("dates", "is_held"),
    [
        (["2026-11-12", "2026-11-14"], True),
        (["2026-11-10", "2026-11-14"], False),
        (["2026-11-11", "2026-11-14"], True),
        ([], False),
    ],
)
def test_two_esketamine_sessions_in_seven_days_hold_a_third(dates, is_held):
    room = open_at(datetime(2026, 11, 17, 9, 0, tzinfo=UTC), "UTC", dates)
    assert bool(count_stops(room)) is is_held


# what was written on paper while the system was down


def test_an_entry_from_a_downtime_sheet_takes_two_names():
    room = Room().ready().wait(45)
    happened_at = room.now - timedelta(minutes=40)
    assert room.refuse("start", occurred_at=happened_at, already_happened=True).code == "second-needed"
    answer = room.refuse("start", occurred_at=happened_at, already_happened=True, second=NURSE)
    assert answer.code == "same-person"
    room.do("start", occurred_at=happened_at, already_happened=True, second=OTHER_NURSE)
    started = room.state.effective["dosing-started"][0]
    assert (started.by, started.second) == (NURSE.id, OTHER_NURSE.id)


def test_a_downtime_entry_records_as_deviations_what_would_have_held_it():
    room = Room().ready().wait(35)
    assert "time-out-old" in list_codes(room)
    assert hasattr(start(room), "code")
    decision = room.do("start", already_happened=True, second=OTHER_NURSE)
    assert {"time-out-old"} <= {finding.rule for finding in decision.findings}
    assert room.view["phase"] == "dosing"
    assert {"time-out-old"} <= {finding["rule"] for finding in room.view["deviations"]}


@pytest.mark.parametrize(
    ("room", "code"),
    [
        (lambda: Room().arrive("confirm-identity").order().prepare(), "identity-missing"),
        (lambda: Room().arrive("confirm-consent").order().prepare(), "consent-not-confirmed"),
        (lambda: Room(consent={}).arrive().order().prepare(), "consent-not-valid"),
        (lambda: Room().arrive("record-suicide-screen").order().prepare(), "suicide-screen-missing"),
        (lambda: Room().arrive().prepare(), "order-missing"),
        (lambda: Room().arrive().order(), "preparation-missing"),
        (lambda: Room().arrive().order().prepare(), "time-out-missing"),
    ],
)
def test_a_downtime_entry_does_not_pass_what_nobody_may_pass(room, code):
    answer = room().refuse("start", already_happened=True, second=OTHER_NURSE)
    assert answer.code == code


def test_a_faster_rate_from_a_downtime_sheet_is_recorded_and_said():
    decision = Room().ready().do("start", rate_ml_per_h="170", already_happened=True, second=OTHER_NURSE)
    assert [finding.rule for finding in decision.findings] == ["N-1", "rate"]


# preferences open the session


def test_what_helped_last_time_opens_the_session():
    last = {"peak_bp": "152/92", "nausea": "mild", "helped": ["mask", "music"]}
    room = Room(last=last)
    assert room.view["preferences"]["last_time"] == last
    room.do("set-preferences", preferences=["quiet"], helped=["hand"])
    assert room.view["preferences"]["today"]["preferences"] == ["quiet"]


def test_an_assessment_is_corrected_by_a_licensed_clinician_only():
    room = Room().arrive("record-suicide-screen")
    room.do("record-suicide-screen", level=4, behaviour=False)
    room.do("record-suicide-assessment", PRESCRIBER, outcome="no-dose-today", reason="plan and means at home")
    number = room.state.list("suicide-assessment-recorded")[-1].seq
    change = {"seq": number, "data": {"outcome": "may-proceed"}, "reason": "wrong button"}
    assert room.refuse("correct-entry", THERAPIST, **change).code == "licensed-needed"
    room.do("correct-entry", PRESCRIBER, **change)


@pytest.mark.parametrize(
    "details",
    [{"bp.systolic_mmhg": 120}, {"allergy.to_ketamine": False}, {"visit.fall": "perhaps"}, {"unknown.fact": True}],
)
def test_a_check_tells_only_facts_of_its_own(details):
    """What is measured or charted is not overwritten by a check, and a word is not a yes or no."""
    answer = {"check": "since-last", "passed": True, "details": details}
    assert Room().arrive().refuse("record-check", **answer).code == "unusable"
    Room().arrive().do("record-check", check="since-last", passed=True, details={"visit.fall": True})


# drugs of the day


@pytest.mark.parametrize(
    ("drug", "is_said"), [("ondansetron", True), ("Ondansetron ODT", True), ("metoclopramide", False)]
)
def test_a_drug_that_meets_an_allergy_is_recorded_and_said(drug, is_said):
    room = Room(allergies=["ondansetron"]).start()
    decision = room.do("record-drug-given", drug=drug, dose="4 mg", purpose="rescue", **{"class": "antiemetic"})
    assert ("allergy" in [finding.rule for finding in decision.findings]) is is_said
    assert decision.events[0].type == "drug-given"


@pytest.mark.parametrize(("drug", "is_said"), [("lorazepam", True), ("paracetamol", False)])
def test_a_medicine_taken_today_is_checked_for_interactions(drug, is_said):
    room = Room(facts={"allergy.to_ketamine": False, "medication.classes": []}).arrive()
    decision = room.do("record-drug-given", drug=drug, dose="1 mg", purpose="own")
    assert any(finding.rule.startswith("D-") for finding in decision.findings) is is_said


def test_a_standing_interaction_is_not_said_again_for_each_dose():
    facts = {"allergy.to_ketamine": False, "medication.classes": ["benzodiazepine"]}
    room = Room(facts=facts).arrive()
    taken = {"drug": "lorazepam", "dose": "1 mg", "purpose": "own"}
    assert [finding.rule for finding in room.do("record-drug-given", **taken).findings] == ["D-01"]
    assert [finding.rule for finding in room.wait(5).do("record-drug-given", **taken).findings] == []


# the start near a limit


@pytest.mark.parametrize("systolic", [140, 141, 159, 160, 180])
def test_the_united_states_label_warns_above_140_and_holds_at_160(systolic):
    room = Room("nasal-esketamine-us").arrive().order()
    room.vitals(systolic=systolic, diastolic=88)
    view = room.view
    cautions = {row["rule"] for row in view["cautions"] if row["severity"] == "caution"}
    blockers = {row["rule"] for row in view["blockers"]}
    assert ("B-5" in blockers) is (systolic >= 160)
    assert ("B-1" in cautions) is (systolic > 140)


def test_a_start_near_the_limit_shows_its_headroom_and_asks_a_written_plan():
    room = Room("nasal-esketamine-us").arrive().order()
    room.vitals(systolic=159, diastolic=88)
    told = next(row for row in room.view["cautions"] if row["rule"] == "B-5")
    assert "Headroom 1 systolic, 12 diastolic" in told["threshold"]
    assert "written plan" in told["asks"]


@pytest.mark.parametrize(("hours", "is_said"), [(7.9, True), (8.1, False)])
def test_a_benzodiazepine_of_this_morning_is_seen_before_the_dose(hours, is_said):
    room = Room(facts={"allergy.to_ketamine": False, "medication.classes": []}).arrive()
    taken_at = room.now - timedelta(hours=hours)
    room.do("record-drug-given", drug="lorazepam", dose="1 mg", purpose="own", occurred_at=taken_at)
    cautions = [row for row in room.view["cautions"] if row["rule"] == "D-01" and row["severity"] == "caution"]
    assert bool(cautions) is is_said


def test_an_unknown_list_of_medicines_stays_unknown_when_one_of_them_is_recorded():
    room = Room().arrive()
    room.do("record-drug-given", drug="lorazepam", dose="1 mg", purpose="own")
    assert "D-00" in {row["rule"] for row in room.view["cautions"] if row["severity"] == "missing"}
