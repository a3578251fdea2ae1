"""Booking a visit: what is stored, what is refused, and by which finding."""

from datetime import time, timedelta
from typing import Any

import pytest

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.checkins import actions as checkins
from afterglow.clinic.consents import actions as consents
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.scheduling.sweeping import open_visits_to_cancel, settle_visits_to_cancel
from afterglow.clinic.sites.models import Place
from afterglow.clinic.tasks.models import Task
from afterglow.terms import InvalidInput, Severity
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, judge, local, make_another

pytestmark = pytest.mark.django_db


def test_a_visit_is_booked_with_its_spans_and_an_audit_row(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    assert (visit.dose_at, visit.dose_ends_at) == (local(3, 9, 20), local(3, 10))
    assert visit.ends_at == local(3, 11)
    assert visit.state == "booked"
    assert AuditEvent.objects.filter(action="visit.booked", subject_id=visit.pk).count() == 1


def test_a_taken_place_is_refused_and_the_next_place_is_not(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    book(cast, plan, local(3, 9), room)
    second = make_another(cast, "Birch")
    with pytest.raises(Refused) as refusal:
        book(cast, second, local(3, 10, 55), room)
    assert [finding.rule for finding in refusal.value.findings] == ["BK-1"]
    assert "Room 1 is taken 09:00 to 11:00" in refusal.value.findings[0].seen
    assert book(cast, second, local(3, 10, 55), other).place == other
    assert book(cast, make_another(cast, "Cedar"), local(3, 11), room).place == room


def test_a_person_is_not_in_two_places(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    book(cast, plan, local(3, 9), room)
    assert judge(cast, plan, local(3, 10), other)["BK-2"].severity is Severity.STOP


def test_no_prescriber_stops_a_dose_and_names_the_gap(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    rosters.set_hours(
        site=cast.site, user=cast.owner, role="prescriber", on=local(3, 9).date(), begins=time(12), ends=time(12, 40),
        is_away=True, by=cast.manager, now=NOW,
    )  # fmt: skip
    found = judge(cast, plan, local(3, 12, 5), room)["ST-1"]
    assert found.severity is Severity.STOP
    assert found.seen == "No prescriber from 12:00 to 12:40; dosing would start 12:25"
    assert judge(cast, plan, local(3, 12, 20), room)["ST-1"].severity is Severity.INFO


def test_esketamine_keeps_the_prescriber_until_leaving(cast: Cast) -> None:
    plan = factories.make_plan(cast, "nasal-esketamine-us")
    room, _ = furnish(cast)
    rosters.set_hours(
        site=cast.site, user=cast.owner, role="prescriber", on=local(3, 9).date(), begins=time(12), ends=time(12, 40),
        is_away=True, by=cast.manager, now=NOW,
    )  # fmt: skip
    found = judge(cast, plan, local(3, 10), room)
    assert found["ST-4"].severity is Severity.STOP
    assert "REMS-FDA" in found["ST-4"].source
    assert judge(cast, plan, local(3, 8, 30), room)["ST-4"].severity is Severity.INFO


def test_hours_never_recorded_are_missing_not_closed(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    found = judge(cast, plan, local(3, 9), None)
    assert found["BK-9"].severity is Severity.MISSING
    assert found["ST-1"].severity is Severity.MISSING


@pytest.mark.parametrize(("minute", "severity"), [(15, Severity.INFO), (20, Severity.STOP)])
def test_latest_first_dose_leaves_stay_and_spare_time(cast: Cast, minute: int, severity: Severity) -> None:
    # 16:45 minus 40 min dosing, 60 min stay and 30 min spare is 14:35; pre-checks take 20 min before it
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    found = judge(cast, plan, local(3, 14, minute), room)["LS-1"]
    assert found.severity is severity
    assert "14:35" in found.seen


def test_a_booking_past_the_consent_is_refused_with_its_finding(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    consent = plan.patient.consents.get()
    consent.expires_on = local(4, 9).date()
    consent.save(update_fields=["expires_on"])
    assert book(cast, plan, local(4, 9), room).state == "booked"
    with pytest.raises(Refused) as refusal:
        book(cast, plan, local(6, 9), room)
    assert [(each.rule, each.seen) for each in refusal.value.findings] == [("CONSENT-3", "ended 2026-03-04")]


def test_a_stopped_plan_or_no_plan_is_refused(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    stopped = plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW)
    assert judge(cast, stopped, local(3, 9), room)["PL-1"].severity is Severity.STOP
    with pytest.raises(Refused):
        visits.book(
            site=cast.site, patient=plan.patient, kind="dosing", starts_at=local(3, 9), place=room, by=cast.desk,
            now=NOW,
        )  # fmt: skip


def test_nobody_is_reminded_of_a_visit_of_a_stopped_plan_and_the_desk_cancels_it(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    type(plan.patient).objects.filter(pk=plan.patient.pk).update(phone="+43 660 1234567")
    plan.patient.refresh_from_db()
    room, _ = furnish(cast)
    visit = book(cast, plan, local(5, 9), room)
    other = book(cast, make_another(cast, "Birch"), local(5, 12), room)
    assert open_visits_to_cancel(site=cast.site, now=NOW) == []
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW)
    tasks = list(Task.objects.filter(kind="visits-to-cancel"))
    assert [(task.patient, task.owner_role, task.detail) for task in tasks] == [
        (plan.patient, "frontdesk", "1 visit is booked")
    ]
    assert Notice.objects.get(key=f"visit-reminder:{visit.pk}").state == "cancelled"
    assert open_visits_to_cancel(site=cast.site, now=NOW) == settle_visits_to_cancel(site=cast.site, now=NOW) == []
    visits.cancel(appointment=visit, by=cast.desk, now=NOW, reason="plan stopped")
    assert settle_visits_to_cancel(site=cast.site, now=NOW) == tasks
    other.refresh_from_db()
    assert other.state == "booked"


def test_a_withdrawn_consent_is_seen_by_the_visit_at_once_and_a_new_one_takes_that_back(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    type(plan.patient).objects.filter(pk=plan.patient.pk).update(phone="+43 660 1234567")
    plan.patient.refresh_from_db()
    room, _ = furnish(cast)
    visit = book(cast, plan, local(5, 9), room)
    assert "CO-1" in {each["rule"] for each in visit.findings}
    consents.withdraw_consent(consent=plan.patient.consents.get(), by=cast.nurse, now=NOW)
    visit.refresh_from_db()
    assert {"CONSENT-2"} == {each["rule"] for each in visit.findings if each["rule"].startswith("CO")}
    assert Task.objects.get(kind="visits-to-cancel", state="open").patient == plan.patient
    assert Notice.objects.get(key=f"visit-reminder:{visit.pk}").state == "cancelled"
    for act in (visits.confirm, checkins.send_checkin):
        with pytest.raises(Refused, match="withdrew the consent"):
            act(appointment=visit, by=cast.desk, now=NOW)
    assert settle_visits_to_cancel(site=cast.site, now=NOW) == open_visits_to_cancel(site=cast.site, now=NOW) == []
    factories.sign(cast, plan.patient)
    visit.refresh_from_db()
    assert "CO-1" in {each["rule"] for each in visit.findings}
    assert Notice.objects.get(key=f"visit-reminder:{visit.pk}").state == "waiting"
    assert len(settle_visits_to_cancel(site=cast.site, now=NOW)) == 1


def sign_next(cast: Cast, plan: Any, **values: Any) -> Any:
    """Return the next version of a plan, signed."""
    draft = factories.draft(cast, plan.patient, plan.protocol, **values)
    return plans.sign_plan(plan=draft, by=cast.owner, now=NOW)


def test_a_visit_goes_on_under_the_next_version_of_its_plan(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    series = visits.plan_series(plan=plan, starts_on=local(3, 9).date(), count=3, by=cast.desk, now=NOW)
    first, second, third = series.appointments.order_by("starts_at")
    newer = sign_next(cast, plan)
    plan.refresh_from_db()
    assert plan.state == "superseded"
    first.refresh_from_db()
    given = {"nurse": cast.nurse, "by": cast.owner, "now": NOW, "reason": "asked for"}
    moved = visits.move(appointment=first, starts_at=local(3, 10), place=room, **given)
    assert moved.plan == newer
    visits.cancel(appointment=third, by=cast.desk, now=NOW, reason="asked for")
    filled = book(cast, newer, third.starts_at, third.place, series=series)
    assert (filled.series, filled.number) == (series, third.number)
    at = second.starts_at
    session = visits.start_session(appointment=second, by=cast.owner, now=at, accepted=("ES-1", "SP-1", "ST-2"))
    second.refresh_from_db()
    assert (session.plan, second.plan, second.state) == (newer, newer, "in-session")


def test_an_ended_eligibility_is_refused(cast: Cast) -> None:
    from afterglow.clinic.screening import actions as screening

    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    run = factories.run(cast, plan.patient)
    later = NOW + timedelta(minutes=5)
    screening.decide_screening(run=run, decision="defer", reason="await liver tests", by=cast.owner, now=later)
    assert judge(cast, plan, local(3, 9), room, now=later)["EL-1"].severity is Severity.STOP


def test_a_fourth_dose_in_seven_days_needs_a_clinician(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    for day in (3, 5, 7 + 2):
        book(cast, plan, local(day, 9), room, accepted=("SP-1",))
    with pytest.raises(Refused) as refusal:
        book(cast, plan, local(6, 9), room, accepted=("L-FREQ", "SP-1"))
    assert {each.rule for each in refusal.value.findings} == {"L-FREQ"}
    visit = book(cast, plan, local(6, 9), room, accepted=("L-FREQ", "SP-1"), by=cast.owner)
    assert "L-FREQ" in {each["rule"] for each in visit.accepted}


def test_load_above_the_limit_is_a_caution_for_a_clinician(cast: Cast) -> None:
    room, other = furnish(cast)
    more = [room, other, *furnish_more(cast)]
    for index, name in enumerate(("Alder", "Birch")):
        book(cast, make_another(cast, name), local(3, 9, 5 * index), more[index])
    third = make_another(cast, "Cedar")
    found = judge(cast, third, local(3, 9, 10), more[2])["N-2"]
    assert (found.severity, found.threshold) == (Severity.CAUTION, "at most 2")
    assert found.seen == "Nora would have 3, 09:10 to 10:05"
    with pytest.raises(Refused):
        book(cast, third, local(3, 9, 10), more[2], accepted=("N-2",))
    visit = book(cast, third, local(3, 9, 10), more[2], accepted=("N-2",), by=cast.director)
    assert [each["rule"] for each in visit.accepted] == ["N-2"]


def furnish_more(cast: Cast) -> list[Place]:
    return [Place.objects.create(site=cast.site, name="Chair 3")]


def test_whoever_may_not_book_is_denied_and_nothing_is_stored(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    for who in (cast.manager, cast.stranger):
        with pytest.raises(Denied):
            book(cast, plan, local(3, 9), room, by=who)
    assert not Appointment.objects.exists()


def test_what_cannot_be_read_is_told_all_at_once(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    with pytest.raises(InvalidInput) as problem:
        book(cast, plan, local(3, 9, 3), room, nurse=cast.stranger, note="x" * 301)
    assert {each.code for each in problem.value.problems} == {"off-the-grid", "user-unknown", "text-too-long"}


def test_a_moved_visit_leads_to_the_new_one(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    old = book(cast, plan, local(3, 9), room)
    new = visits.move(
        appointment=old, starts_at=local(3, 9, 30), place=other, nurse=cast.nurse, by=cast.desk, now=NOW,
        reason="child ill", version=old.version,
    )  # fmt: skip
    old.refresh_from_db()
    assert (old.state, old.moved_to, old.end_reason) == ("moved", new, "child ill")
    assert [row.pk for row in visits.list_day(cast.site, local(3, 9).date())] == [new.pk]
    with pytest.raises(Conflict):
        visits.cancel(appointment=old, by=cast.desk, now=NOW, reason="again", version=1)


def test_what_was_told_of_a_time_that_is_no_longer_so_does_not_leave(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    type(plan.patient).objects.filter(pk=plan.patient.pk).update(phone="+43 660 1234567")
    plan.patient.refresh_from_db()
    room, _ = furnish(cast)
    night = NOW.replace(hour=21)
    given = {"place": room, "nurse": cast.nurse, "by": cast.desk, "tell": True, "reason": "asked for"}
    visit = book(cast, plan, local(5, 9), room, now=night)
    first = visits.move(appointment=visit, starts_at=local(5, 10), now=night, **given)
    second = visits.move(appointment=first, starts_at=local(5, 11), now=night + timedelta(minutes=5), **given)
    waiting = set(Notice.objects.filter(state="waiting").values_list("key", flat=True))
    assert waiting == {f"visit-reminder:{second.pk}", f"visit-told-moved:{second.pk}"}
    visits.cancel(appointment=second, by=cast.desk, now=night + timedelta(minutes=9), reason="asked for", tell=True)
    left = set(Notice.objects.filter(state="waiting").values_list("key", flat=True))
    assert left == {f"visit-told-cancelled:{second.pk}"}


def test_late_beyond_the_latest_dose_is_found(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 14), room)
    late = visits.mark_late(appointment=visit, expected_at=local(3, 14, 40), by=cast.desk, now=local(3, 13, 50))
    assert "LS-1" in {each["rule"] for each in late.findings if each["severity"] == "stop"}
    with pytest.raises(InvalidInput):
        visits.mark_late(appointment=visit, expected_at=local(3, 13), by=cast.desk, now=local(3, 13, 50))


def test_no_show_only_once_its_time_has_come_and_frees_the_place(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    with pytest.raises(Refused):
        visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 8, 59))
    assert visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 9, 20)).state == "no-show"
    later = local(3, 9, 25)
    assert book(cast, make_another(cast, "Birch"), local(3, 9, 30), room, now=later).place == room


def test_who_came_after_all_is_here_in_the_same_place_judged_as_of_now(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 14), room)
    visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 14, 20), reason="no answer")
    row = visits.take_back_no_show(appointment=visit, is_here=True, by=cast.desk, now=local(3, 14, 40))
    assert (row.state, row.arrived_at, row.place) == ("arrived", local(3, 14, 40), room)
    assert (row.ended_at, row.ended_by, row.end_reason) == (None, None, "")
    assert "LS-1" in {each["rule"] for each in row.findings if each["severity"] == "stop"}
    assert AuditEvent.objects.filter(action="visit.came-after-all", subject_id=visit.pk).count() == 1
    with pytest.raises(Refused, match="arrived"):
        visits.take_back_no_show(appointment=visit, is_here=True, by=cast.desk, now=local(3, 14, 41))


def test_a_visit_marked_as_not_come_by_mistake_is_expected_again_on_its_day_alone(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 9, 20))
    with pytest.raises(Refused, match="another day"):
        visits.take_back_no_show(appointment=visit, is_here=False, by=cast.desk, now=local(4, 9))
    with pytest.raises(Denied):
        visits.take_back_no_show(appointment=visit, is_here=False, by=cast.manager, now=local(3, 9, 21))
    row = visits.take_back_no_show(appointment=visit, is_here=False, by=cast.desk, now=local(3, 9, 21))
    assert (row.state, row.arrived_at, row.place) == ("booked", None, room)


def test_a_place_given_away_meanwhile_is_not_taken_back_with_the_visit(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 9, 20))
    book(cast, make_another(cast, "Birch"), local(3, 9, 30), room, now=local(3, 9, 25))
    row = visits.take_back_no_show(appointment=visit, is_here=True, by=cast.desk, now=local(3, 9, 40))
    assert (row.state, row.place) == ("arrived", None)


def test_who_was_booked_again_meanwhile_does_not_come_twice(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    visits.mark_no_show(appointment=visit, by=cast.desk, now=local(3, 9, 20))
    book(cast, plan, local(3, 10), other, now=local(3, 9, 25))
    with pytest.raises(Refused, match="another visit at this time"):
        visits.take_back_no_show(appointment=visit, is_here=True, by=cast.desk, now=local(3, 9, 40))
