"""Series by the plan's rhythm, openings, the waiting list, the start on the day, and rosters."""

from datetime import date, time, timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.people import actions as people
from afterglow.clinic.scheduling import actions as visits
from afterglow.clinic.scheduling import rosters
from afterglow.clinic.scheduling.days import load_span
from afterglow.clinic.scheduling.models import Appointment, Qualification, Series
from afterglow.clinic.scheduling.series import NO_ROOM, end_series, find_next_number, list_gaps, propose_days
from afterglow.clinic.scheduling.waiting import add_waiting, end_waiting, list_offers, list_waiting
from afterglow.terms import InvalidInput, Severity
from tests import factories
from tests.factories import NOW, Cast
from tests.support.booking import book, furnish, judge, local, make_another

pytestmark = pytest.mark.django_db


def test_a_series_follows_the_rhythm_and_books_each_visit(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    series = visits.plan_series(plan=plan, starts_on=date(2026, 3, 3), count=6, by=cast.desk, now=NOW)
    rows = list(series.appointments.order_by("number"))
    days = [row.starts_at.date() for row in rows]
    # twice a week on Tuesday and Friday
    assert days == [date(2026, 3, day) for day in (3, 6, 10, 13, 17, 20)]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert {row.starts_at for row in rows[:1]} == {local(3, 9)}
    assert find_next_number(series) is None
    with pytest.raises(Refused, match="series already"):
        visits.plan_series(plan=plan, starts_on=date(2026, 4, 3), count=2, by=cast.desk, now=NOW, phase="induction")


def test_a_closed_week_leaves_gaps_that_are_told(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    rosters.block_time(
        site=cast.site, begins_at=local(9, 0), ends_at=local(14, 0), reason="holiday", by=cast.manager, now=NOW
    )
    series = visits.plan_series(plan=plan, starts_on=date(2026, 3, 3), count=4, by=cast.desk, now=NOW)
    numbers = list(series.appointments.values_list("number", flat=True))
    assert [gap["on"] for gap in list_gaps(series, numbers)] == ["2026-03-10", "2026-03-13"]
    assert {gap["why"] for gap in list_gaps(series, numbers)} == {NO_ROOM}
    assert find_next_number(series) == 3


def test_upkeep_is_spaced_by_weeks() -> None:
    class Plan:
        maintenance_every_wk = 3

    found = propose_days(Plan(), date(2026, 3, 3), 3, "maintenance")
    assert found == [date(2026, 3, 3), date(2026, 3, 24), date(2026, 4, 14)]


def test_a_series_ends_once(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    series = visits.plan_series(plan=plan, starts_on=date(2026, 3, 3), count=2, by=cast.desk, now=NOW)
    end_series(series=series, by=cast.desk, now=NOW, reason="moved away")
    with pytest.raises(Refused):
        end_series(series=series, by=cast.desk, now=NOW, reason="again")
    assert not Series.objects.filter(state="running").exists()


def test_the_nearest_clear_times_are_clear(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    book(cast, make_another(cast, "Birch"), local(3, 9), room)
    found = visits.find_openings(
        site=cast.site, patient=plan.patient, kind="dosing", plan=plan, after=local(3, 9), until=local(10, 9), now=NOW,
        limit=3,
    )  # fmt: skip
    assert [(each.starts_at, each.place) for each in found[:1]] == [(local(3, 9), other)]
    assert len({each.starts_at.date() for each in found}) == 3
    for each in found:
        findings = judge(cast, plan, each.starts_at, each.place, nurse=each.nurse)
        assert not [one for one in findings.values() if one.severity in (Severity.STOP, Severity.CAUTION)]


def test_no_time_is_sought_beyond_the_days_that_can_be_booked(
    cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    after = local(3, 9) + timedelta(days=470)
    # the papers of the person alone: no place and no minute of a day is asked for
    with django_assert_max_num_queries(12):
        found = visits.find_openings(
            site=cast.site, patient=plan.patient, kind="dosing", plan=plan, after=after,
            until=after + timedelta(days=28), now=NOW, limit=3,
        )  # fmt: skip
    assert found == []


def test_mornings_only_leaves_afternoons_out(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    found = visits.find_openings(
        site=cast.site, patient=plan.patient, kind="dosing", plan=plan, after=local(3, 11, 55), until=local(6, 9),
        now=NOW, limit=1, part="morning",
    )  # fmt: skip
    assert found[0].starts_at == local(3, 11, 55)
    later = visits.find_openings(
        site=cast.site, patient=plan.patient, kind="dosing", plan=plan, after=local(3, 12), until=local(6, 9),
        now=NOW, limit=1, part="morning",
    )  # fmt: skip
    assert later[0].starts_at == local(4, 8)


def test_who_waits_stands_by_urgency_then_days_and_is_offered_what_is_clear(cast: Cast) -> None:
    furnish(cast)
    plans = [make_another(cast, name) for name in ("Alder", "Birch", "Cedar")]
    order = [("routine", NOW), ("soon", NOW + timedelta(hours=1)), ("soon", NOW)]
    for plan, (urgency, at) in zip(plans, order, strict=True):
        add_waiting(
            site=cast.site, patient=plan.patient, kind="dosing", plan=plan, urgency=urgency, by=cast.desk, now=at,
            preferences={"part": "afternoon"},
        )  # fmt: skip
    rows = list_waiting(cast.site)
    assert [row.patient.family_name for row in rows] == ["Cedar", "Birch", "Alder"]
    offers = list_offers(rows, load_span(cast.site, date(2026, 3, 3), date(2026, 3, 9)), now=NOW)
    assert [offer.opening.starts_at if offer.opening else None for offer in offers] == [local(3, 12)] * 3
    with pytest.raises(Refused, match="already"):
        add_waiting(site=cast.site, patient=plans[0].patient, kind="dosing", by=cast.desk, now=NOW)
    visit = book(cast, plans[2], local(3, 12), offers[0].opening.place)  # type: ignore[union-attr]
    assert end_waiting(entry=rows[0], by=cast.desk, now=NOW, appointment=visit).state == "booked"
    with pytest.raises(Refused):
        end_waiting(entry=rows[0], by=cast.desk, now=NOW)


def test_the_session_opens_at_the_place_and_is_linked(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    session = visits.start_session(appointment=visit, by=cast.nurse, now=local(3, 9, 2))
    visit.refresh_from_db()
    assert (visit.session, visit.state, session.place) == (session, "in-session", "Room 1")
    assert session.planned_at == local(3, 9)
    with pytest.raises(Denied):
        visits.start_session(appointment=visit, by=cast.desk, now=local(3, 9, 2))


def test_nobody_has_a_session_on_two_chairs(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, other = furnish(cast)
    first = book(cast, plan, local(3, 9), room)
    visits.start_session(appointment=first, by=cast.nurse, now=local(3, 9))
    second = book(cast, plan, local(3, 12), other, by=cast.owner, accepted=("L-FREQ", "SP-1"), now=local(3, 9))
    with pytest.raises(Refused) as refusal:
        visits.start_session(appointment=second, by=cast.nurse, now=local(3, 12))
    assert "BK-10" in {each.rule for each in refusal.value.findings}
    assert str(refusal.value).startswith("the session cannot start here now: ")
    third = book(cast, make_another(cast, "Birch"), local(3, 11), room, now=local(3, 9, 30))
    with pytest.raises(Refused) as occupied:
        visits.start_session(appointment=third, by=cast.nurse, now=local(3, 11))
    assert occupied.value.findings[0].seen == "A session is running in Room 1"
    assert Session.objects.count() == 1


@pytest.mark.parametrize(("phase", "is_held"), [(LIVE_PHASES[0], True), (LIVE_PHASES[-1], True), ("booked", False)])
def test_a_session_that_runs_since_yesterday_holds_its_chair_and_an_unbegun_one_does_not(
    cast: Cast, phase: str, is_held: bool
) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    first = book(cast, plan, local(3, 9), room)
    old = visits.start_session(appointment=first, by=cast.nurse, now=local(3, 9))
    Session.objects.filter(pk=old.pk).update(phase=phase)
    second = book(cast, make_another(cast, "Birch"), local(4, 9), room, now=local(3, 10))
    if not is_held:
        assert visits.start_session(appointment=second, by=cast.nurse, now=local(4, 9)).place == room.name
        return
    with pytest.raises(Refused) as occupied:
        visits.start_session(appointment=second, by=cast.nurse, now=local(4, 9))
    assert occupied.value.findings[0].rule == "BK-10"


def test_the_day_is_judged_again_at_the_start(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    consent = plan.patient.consents.get()
    consent.expires_on = local(2, 9).date()
    consent.save(update_fields=["expires_on"])
    with pytest.raises(Refused) as refusal:
        visits.start_session(appointment=visit, by=cast.nurse, now=local(3, 9))
    assert "CONSENT-3" in {each.rule for each in refusal.value.findings}
    with pytest.raises(Refused, match="another day"):
        visits.start_session(appointment=visit, by=cast.nurse, now=local(4, 9))


def test_a_late_start_into_the_next_visit_asks_and_is_accepted_by_the_nurse(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(3, 9), room)
    book(cast, make_another(cast, "Birch"), local(3, 11), room)
    with pytest.raises(Refused) as refusal:
        visits.start_session(appointment=visit, by=cast.nurse, now=local(3, 9, 15))
    assert [(each.rule, each.severity) for each in refusal.value.findings] == [("BK-1", Severity.CAUTION)]
    assert visits.start_session(appointment=visit, by=cast.nurse, now=local(3, 9, 15), accepted=("BK-1",))


def test_an_escort_is_missing_until_one_of_this_person_is_named(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    assert judge(cast, plan, local(3, 9), room)["ES-1"].severity is Severity.MISSING
    escort = people.add_escort(patient=plan.patient, name="Ivy", by=cast.owner, now=NOW)
    visit = book(cast, plan, local(3, 9), room, escort=escort)
    assert {each["severity"] for each in visit.findings if each["rule"] == "ES-1"} == {"info"}
    other = make_another(cast, "Birch")
    with pytest.raises(InvalidInput):
        book(cast, other, local(4, 9), room, escort=escort)


def test_a_qualification_out_of_date_asks_a_clinician(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    Qualification.objects.filter(user=cast.nurse).update(valid_until=date(2026, 3, 3))
    assert "ST-2" not in judge(cast, plan, local(3, 9), room)
    assert judge(cast, plan, local(4, 9), room)["ST-2"].severity is Severity.CAUTION
    Qualification.objects.all().delete()
    assert judge(cast, plan, local(3, 9), room)["ST-2"].severity is Severity.MISSING


def test_hours_of_one_day_replace_the_week_and_blocks_of_people_count(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    rosters.set_hours(
        site=cast.site, user=cast.nurse, role="nurse", on=date(2026, 3, 3), begins=time(12), ends=time(17), by=None,
        now=NOW,
    )  # fmt: skip
    assert judge(cast, plan, local(3, 9), room)["BK-6"].severity is Severity.STOP
    assert "BK-6" not in judge(cast, plan, local(4, 9), room)
    rosters.block_time(
        site=cast.site, user=cast.owner, begins_at=local(4, 9), ends_at=local(4, 12), reason="court", by=cast.manager,
        now=NOW,
    )  # fmt: skip
    assert judge(cast, plan, local(4, 9), room)["ST-1"].severity is Severity.STOP
    with pytest.raises(Denied):
        rosters.block_time(
            site=cast.site, begins_at=local(4, 9), ends_at=local(4, 12), reason="x", by=cast.desk, now=NOW
        )


def test_the_summer_clock_moves_the_instant_not_the_time_of_day(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    furnish(cast)
    # 29 March 2026 is the change: Friday the 27th and Tuesday the 31st at the same time of day
    days = [date(2026, 3, 27), date(2026, 3, 31)]
    series = visits.plan_series(plan=plan, starts_on=days[0], count=2, days=days, by=cast.desk, now=NOW)
    first, second = series.appointments.order_by("number")
    assert (first.starts_at.hour, second.starts_at.hour) == (8, 7)
    assert second.ends_at - second.starts_at == first.ends_at - first.starts_at


def test_reminders_are_queued_called_back_and_say_no_more_than_the_time(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    room, _ = furnish(cast)
    visit = book(cast, plan, local(5, 9), room)
    reminder = Notice.objects.get(key=f"visit-reminder:{visit.pk}")
    assert reminder.send_after >= local(4, 9)
    visits.cancel(appointment=visit, by=cast.desk, now=NOW, reason="ill", tell=True)
    reminder.refresh_from_db()
    assert reminder.state != "waiting"
    assert Notice.objects.filter(key=f"visit-told-cancelled:{visit.pk}").exists()
    assert Appointment.objects.get().state == "cancelled"
