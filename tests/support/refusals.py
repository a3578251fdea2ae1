"""Every refusal of the chairside, each reached on the shortest way: `REFUSALS` maps a code to who to ask and how.

A scenario takes a room maker and returns the refusal. The same rooms serve the unit tests and the random runs.
"""

from datetime import timedelta
from typing import Any

from afterglow.chairside.decide import Refusal
from tests.support import refusals_of_nursing
from tests.support.refusing import REFUSALS, Maker, refusing
from tests.support.rooms import DIRECTOR, NURSE, OTHER_NURSE, PRESCRIBER, READ_ALOUD, THERAPIST, Room

__all__ = ["REFUSALS", "refusals_of_nursing"]
ESK = "nasal-esketamine-us"
OVERRIDE: dict[str, Any] = {
    "rule": "phq9",
    "cause": "benefit-outweighs",
    "mitigation": "asked again by telephone this morning",
    "expires_on": "2026-11-17",
}


def time_out(room: Room) -> Room:
    """Sign the time-out with two nurses."""
    room.do("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)
    return room


# before the dose


@refusing("already-open")
def _open_twice(make: Maker) -> Refusal:
    return make().refuse("open-session", patient="p", site="s")


@refusing("not-open")
def _arrive_before_opening(make: Maker) -> Refusal:
    return make(unopened=True).refuse("record-arrival")


@refusing("protocol-not-runnable")
def _open_a_protocol_for_planning(make: Maker) -> Refusal:
    return make("oral", unopened=True).refuse("open-session", patient="p", site="s")


@refusing("unusable")
def _vitals_of_tomorrow(make: Maker) -> Refusal:
    room = make().arrive()
    return room.refuse("record-vitals", systolic=120, diastolic=80, occurred_at=room.now + timedelta(seconds=1))


@refusing("unusable")
def _vitals_of_last_week(make: Maker) -> Refusal:
    room = make().arrive()
    return room.refuse("record-vitals", systolic=120, diastolic=80, occurred_at=room.now - timedelta(days=7))


@refusing("identity-missing")
def _time_out_without_identity(make: Maker) -> Refusal:
    room = make().arrive("confirm-identity").order().prepare()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("consent-not-valid")
def _time_out_without_signed_consent(make: Maker) -> Refusal:
    room = make(consent={"is_valid": False, "reason": "it has expired"}).arrive().order().prepare()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("consent-not-confirmed")
def _time_out_without_todays_yes(make: Maker) -> Refusal:
    room = make().arrive("confirm-consent").order().prepare()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("consent-withdrawn")
def _start_after_a_no(make: Maker) -> Refusal:
    room = make().ready()
    room.do("confirm-consent", agrees=False)
    return room.refuse("start")


@refusing("suicide-screen-missing")
def _time_out_without_screen(make: Maker) -> Refusal:
    room = make().arrive("record-suicide-screen").order().prepare()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("suicide-screen-incomplete")
def _time_out_with_an_unanswered_question(make: Maker) -> Refusal:
    room = make().arrive("record-suicide-screen").order().prepare()
    room.do("record-suicide-screen", level=0)
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("suicide-screen-old")
def _time_out_long_after_the_screen(make: Maker) -> Refusal:
    room = make().arrive().order().prepare().wait(241)
    room.vitals()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("suicide-assessment-missing")
def _start_after_a_positive_screen(make: Maker) -> Refusal:
    room = make().ready()
    room.do("record-suicide-screen", level=4, behaviour=False)
    return room.refuse("start")


@refusing("suicide-assessment-missing")
def _start_after_recent_behaviour(make: Maker) -> Refusal:
    room = make().ready()
    room.do("record-suicide-screen", level=0, behaviour=True)
    return room.refuse("start")


@refusing("suicide-assessment-holds")
def _start_against_the_assessment(make: Maker) -> Refusal:
    room = make().ready()
    room.do("record-suicide-screen", level=5, behaviour=False)
    room.do("record-suicide-assessment", PRESCRIBER, outcome="no-dose-today", reason="plan and means, to the ward")
    return room.refuse("start")


@refusing("licensed-needed")
def _assessment_by_an_unlicensed_person(make: Maker) -> Refusal:
    return (
        make()
        .arrive()
        .refuse("record-suicide-assessment", THERAPIST, outcome="may-proceed", reason="known for years, no plan")
    )


@refusing("check-open")
def _time_out_with_an_open_check(make: Maker) -> Refusal:
    room = make().arrive("iv-site").order().prepare()
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("check-failed")
def _time_out_without_escort(make: Maker) -> Refusal:
    room = make().arrive("escort").order().prepare()
    room.do("record-check", check="escort", passed=False)
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("rule-stops")
def _start_at_a_pressure_that_stops(make: Maker) -> Refusal:
    room = make().ready()
    room.vitals(systolic=171, diastolic=104)
    return room.refuse("start")


@refusing("rule-missing")
def _start_without_fasting_hours(make: Maker) -> Refusal:
    room = make().arrive("fasting").order().prepare()
    room.do("record-check", check="fasting", passed=True)
    time_out(room)
    return room.refuse("start")


# orders and preparation


@refusing("prescriber-needed")
def _order_by_a_nurse(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", NURSE, dose_mg_per_kg="0.5", duration_min="40")


@refusing("order-does-not-fit")
def _devices_by_infusion(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", PRESCRIBER, devices=2)


@refusing("order-does-not-fit")
def _infusion_without_minutes(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", PRESCRIBER, dose_mg_per_kg="0.5")


@refusing("weight-missing")
def _order_by_an_unknown_weight(make: Maker) -> Refusal:
    return (
        make(weight={})
        .arrive("record-weight")
        .refuse("sign-order", PRESCRIBER, dose_mg_per_kg="0.5", duration_min="40")
    )


@refusing("weight-old")
def _order_by_last_months_weight(make: Maker) -> Refusal:
    room = make(weight={"weight_kg": "72.0", "weighed_at": "2026-10-17T08:00:00+00:00"}).arrive("record-weight")
    return room.refuse("sign-order", PRESCRIBER, dose_mg_per_kg="0.5", duration_min="40")


@refusing("weight-changed")
def _start_after_another_weight(make: Maker) -> Refusal:
    room = make().ready()
    room.do("record-weight", weight_kg="82.0")
    return room.refuse("start")


@refusing("dose-beyond-hard-limit")
def _order_an_anaesthetic_dose(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", PRESCRIBER, second=DIRECTOR, dose_mg_per_kg="1.5", duration_min="60")


@refusing("second-clinician-needed")
def _order_a_high_dose_alone(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", PRESCRIBER, dose_mg_per_kg="1.1", duration_min="60")


@refusing("second-clinician-needed")
def _order_a_high_dose_with_a_therapist(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-order", PRESCRIBER, second=THERAPIST, dose_mg_per_kg="1.1", duration_min="60")


@refusing("order-missing")
def _time_out_without_order(make: Maker) -> Refusal:
    return make().arrive().prepare().refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("order-not-waiting")
def _cosign_nothing(make: Maker) -> Refusal:
    return make().arrive().refuse("cosign-order", PRESCRIBER, order=1)


@refusing("preparation-missing")
def _time_out_without_preparation(make: Maker) -> Refusal:
    return make().arrive().order().refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("preparation-exceeds-order")
def _time_out_with_too_much_drawn(make: Maker) -> Refusal:
    room = make().arrive().order().prepare(drawn_ml="0.74")
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("preparation-too-strong")
def _time_out_with_a_strong_vial_undiluted(make: Maker) -> Refusal:
    room = make().arrive().order().prepare(vial_mg_per_ml="100", drawn_ml="0.36", diluent_ml="0.3")
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


@refusing("preparation-expired")
def _time_out_with_an_expired_vial(make: Maker) -> Refusal:
    room = make().arrive().order().prepare(expires_on="2026-11-16")
    return room.refuse("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)


# the time-out


@refusing("time-out-missing")
def _start_without_time_out(make: Maker) -> Refusal:
    return make().arrive().order().prepare().refuse("start")


@refusing("time-out-missing")
def _start_with_another_strength(make: Maker) -> Refusal:
    return make().ready().prepare(vial_mg_per_ml="10", drawn_ml="3.6").refuse("start")


@refusing("time-out-old")
def _start_half_an_hour_later(make: Maker) -> Refusal:
    room = make().ready().wait(31)
    room.vitals()
    return room.refuse("start")


@refusing("time-out-incomplete")
def _time_out_without_the_pump(make: Maker) -> Refusal:
    room = make().arrive().order().prepare()
    return room.refuse("sign-time-out", confirmed=["patient", "drug", "dose", "route", "allergies"], second=OTHER_NURSE)


@refusing("second-needed")
def _time_out_alone(make: Maker) -> Refusal:
    return make().arrive().order().prepare().refuse("sign-time-out", confirmed=list(READ_ALOUD))


@refusing("same-person")
def _time_out_twice_by_one(make: Maker) -> Refusal:
    return make().arrive().order().prepare().refuse("sign-time-out", confirmed=list(READ_ALOUD), second=NURSE)


# giving


@refusing("pattern-does-not-fit")
def _spray_into_an_infusion(make: Maker) -> Refusal:
    return make().ready().refuse("give-device", lot="SP-77", outcome="given")


@refusing("rate-missing")
def _start_without_a_rate(make: Maker) -> Refusal:
    room = make().arrive().order()
    room.do("record-preparation", vial_mg_per_ml="50", drawn_ml="0.72")
    return time_out(room).refuse("start")


@refusing("rate-beyond-order")
def _start_too_fast(make: Maker) -> Refusal:
    return make().ready().refuse("start", rate_ml_per_h="160")


@refusing("rate-beyond-order")
def _resume_too_fast(make: Maker) -> Refusal:
    room = make().start().wait(5)
    room.do("record-pause")
    return room.refuse("record-resume", rate_ml_per_h="160")


@refusing("already-started")
def _start_twice(make: Maker) -> Refusal:
    return make().start().refuse("start")


@refusing("already-started")
def _cancel_after_the_start(make: Maker) -> Refusal:
    return make().start().refuse("cancel-session", reason="changed my mind")


@refusing("not-paused")
def _resume_what_runs(make: Maker) -> Refusal:
    return make().start().refuse("record-resume")


@refusing("alarm-stands")
def _resume_under_an_alarm(make: Maker) -> Refusal:
    room = make().start().wait(10)
    room.vitals(systolic=163, diastolic=96)
    room.do("record-pause")
    return room.refuse("record-resume")


@refusing("dosing-over")
def _inject_after_the_end(make: Maker) -> Refusal:
    return make("im-racemic").start().refuse("give-injection", dose_mg="5")


@refusing("dose-beyond-order")
def _inject_more_than_ordered(make: Maker) -> Refusal:
    return make("im-racemic").ready().refuse("give-injection", dose_mg="37")


@refusing("device-too-soon")
def _spray_before_the_rest_is_over(make: Maker) -> Refusal:
    return make(ESK).start().wait(4).refuse("give-device", lot="SP-77", outcome="given")


@refusing("device-beyond-order")
def _a_third_device_on_a_downtime_sheet(make: Maker) -> Refusal:
    room = make(ESK).observe().wait(6)
    return room.refuse("give-device", lot="SP-77", outcome="given", already_happened=True, second=OTHER_NURSE)


# alarms


@refusing("alarm-not-active")
def _acknowledge_no_alarm(make: Maker) -> Refusal:
    return make().start().refuse("acknowledge-alarm", alarm="A-01:1:1")


# overrides


@refusing("override-not-possible")
def _override_the_escort(make: Maker) -> Refusal:
    return make().arrive("escort").refuse("override", DIRECTOR, **{**OVERRIDE, "rule": "escort"})


@refusing("override-not-needed")
def _override_a_rule_that_is_silent(make: Maker) -> Refusal:
    return make().arrive().refuse("override", DIRECTOR, **{**OVERRIDE, "rule": "C-99"})


@refusing("override-role")
def _override_a_stop_without_a_second_clinician(make: Maker) -> Refusal:
    room = make().arrive().order().prepare()
    room.vitals(systolic=171, diastolic=104)
    return room.refuse("override", PRESCRIBER, second=THERAPIST, **{**OVERRIDE, "rule": "B-5"})


@refusing("second-needed")
def _override_a_stop_alone(make: Maker) -> Refusal:
    room = make().arrive().order().prepare()
    room.vitals(systolic=171, diastolic=104)
    return room.refuse("override", PRESCRIBER, **{**OVERRIDE, "rule": "B-5"})


@refusing("override-expired")
def _override_until_yesterday(make: Maker) -> Refusal:
    return make(scores=[]).arrive().refuse("override", PRESCRIBER, **{**OVERRIDE, "expires_on": "2026-11-16"})


# leaving


@refusing("release-not-now")
def _release_before_the_dose(make: Maker) -> Refusal:
    return make().arrive().refuse("sign-release", PRESCRIBER)


@refusing("gates-open")
def _release_too_early(make: Maker) -> Refusal:
    return make().observe().refuse("sign-release", PRESCRIBER)


@refusing("release-reason-needed")
def _release_at_a_rising_pressure(make: Maker) -> Refusal:
    room = make().recover().wait(6)
    room.vitals(systolic=140, diastolic=80)
    return room.refuse("sign-release", PRESCRIBER)


@refusing("session-over")
def _order_after_leaving(make: Maker) -> Refusal:
    room = make().recover()
    room.do("sign-release", PRESCRIBER)
    room.do("record-left")
    return room.refuse("sign-order", PRESCRIBER, dose_mg_per_kg="0.5", duration_min="40")


@refusing("session-over")
def _leave_twice(make: Maker) -> Refusal:
    room = make().arrive()
    room.do("record-ending", kind="eloped")
    return room.refuse("record-left")


# the record


@refusing("session-not-over")
def _close_while_running(make: Maker) -> Refusal:
    return make().start().refuse("close-record", PRESCRIBER)


@refusing("reconciliation-missing")
def _close_with_drug_unaccounted(make: Maker) -> Refusal:
    room = make().start()
    room.do("record-ending", kind="transferred")
    return room.refuse("close-record", PRESCRIBER)


@refusing("drug-unexplained")
def _close_with_a_difference_unexplained(make: Maker) -> Refusal:
    room = make().start().wait(5)
    room.do("record-ending", kind="transferred")
    room.reconcile()
    return room.refuse("close-record", PRESCRIBER)


@refusing("record-closed")
def _enter_after_closing(make: Maker) -> Refusal:
    return make().finish().refuse("record-vitals", systolic=120, diastolic=80)


@refusing("entry-not-correctable")
def _correct_what_is_not_there(make: Maker) -> Refusal:
    return make().arrive().refuse("correct-entry", seq=999, text="72.0 kg", reason="typed twice")


@refusing("entry-signed")
def _correct_the_order(make: Maker) -> Refusal:
    room = make().arrive().order()
    seq = room.state.effective["order-signed"][0].seq
    return room.refuse("correct-entry", PRESCRIBER, seq=seq, data={"duration_min": "50"}, reason="too fast")


@refusing("entry-not-withdrawable")
def _take_back_the_identity(make: Maker) -> Refusal:
    room = make().arrive()
    return room.refuse("withdraw-entry", seq=room.state.effective["identity-confirmed"][0].seq)


@refusing("undo-not-yours")
def _take_back_anothers_entry(make: Maker) -> Refusal:
    room = make().arrive()
    room.vitals()
    return room.refuse("withdraw-entry", OTHER_NURSE, seq=room.state.effective["vitals-recorded"][-1].seq)


@refusing("undo-too-late")
def _take_back_after_a_while(make: Maker) -> Refusal:
    room = make().arrive()
    room.vitals()
    seq = room.state.effective["vitals-recorded"][-1].seq
    return room.wait(seconds=11).refuse("withdraw-entry", seq=seq)


@refusing("second-needed")
def _move_a_device_by_an_hour_alone(make: Maker) -> Refusal:
    room = make(ESK).start().wait(70)
    seq = room.state.list("device-given")[0].seq
    earlier = (room.state.list("device-given")[0].occurred_at - timedelta(hours=1)).isoformat()
    return room.refuse("correct-entry", seq=seq, data={"occurred_at": earlier}, reason="typed wrong")
