"""Tasks: opened once, owned, handed on, completed, taken back within seconds, climbing when late."""

from datetime import timedelta
from typing import Any

import pytest

from afterglow.clinic import policy
from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Conflict, Denied, Refused
from afterglow.clinic.floor.board import build_board
from afterglow.clinic.measures.risk import find_stop
from afterglow.clinic.notices.models import Notice
from afterglow.clinic.scheduling.models import Appointment
from afterglow.clinic.tasks import actions as tasks
from afterglow.clinic.tasks.lists import count_standing
from afterglow.clinic.tasks.models import Task
from afterglow.clinic.tasks.roster import list_gaps
from afterglow.clinicday.dues import get_kind, load_cover, load_kinds
from afterglow.terms import InvalidInput
from tests.factories import DAY, NOW, Cast, make_patient

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
# a Monday at 10 in Vienna; the night before it nobody is there
NIGHT = NOW.replace(hour=2)


def open_call(cast: Cast, **changes: Any) -> Task:
    fields: dict[str, Any] = {"site": cast.site, "kind": "call-to-return", "by": cast.desk, "now": NOW}
    return tasks.open_task(**{**fields, **changes})


def count_acts(word: str) -> int:
    return AuditEvent.objects.filter(action=f"task.{word}").count()


def test_a_task_takes_title_role_urgency_and_due_time_from_its_kind(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", patient=make_patient(cast), by=cast.nurse)
    kind = get_kind("call-back-48h")
    assert (task.title, task.owner_role, task.priority) == (kind.title, "nurse", "soon")
    assert task.due_at == NOW + timedelta(hours=48)
    assert task.escalate_at == task.due_at + kind.climb.lead_after  # type: ignore[union-attr]
    assert count_acts("opened") == 1


def test_the_same_key_twice_is_one_task(cast: Cast) -> None:
    first = open_call(cast, key="call:1")
    assert open_call(cast, key="call:1", now=NOW + DAY) == first
    assert (Task.objects.count(), count_acts("opened")) == (1, 1)
    assert open_call(cast, key="call:2") != first


def test_every_kind_of_the_day_is_there_with_source_and_grade() -> None:
    asked = (
        "call-back-48h record-unsigned consent-expiring screen-bladder screen-liver screen-cognition screen-misuse "
        "screen-outside-exposure message-to-answer call-to-return crisis-call referral-reply escort-missing letter-due "
        "goal-review checkin-finding break-glass-review"
    )
    assert set(asked.split()) <= set(load_kinds())
    for kind in load_kinds().values():
        assert kind.citation.text, kind.id
        assert all(not each.opens or each.opens in load_kinds() for each in kind.outcomes), kind.id


def test_an_unknown_kind_and_a_patient_of_another_house_open_nothing(cast: Cast) -> None:
    with pytest.raises(InvalidInput) as refused:
        open_call(cast, kind="screen-hair")
    assert refused.value.problems[0].code == "kind-unknown"
    with pytest.raises(InvalidInput) as refused:
        open_call(cast, site=cast.elsewhere, by=None, patient=make_patient(cast))
    assert refused.value.problems[0].code == "patient-elsewhere"
    with pytest.raises(Denied):
        open_call(cast, by=cast.stranger)
    assert Task.objects.count() == 0


def test_completing_needs_an_outcome_of_the_kind_and_words_where_it_asks_for_them(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", patient=make_patient(cast), by=cast.nurse)
    for outcome, note, code in (("fine", "", "word-unknown"), ("concern", "", "text-missing")):
        with pytest.raises(InvalidInput) as refused:
            tasks.complete_task(task=task, by=cast.nurse, now=NOW, outcome=outcome, note=note)
        assert refused.value.problems[0].code == code
    done = tasks.complete_task(task=task, by=cast.nurse, now=NOW, outcome="concern", note="Low since yesterday")
    assert (done.state, done.done_by, done.outcome) == ("done", cast.nurse, "concern")
    follower = Task.objects.get(kind="call-back-concern")
    assert (follower.owner_role, follower.priority, follower.detail) == ("prescriber", "urgent", "Low since yesterday")
    with pytest.raises(Conflict):
        tasks.complete_task(task=task, by=cast.nurse, now=NOW, outcome="well", answers={"suicide": "no"})


def test_what_was_completed_can_be_taken_back_for_ten_seconds(cast: Cast) -> None:
    task = open_call(cast)
    tasks.complete_task(task=task, by=cast.desk, now=NOW, outcome="spoken")
    with pytest.raises(Refused, match="no longer"):
        tasks.undo_task(task=task, by=cast.nurse, now=NOW)
    back = tasks.undo_task(task=task, by=cast.desk, now=NOW + timedelta(seconds=10))
    assert (back.state, back.outcome, back.done_by) == ("open", "", None)
    tasks.complete_task(task=task, by=cast.desk, now=NOW, outcome="spoken")
    with pytest.raises(Refused, match="no longer"):
        tasks.undo_task(task=task, by=cast.desk, now=NOW + timedelta(seconds=11))


def test_what_opened_another_task_is_not_taken_back(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", patient=make_patient(cast), by=cast.nurse)
    tasks.complete_task(task=task, by=cast.nurse, now=NOW, outcome="concern", note="Low since yesterday")
    with pytest.raises(Refused) as refused:
        tasks.undo_task(task=task, by=cast.nurse, now=NOW)
    assert refused.value.code == "left-the-room"


def test_a_task_is_handed_on_with_words_to_somebody_who_may_see_it(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", patient=make_patient(cast), by=cast.nurse)
    for to, note in ((cast.desk, "You know them"), (cast.stranger, "Yours"), (cast.owner, "")):
        with pytest.raises(InvalidInput):
            tasks.hand_on_task(task=task, to=to, by=cast.nurse, now=NOW, note=note)
    given = tasks.hand_on_task(task=task, to=cast.owner, by=cast.nurse, now=NOW, note="Asked for you")
    assert given.owner == cast.owner
    assert tasks.undo_task(task=task, by=cast.nurse, now=NOW).owner is None
    with pytest.raises(Denied):
        tasks.take_task(task=task, by=cast.desk, now=NOW)


def test_an_attempt_leaves_the_task_open_and_stands_in_the_lane(cast: Cast) -> None:
    patient = make_patient(cast)
    task = open_call(cast, kind="call-back-48h", patient=patient, by=cast.nurse, owner=cast.nurse)
    tasks.note_attempt(task=task, outcome="not-reached", by=cast.nurse, now=NOW)
    with pytest.raises(InvalidInput):
        tasks.note_attempt(task=task, outcome="well", by=cast.nurse, now=NOW)
    rows, total = tasks.list_lane(cast.site, cast.nurse, NOW + timedelta(hours=50))
    assert total == 1
    assert (rows[0].title, rows[0].initials, rows[0].tag) == ("48 h call-back", "A.D.", "2 h late")
    assert rows[0].line == "Not reached on 2 Mar at 10:00. Owner Nora"
    same_day, _ = tasks.list_lane(cast.site, cast.nurse, NOW + HOUR)
    assert same_day == []
    open_call(cast, owner=cast.nurse, due_at=NOW, patient=patient)
    call = Task.objects.get(kind="call-to-return")
    tasks.note_attempt(task=call, outcome="not-reached", by=cast.nurse, now=NOW)
    rows, _ = tasks.list_lane(cast.site, cast.nurse, NOW + HOUR)
    assert rows[0].line == "Not reached at 10:00. Owner Nora"
    assert patient.family_name not in str(rows)


def test_the_lane_of_the_board_tells_apart_who_shares_the_initials_of_somebody_here(cast: Cast) -> None:
    here, away = make_patient(cast, family_name="Sand"), make_patient(cast, family_name="Soto")
    other = make_patient(cast, family_name="Dew")
    Appointment.objects.create(
        site=cast.site, patient=here, kind="follow-up", state="confirmed", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR,
        booked_at=NOW, booked_by=cast.desk,
    )  # fmt: skip
    for minute, patient in enumerate((here, away, other)):
        due_at = NOW + timedelta(minutes=minute)
        open_call(cast, kind="call-back-48h", patient=patient, by=cast.nurse, due_at=due_at, key=patient.pk)
    board = build_board(site=cast.site, user=cast.nurse, now=NOW)
    seen = {row["patient_id"]: row["initials"] for row in board["due"]["rows"]}
    # as on the cards and arrivals, who belongs to the day keeps their mark; who is at home is told apart from them
    assert seen == {here.pk: "A.S.", away.pk: "A.So.", other.pk: "A.D."}


def test_the_lane_puts_who_is_here_first_and_what_is_long_late_below(cast: Cast) -> None:
    here, away = make_patient(cast, family_name="Here"), make_patient(cast, family_name="Away")
    Appointment.objects.create(
        site=cast.site, patient=here, kind="follow-up", state="confirmed", starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR,
        booked_at=NOW, booked_by=cast.desk,
    )  # fmt: skip
    for key, patient, kind, due_at in (
        ("long", away, "screen-bladder", NOW - 299 * DAY),
        ("today", away, "screen-bladder", NOW - timedelta(minutes=10)),
        ("later", away, "screen-bladder", NOW + 2 * HOUR),
        ("here-long", here, "screen-bladder", NOW - 40 * DAY),
        ("here", here, "call-back-48h", NOW + HOUR),
        ("urgent", away, "crisis-call", NOW + timedelta(minutes=9)),
    ):
        open_call(cast, kind=kind, patient=patient, by=cast.nurse, due_at=due_at, key=key)
    rows, total = tasks.list_lane(cast.site, cast.nurse, NOW)
    assert [(row.initials, row.tag) for row in rows] == [
        ("A.A.", "9 min left"),
        ("A.H.", "Due today"),
        ("A.H.", "40 days late"),
        ("A.A.", "10 min late"),
        ("A.A.", "Due today"),
    ]
    assert total == 6
    assert count_standing(cast.site, cast.nurse, NOW) == 2
    assert [row.line.startswith("Here or expected today") for row in rows] == [False, True, True, False, False]


def test_the_lane_puts_a_late_call_to_somebody_at_home_second(cast: Cast) -> None:
    """Late liver and bladder scores, many and long, leave it its place."""
    home = make_patient(cast, family_name="Home")
    for key, kind, due_at in (
        *((f"liver-{n}", "screen-liver", NOW - (219 + n) * DAY) for n in range(6)),
        *((f"bladder-{n}", "screen-bladder", NOW - HOUR) for n in range(6)),
        ("call", "call-back-48h", NOW - 20 * HOUR),
        ("urgent", "crisis-call", NOW + timedelta(minutes=9)),
    ):
        open_call(cast, kind=kind, patient=home, by=cast.nurse, due_at=due_at, key=key)
    rows, total = tasks.list_lane(cast.site, cast.nurse, NOW)
    assert [row.title for row in rows[:2]] == [get_kind("crisis-call").title, get_kind("call-back-48h").title]
    assert total == 14


def test_the_lane_names_no_patient_to_who_reads_no_charts(cast: Cast) -> None:
    patient = make_patient(cast)
    open_call(cast, kind="screen-misuse", patient=patient, by=cast.nurse, detail="Early request", due_at=NOW - HOUR)
    assert tasks.list_lane(cast.site, cast.desk, NOW) == ([], 0)
    rows, _ = tasks.list_lane(cast.site, cast.manager, NOW)
    assert (rows[0].initials, rows[0].patient_id) == ("", "")
    assert "Early" not in rows[0].line


def test_a_late_task_climbs_to_the_lead_and_then_to_who_is_on_call(cast: Cast) -> None:
    tasks.add_shift(
        site=cast.site, role="nurse", user=cast.nurse, begins_at=NOW, ends_at=NOW + DAY, by=cast.manager, now=NOW
    )
    task = open_call(cast)
    assert task.due_at == NOW + 4 * HOUR
    assert tasks.sweep(now=task.due_at) == []
    assert tasks.sweep(now=task.due_at + HOUR) == [task]
    task.refresh_from_db()
    assert (task.escalation_level, task.lead_role, task.on_call) == (1, "manager", None)
    assert tasks.sweep(now=task.due_at + HOUR) == []
    tasks.sweep(now=task.due_at + 3 * HOUR)
    task.refresh_from_db()
    assert (task.escalation_level, task.on_call, task.escalate_at) == (2, cast.nurse, None)
    # nobody has an address of hers: the log says so, and nothing is lost
    assert Notice.objects.get().reason == "no-address"
    assert tasks.sweep(now=task.due_at + 9 * HOUR) == []


def test_an_alert_with_nobody_on_call_is_a_fault_of_the_setup_until_somebody_is(cast: Cast) -> None:
    task = open_call(cast, kind="crisis-call", patient=make_patient(cast), by=None, now=NIGHT)
    assert (task.escalation_level, task.lacks_on_call) == (2, True)
    faults = tasks.list_setup_faults(site=cast.site, user=cast.manager, now=NIGHT)
    assert [fault.task for fault in faults if fault.code == "alert-without-on-call"] == [task]
    assert tasks.list_setup_faults(site=cast.site, user=cast.director, now=NIGHT) == faults
    assert tasks.list_setup_faults(site=cast.site, user=cast.nurse, now=NIGHT) == []
    begins = {"begins_at": NIGHT, "ends_at": NIGHT + 9 * DAY, "now": NIGHT, "by": cast.manager, "site": cast.site}
    tasks.add_shift(role="prescriber", user=cast.owner, **begins)
    tasks.add_shift(role="nurse", user=cast.nurse, **begins)
    tasks.sweep(now=NIGHT + 15 * MINUTE)
    task.refresh_from_db()
    assert (task.on_call, task.lacks_on_call) == (cast.owner, False)
    assert tasks.list_setup_faults(site=cast.site, user=cast.manager, now=NIGHT) == []


def test_who_is_on_call_is_told_of_an_acute_risk_until_somebody_ends_it(cast: Cast) -> None:
    shift = {"site": cast.site, "role": "prescriber", "by": cast.manager, "now": NIGHT}
    tasks.add_shift(user=cast.owner, begins_at=NIGHT, ends_at=NIGHT + 40 * MINUTE, **shift)
    tasks.add_shift(user=cast.colleague, begins_at=NIGHT + 40 * MINUTE, ends_at=NIGHT + DAY, **shift)
    task = open_call(cast, kind="crisis-call", patient=make_patient(cast), by=None, now=NIGHT)
    told = []
    for minutes in (0, 10, 15, 30, 45):
        tasks.sweep(now=NIGHT + minutes * MINUTE)
        task.refresh_from_db()
        told.append((minutes, task.on_call, Notice.objects.count()))
    assert told == [
        (0, cast.owner, 1), (10, cast.owner, 1), (15, cast.owner, 2), (30, cast.owner, 3), (45, cast.colleague, 4),
    ]  # fmt: skip
    words = list(task.events.order_by("pk").values_list("type", flat=True))
    assert words == ["opened", "climbed", "told-again", "told-again", "climbed"]
    by = {"by": cast.owner, "now": NIGHT + 50 * MINUTE}
    tasks.complete_task(task=task, outcome="spoken-safe", note="Her brother stays with her.", **by)
    assert tasks.sweep(now=NIGHT + DAY) == []
    assert Notice.objects.count() == 4


def test_by_day_an_acute_risk_waits_for_no_roster(cast: Cast) -> None:
    task = open_call(cast, kind="crisis-call", patient=make_patient(cast), by=None, now=NOW)
    assert (task.priority, task.due_at, task.escalation_level) == ("urgent", NOW + 15 * MINUTE, 0)


def test_what_climbs_reaches_roles_that_see_tasks_and_stand_on_the_roster(cast: Cast) -> None:
    roles = policy.load_roles()
    for kind in load_kinds().values():
        if kind.climb is not None:
            assert "task.read" in roles[kind.climb.lead_role].permissions, kind.id
            assert kind.climb.on_call_role in load_cover(), kind.id
    # nobody has to stand in for a role that the clinic chose, and somebody can
    assert {gap.role for gap in list_gaps(cast.site, NOW, NOW + DAY)} <= {"prescriber", "nurse"}
    shift = {"begins_at": NOW, "ends_at": NOW + DAY, "by": cast.manager, "now": NOW, "site": cast.site}
    tasks.add_shift(role="medical-director", user=cast.director, **shift)
    assert tasks.find_on_call(site=cast.site, role="medical-director", at=NOW) == cast.director


def test_what_is_done_elsewhere_is_not_completed_on_its_own_page(cast: Cast) -> None:
    review = open_call(cast, kind="break-glass-review", patient=make_patient(cast), by=None)
    reply = open_call(cast, kind="referral-reply", by=None)
    for task in (review, reply):
        for outcome in ("done", "justified", ""):
            with pytest.raises(Refused) as refused:
                tasks.complete_task(task=task, by=cast.director, now=NOW, outcome=outcome)
            assert refused.value.code == "done-elsewhere"
    with pytest.raises(Refused):
        tasks.cancel_task(task=review, by=cast.director, now=NOW, reason="seen by phone")
    assert tasks.cancel_task(task=reply, by=cast.manager, now=NOW, reason="opened twice").state == "cancelled"
    assert tasks.settle_task(task=review, by=cast.director, now=NOW, outcome="justified").state == "done"


def test_two_cannot_be_on_call_for_one_role_at_once(cast: Cast) -> None:
    shift = {"site": cast.site, "role": "prescriber", "by": cast.manager, "now": NOW}
    first = tasks.add_shift(**shift, user=cast.owner, begins_at=NOW, ends_at=NOW + DAY)
    with pytest.raises(InvalidInput) as refused:
        tasks.add_shift(**shift, user=cast.colleague, begins_at=NOW + DAY - MINUTE, ends_at=NOW + 2 * DAY)
    assert refused.value.problems[0].code == "shift-overlaps"
    with pytest.raises(InvalidInput) as refused:
        tasks.add_shift(**shift, user=cast.desk, begins_at=NOW + 3 * DAY, ends_at=NOW + 4 * DAY)
    assert refused.value.problems[0].code == "user-without-role"
    tasks.add_shift(**shift, user=cast.colleague, begins_at=NOW + DAY, ends_at=NOW + 2 * DAY)
    assert tasks.find_on_call(site=cast.site, role="prescriber", at=NOW + DAY - MINUTE) == cast.owner
    assert tasks.find_on_call(site=cast.site, role="prescriber", at=NOW + DAY) == cast.colleague
    tasks.remove_shift(shift=first, by=cast.manager, now=NOW)
    assert tasks.find_on_call(site=cast.site, role="prescriber", at=NOW) is None
    with pytest.raises(Denied):
        tasks.add_shift(**{**shift, "by": cast.nurse}, user=cast.owner, begins_at=NOW, ends_at=NOW + DAY)


def test_gaps_of_the_roster_are_named_from_minute_to_minute(cast: Cast) -> None:
    shift = {"site": cast.site, "role": "prescriber", "by": cast.manager, "now": NOW, "user": cast.owner}
    tasks.add_shift(**shift, begins_at=NOW, ends_at=NOW + 10 * HOUR)
    tasks.add_shift(**shift, begins_at=NOW + 12 * HOUR, ends_at=NOW + DAY)
    gaps = [gap for gap in tasks.list_gaps(cast.site, NOW, NOW + DAY) if gap.role == "prescriber"]
    assert [(gap.begins_at - NOW, gap.ends_at - NOW) for gap in gaps] == [(10 * HOUR, 12 * HOUR)]
    # a nurse is needed only while the house is closed: 18:00 to 08:00 in Vienna
    nights = [gap for gap in tasks.list_gaps(cast.site, NOW, NOW + DAY) if gap.role == "nurse"]
    assert [(gap.begins_at.hour, gap.ends_at.hour) for gap in nights] == [(17, 7)]


def test_a_call_back_says_well_only_once_suicide_was_asked_and_nothing_was_a_concern(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", by=None, patient=make_patient(cast))
    end = {"task": task, "by": cast.nurse, "now": NOW}
    for answers, path in (
        ({}, "answers.suicide"),
        ({"mood": "better"}, "answers.suicide"),
        ({"suicide": "yes"}, "outcome"),
        ({"suicide": "no", "bladder": "complaints"}, "outcome"),
        ({"suicide": "maybe"}, "answers.suicide"),
    ):
        with pytest.raises(InvalidInput) as caught:
            tasks.complete_task(outcome="well", answers=answers, **end)
        assert path in [problem.path for problem in caught.value.problems]
    tasks.complete_task(outcome="well", answers={"suicide": "no", "mood": "same", "sleep": ""}, **end)
    assert task.events.get(type="done").detail["answers"] == {"mood": "same", "suicide": "no"}
    row = AuditEvent.objects.get(action="task.done", subject_id=task.pk)
    assert b"suicide" not in bytes(row.detail)


def test_thoughts_of_suicide_at_a_call_back_hold_the_dose_and_stay(cast: Cast) -> None:
    task = open_call(cast, kind="call-back-48h", by=None, patient=make_patient(cast))
    tasks.complete_task(
        task=task, by=cast.nurse, now=NOW, outcome="concern", note="Says so", answers={"suicide": "yes"}
    )
    call = Task.objects.get(kind="risk-now")
    assert (call.patient, call.due_at) == (task.patient, NOW + timedelta(minutes=15))
    assert call.detail == "48 h call-back, by telephone; ask the C-SSRS: Thoughts of suicide = 1."
    assert find_stop(task.patient, now=NOW) is not None
    with pytest.raises(Refused):
        tasks.undo_task(task=task, by=cast.nurse, now=NOW + timedelta(seconds=5))
