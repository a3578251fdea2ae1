"""The forecast on the chart: drawn, said, late, lacking, failed; and who gets none."""

import html
import json
import re
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.audit.models import AuditEvent, ReadEvent
from afterglow.clinic.care import forecasts
from afterglow.clinic.care.models import NextTreatmentDecision
from afterglow.clinic.care.weighing import change_weights, restore_weights
from afterglow.clinic.people import actions as people
from afterglow.outcomes.outlook.jobs import forecast_course
from afterglow.web.charts.ahead import Window, write_window
from afterglow.web.outlook.asking import READY, Asked
from afterglow.web.outlook.drawing import find_window
from afterglow.web.templatetags.words import day, near_day
from tests import factories
from tests.factories import DAY, Cast
from tests.support.giving import give
from tests.web.predictions.conftest import Answering

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
CALM = ("vitals-recorded", -10, {"systolic": 122, "diastolic": 78})
ASKED = ("suicide-screen-recorded", -15, {"level": 0, "behaviour": False})
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now() -> datetime:
    return timezone.now() - 5 * MINUTE


@pytest.fixture
def plan(cast: Cast) -> Any:
    return factories.make_plan(cast, induction_sessions=6, maintenance_every_wk=4)


def score(cast: Cast, plan: Any, at: datetime, value: int | None) -> None:
    people.record_history(patient=plan.patient, facts={"scales.phq9.total": value}, by=cast.nurse, now=at)


@pytest.fixture
def course(cast: Cast, plan: Any, now: datetime) -> Any:
    """Six sessions of an induction, two of upkeep four weeks apart, and scores that fell to remission and stayed."""
    for days in (90, 87, 83, 80, 76, 73, 45, 17):
        give(cast, plan, now - days * DAY, more=(CALM, ASKED))
    for days, value in ((95, 20), (80, 12), (70, 6), (45, 4), (20, 4), (4, 5)):
        score(cast, plan, now - days * DAY, value)
    return plan.patient


def get(user: Any, patient: Any, page: str = "patient", **query: str) -> Any:
    client = Client()
    client.force_login(user, backend=BACKEND)
    return client.get(reverse(f"web:{page}", args=[patient.pk]), query)


def read(user: Any, patient: Any, page: str = "patient-forecast", **query: str) -> str:
    response = get(user, patient, page, **query)
    assert response.status_code == 200
    return str(response.content.decode())


def test_ribbon_median_thresholds_and_window_are_drawn(cast: Cast, course: Any, worker: Answering) -> None:
    text = read(cast.owner, course)
    for name in ("course__ribbon--90", "course__ribbon--50", "course__median", "course__line--relapse"):
        assert name in text
    assert text.count('class="course__window"') == 1
    assert "Predicted, not measured" in text
    assert re.search(r"\d+ of 4000 virtual patients resemble this course", text)
    assert "of similar courses" in text or "similar courses have relapsed" in text


def test_ribbons_begin_tomorrow_and_are_nested(cast: Cast, course: Any, worker: Answering) -> None:
    text = read(cast.owner, course)
    today = float(re.search(r'class="chart__now" x1="([\d.]+)"', text).group(1))  # type: ignore[union-attr]
    spans = {}
    for level in ("90", "50"):
        path = re.search(rf'course__ribbon--{level}" d="M([^"]+)"', text).group(1)  # type: ignore[union-attr]
        points = [tuple(map(float, pair.split())) for pair in path.split("L")]
        assert min(x for x, _ in points) > today
        last = max(x for x, _ in points)
        ends = [y for x, y in points if x == last]
        spans[level] = (min(ends), max(ends))
    assert spans["90"][0] < spans["50"][0] < spans["50"][1] < spans["90"][1]


def test_thresholds_carry_source_and_grade_and_the_basis_its_version(
    cast: Cast, course: Any, worker: Answering
) -> None:
    text = read(cast.owner, course)
    for words in (
        "better by 50 % or more",
        "PHQ9, missing items",
        "PHQ-9 of 10 or more twice",
        "Afterglow ",
        "No past patients",
    ):
        assert words in text
    assert "site policy" in text


def test_no_forecast_ever_calls_a_risk_low(cast: Cast, course: Any, worker: Answering) -> None:
    assert "risk low" not in read(cast.owner, course).lower()
    assert "low risk" not in read(cast.owner, course).lower()


def test_the_table_holds_the_forecast_by_day(cast: Cast, course: Any, worker: Answering) -> None:
    text = read(cast.owner, course, **{"as": "table"})
    assert "Predicted, not measured: PHQ-9 score without a further session" in text
    assert len(re.findall(r"<td class=\"figure\">\d+ in 100</td>", text)) == 6


def test_a_late_answer_is_said_and_looked_at_again(cast: Cast, course: Any, worker: Answering) -> None:
    worker.is_late = True
    text = read(cast.owner, course, "patient")
    assert "Forecast: being worked out" in text
    assert "course__ribbon" not in text
    again = re.search(r'hx-get="([^"]+)"', text[text.index("being worked out") - 400 :])
    assert again is not None
    assert again.group(1).startswith(reverse("web:patient-forecast", args=[course.pk]))
    worker.is_late = False
    assert "course__ribbon" in read(cast.owner, course)


def test_a_calculation_that_failed_is_said_as_such(cast: Cast, course: Any, worker: Answering) -> None:
    worker.is_broken = True
    text = read(cast.owner, course)
    assert "No forecast: it could not be worked out." in text
    assert "course__ribbon" not in text
    assert "course__main" in text


def test_too_little_data_is_a_plain_answer_with_its_reason(
    cast: Cast, plan: Any, now: datetime, worker: Answering
) -> None:
    score(cast, plan, now - 20 * DAY, 15)
    assert "No forecast: not enough data.</b> No session has been given yet." in read(cast.owner, plan.patient)
    give(cast, plan, now - 10 * DAY)
    assert "0 of at least 1 score after the first session" in read(cast.owner, plan.patient)


def test_everything_that_an_answer_is_made_from_stands_in_its_question(
    cast: Cast, course: Any, worker: Answering, now: datetime
) -> None:
    read(cast.owner, course)
    read(cast.nurse, course)
    assert len(set(worker.asked)) == 1
    people.record_history(
        patient=course, facts={"suicide.ideation": 1, "suicide.behaviour": "none"}, by=cast.nurse, now=now
    )
    read(cast.owner, course)
    score(cast, course.plans.get(), now, 9)
    read(cast.owner, course)
    assert len(set(worker.asked)) == 3
    assert json.loads(worker.asked[-1])["policy"]["default_d"] == 28
    assert course.family_name not in worker.asked[-1]
    assert course.pk not in worker.asked[-1]


def test_who_may_not_read_scores_gets_the_chart_without_a_forecast(cast: Cast, course: Any, worker: Answering) -> None:
    assert get(cast.desk, course, "patient-forecast").status_code == 403
    assert get(cast.stranger, course, "patient-forecast").status_code == 404
    assert worker.asked == []


def test_a_forecast_that_is_shown_is_a_reading_in_the_log(cast: Cast, course: Any, worker: Answering) -> None:
    read(cast.nurse, course)
    rows = ReadEvent.objects.filter(what="forecast", by=cast.nurse.pk, patient=course.pk)
    assert rows.count() == 1


# ---- next treatment ------------------------------------------------------------------------------

WHY = "Well for months, and far to travel."


def decide(user: Any, patient: Any, **fields: Any) -> Any:
    client = Client()
    client.force_login(user, backend=BACKEND)
    given = {f"next-{name}": value for name, value in fields.items()}
    return client.post(reverse("web:patient-next-treatment", args=[patient.pk]), given)


def find_seen(text: str) -> str:
    return re.search(r'name="next-seen" value="([0-9a-f]{64})"', text).group(1)  # type: ignore[union-attr]


def test_findings_stand_before_the_options_and_stopping_and_stretching_are_among_them(
    cast: Cast, course: Any, worker: Answering
) -> None:
    text = read(cast.owner, course)
    section = text[text.index("outlook__next") :]
    assert section.index('data-rule="NT-4"') < section.index("Predicted for similar courses")
    for words in (
        "no further session, stop",
        "every 42 days, stretch",
        "every 28 days, go on",
        'every 14, 21 days, shorten</th><td colspan="6"><b>Not open:</b> Long-term safety: Not recorded. (Site policy',
    ):
        assert words in section
    assert "The evidence does not separate these" in section
    assert "a visit counts as 0.5 days unwell" in section
    assert "a visit counts as 4 days unwell" in section


def test_no_window_is_drawn_before_somebody_has_seen_the_person(
    cast: Cast, course: Any, worker: Answering, now: datetime
) -> None:
    assert 'class="course__window"' in read(cast.owner, course)
    score(cast, course.plans.get(), now, 12)
    text = read(cast.owner, course)
    assert "Somebody sees the person first" in text
    assert "course__ribbon" in text
    assert 'class="course__window"' not in text
    assert "Suggested session" not in text


def test_a_decision_is_kept_with_its_reason_who_and_when_and_what_was_seen(
    cast: Cast, course: Any, worker: Answering
) -> None:
    seen = find_seen(read(cast.owner, course))
    answer = decide(cast.owner, course, decision="stretch", interval_d="42", reason=WHY, seen=seen)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse("web:patient", args=[course.pk]))
    row = NextTreatmentDecision.objects.get()
    assert (row.decision, row.interval_d, row.reason, row.recorded_by) == ("stretch", 42, WHY, cast.owner)
    assert (row.seen["question"], row.seen["code"], row.seen["suggested_d"]) == (seen, "not-separated", 28)
    text = read(cast.nurse, course)
    assert "Stretch: longer between sessions, every 42 days" in text
    assert WHY in text
    assert "Petra" in text
    assert course.plans.get().maintenance_every_wk == 4


AGAINST = {"is_against": "on", "against_reason": "Lives in, and asks for it herself."}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (
            {"decision": "stretch", "interval_d": "7"},
            "is 28 days; this is no longer (more than 28 days)",
        ),
        ({"decision": "stretch", "interval_d": "28"}, "this is no longer (more than 28 days)"),
        ({"decision": "stretch", "interval_d": "7", **AGAINST}, "this is no longer (more than 28 days)"),
        ({"decision": "shorten", "interval_d": "35"}, "this is not shorter (1 to 27 days)"),
        ({"decision": "continue", "interval_d": "21"}, "another one is to stretch or to shorten (28 days)"),
        (
            {"decision": "stretch", "interval_d": "70"},
            "Every 70 days is outside the label or policy. 56 days is the longest",
        ),
        (
            {"decision": "stretch", "interval_d": "56"},
            "Every 56 days is against the advice. More than 1 step from 28 days",
        ),
        ({"decision": "shorten", "interval_d": "21"}, "Every 21 days is against the advice. Long-term safety"),
        ({"decision": "shorten", "interval_d": "21", "is_against": "on"}, "Say because of what"),
        ({"decision": "shorten", "interval_d": "21", "against_reason": "x" * 30}, "is against the advice"),
        ({"decision": "continue", "interval_d": "28", **AGAINST}, "Nothing stands against this decision"),
    ],
)
def test_a_contradiction_is_refused_and_nothing_stored(
    cast: Cast, course: Any, worker: Answering, fields: dict[str, str], words: str
) -> None:
    answer = decide(cast.owner, course, reason=WHY, seen=find_seen(read(cast.owner, course)), **fields)
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert not NextTreatmentDecision.objects.exists()


def test_a_decision_against_the_advice_is_kept_with_what_stood_against_it_and_shown_so(
    cast: Cast, course: Any, worker: Answering
) -> None:
    seen = find_seen(read(cast.owner, course))
    fields = {"decision": "shorten", "interval_d": "21", "reason": WHY, **AGAINST}
    assert decide(cast.owner, course, seen=seen, **fields).status_code == 302
    row = NextTreatmentDecision.objects.get()
    assert row.seen["current_d"] == 28
    assert row.seen["against"]["because"] == AGAINST["against_reason"]
    assert [one["code"] for one in row.seen["against"]["reasons"]] == ["NT-4"]
    event = AuditEvent.objects.filter(action="next-treatment.decided").get()
    assert json.loads(bytes(event.detail))["against"] == ["NT-4"]
    text = read(cast.nurse, course)
    assert "<b>Against the advice</b>, because <q>Lives in, and asks for it herself.</q>" in text
    assert "Against it stood: Long-term safety: Not recorded." in text


def test_an_interval_outside_the_protocol_says_so_later(cast: Cast, course: Any, worker: Answering) -> None:
    fields = {"decision": "stretch", "interval_d": "70", "reason": WHY, **AGAINST}
    assert decide(cast.owner, course, seen=find_seen(read(cast.owner, course)), **fields).status_code == 302
    assert "<b>Outside the protocol</b>, because" in read(cast.nurse, course)


def test_the_form_closes_what_the_table_closes_for_the_same_reason(cast: Cast, course: Any, worker: Answering) -> None:
    text = read(cast.owner, course)
    reason = "Long-term safety: Not recorded. (Site policy, next treatment, clinic requirements 36 and 37)"
    assert f"<b>Not open:</b> {reason}" in text
    assert f"<b>Shorten: closer together:</b> not open. {reason}" in text
    assert re.search(r'value="shorten"[^>]* disabled', text)
    assert not re.search(r'value="stretch"[^>]* disabled', text)
    assert 'id="next-against-shorten"' in text
    assert 'id="next-against-stretch"' not in text


def test_somebody_in_induction_has_the_four_rows_and_a_form_that_agrees(
    cast: Cast, plan: Any, worker: Answering, now: datetime
) -> None:
    """Two of six sessions: no interval is weighed, and every choice is there with its reason."""
    score(cast, plan, now - 10 * DAY, 20)
    for days in (8, 4):
        give(cast, plan, now - days * DAY, more=(CALM, ASKED))
    for days, value in ((6, 15), (3, 12)):
        score(cast, plan, now - days * DAY, value)
    text = read(cast.owner, plan.patient)
    fixed = (
        "Induction, 6 sessions, 2 a week: the schedule of this phase leaves no choice of interval. (CANMAT-21, row R-IV"
    )
    assert text.count(fixed) == 4, "stretch and shorten, each in the table and in the form"
    for words in (
        "every 3 to 4 days, go on",
        "no further session, stop",
        "open; not weighed",
        "The schedule of this phase: every 3 to 4 days.",
    ):
        assert words in text
    assert "Days unwell</th>" not in text
    seen = find_seen(text)
    refused = decide(cast.owner, plan.patient, decision="stretch", interval_d="7", reason=WHY, seen=seen)
    assert refused.status_code == 422
    assert "next-against-stretch" in refused.content.decode()
    assert "The schedule of this phase: every 3 to 4 days." in refused.content.decode(), "also beside the errors"
    assert (
        decide(cast.owner, plan.patient, decision="continue", interval_d="3", reason=WHY, seen=seen).status_code == 302
    )


def test_a_hard_limit_is_not_overridden(cast: Cast, worker: Answering) -> None:
    """L-ESK: at most two sessions of the spray in seven days; a confirmation changes nothing."""
    plan = factories.make_plan(cast, "nasal-esketamine-us")
    answer = decide(cast.owner, plan.patient, decision="shorten", interval_d="2", reason=WHY, **AGAINST)
    assert answer.status_code == 422
    assert "At most 2 sessions in 7 days: every 2 days is more often." in answer.content.decode()
    assert not NextTreatmentDecision.objects.exists()


def test_a_window_that_is_over_says_since_when(cast: Cast, course: Any, worker: Answering, now: datetime) -> None:
    """The last session 17 days ago, every 28 days: 40 days later the window has passed."""
    question = forecasts.build_question(course, now + 40 * DAY)
    answer = forecast_course(json.dumps(question.payload))
    asked = Asked(READY, question, answer=answer)
    window = find_window(asked)
    assert window is not None
    assert window.overdue_since is not None
    assert window.overdue_since < window.today
    due = answer["next_treatment"]["window"]["due"]
    late = (window.today - date.fromisoformat(due)).days
    assert write_window(window).endswith(f", {late} days ago: overdue")


@pytest.mark.parametrize(
    ("first", "last", "since", "words"),
    [
        ((2026, 11, 23), (2026, 11, 23), None, "today only"),
        ((2026, 11, 24), (2026, 11, 24), None, "24 Nov"),
        ((2026, 11, 23), (2026, 11, 25), None, "23 Nov to 25 Nov"),
        ((2026, 12, 28), (2027, 1, 4), None, "28 Dec to 4 Jan 2027"),
        ((2026, 11, 23), (2026, 11, 23), (2026, 11, 5), "was due 3 Nov, 20 days ago: overdue"),
    ],
)
def test_words_of_a_window(first: Any, last: Any, since: Any, words: str) -> None:
    window = Window(
        date(*first), date(*last), date(2026, 11, 23), date(2026, 11, 3), None if since is None else date(*since)
    )
    assert write_window(window) == words


@pytest.mark.parametrize(("on", "words"), [((2026, 7, 8), "8 Jul"), ((2025, 7, 8), "8 Jul 2025")])
def test_a_day_of_another_year_carries_its_year(on: Any, words: str) -> None:
    assert near_day(date(*on), date(2026, 11, 23)) == words


def test_each_score_and_session_a_forecast_is_made_from_is_listed_and_each_left_out_with_why(
    cast: Cast, course: Any, worker: Answering, now: datetime
) -> None:
    score(cast, course.plans.get(), now - 120 * DAY, 23)
    text = read(cast.owner, course)
    assert re.search(r"6 scores of PHQ-9 since \d+ \w+ \d{4}, 8 sessions since \d+ \w+ \d{4}, as of", text)
    made = text[text.index("Made from, oldest first") : text.index("It does not know")]
    assert made.count("<td>Session</td>") == 8
    assert made.count("baseline: the last before the first session") == 1
    left = made[made.index("Left out, with why") :]
    assert "not used: a later one, before the first session, is the baseline" in left
    assert '<td class="figure">23</td>' in left


def test_what_is_wrong_with_a_decision_goes_back_under_its_fields(cast: Cast, course: Any, worker: Answering) -> None:
    seen = find_seen(read(cast.owner, course))
    for fields, words in (
        ({"decision": "continue", "reason": WHY}, "say the days between sessions"),
        ({"decision": "stop", "reason": "too short"}, "say why in a sentence"),
        ({"reason": WHY}, "This field is required"),
    ):
        answer = decide(cast.owner, course, seen=seen, **fields)
        assert answer.status_code == 422
        assert words.lower() in answer.content.decode().lower()
    assert not NextTreatmentDecision.objects.exists()


def test_a_chart_that_changed_meanwhile_takes_no_decision(
    cast: Cast, course: Any, worker: Answering, now: datetime
) -> None:
    seen = find_seen(read(cast.owner, course))
    score(cast, course.plans.get(), now, 14)
    assert decide(cast.owner, course, decision="stop", reason=WHY, seen=seen).status_code == 409
    assert not NextTreatmentDecision.objects.exists()


def test_only_who_signs_plans_decides_and_a_plan_is_needed(cast: Cast, course: Any, worker: Answering) -> None:
    assert "next-decision" not in read(cast.nurse, course)
    for user, status in ((cast.nurse, 403), (cast.therapist, 403), (cast.desk, 403), (cast.stranger, 404)):
        assert decide(user, course, decision="stop", reason=WHY).status_code == status
    bare = factories.make_patient(cast, given_name="Birch")
    assert "next-decision" not in read(cast.owner, bare)
    assert decide(cast.owner, bare, decision="stop", reason=WHY).status_code == 422
    assert not NextTreatmentDecision.objects.exists()


def test_a_decision_can_be_recorded_where_there_is_no_forecast(cast: Cast, plan: Any, worker: Answering) -> None:
    assert decide(cast.owner, plan.patient, decision="hold", reason=WHY).status_code == 302
    row = NextTreatmentDecision.objects.get()
    assert (row.interval_d, row.seen["state"], row.seen["code"]) == (None, "not-enough-data", "no-session")


def test_a_stored_decision_is_never_changed(cast: Cast, plan: Any, worker: Answering) -> None:
    decide(cast.owner, plan.patient, decision="review", reason=WHY)
    with pytest.raises(DatabaseError), transaction.atomic():
        NextTreatmentDecision.objects.update(reason="another")
    with pytest.raises(DatabaseError), transaction.atomic():
        NextTreatmentDecision.objects.all().delete()


def test_the_advice_names_its_weights_is_made_anew_and_a_decision_keeps_those_it_was_made_with(
    cast: Cast, course: Any, worker: Answering, now: datetime
) -> None:
    text = read(cast.owner, course)
    assert "Weighed with the default weights." in text
    assert f'href="{reverse("web:advice-weights")}?site={cast.site.pk}"' in text
    stale = find_seen(text)
    assert decide(cast.owner, course, decision="continue", interval_d="28", reason=WHY, seen=stale).status_code == 302
    dear = {"visit_low": 4.0, "visit_middle": 8.0, "visit_high": 16.0}
    change_weights(site=cast.site, weights=dear, reason=WHY, by=cast.director, now=now, version=0)
    again = read(cast.owner, course)
    own = f"Weighed with the clinic&#x27;s own weights of {day(now.astimezone(ZoneInfo(cast.site.timezone)).date())}"
    assert again.count(f"{own} (version 1).") == 1
    assert again.count("Weighed with the default weights.") == 1, "the decision keeps the weights it was made with"
    assert "middle: a visit counts as 8 days unwell" in again
    assert decide(cast.owner, course, decision="stop", reason=WHY, seen=stale).status_code == 409
    decide(cast.owner, course, decision="hold", reason=WHY, seen=find_seen(again))
    old, new = NextTreatmentDecision.objects.order_by("recorded_at")
    assert (old.seen["weights"]["values"]["visit_middle"], "number" in old.seen["weights"]) == (1.5, False)
    assert (new.seen["weights"]["values"]["visit_middle"], new.seen["weights"]["number"]) == (8.0, 1)
    restore_weights(site=cast.site, reason=WHY, by=cast.director, now=now, version=1)
    assert find_seen(read(cast.owner, course)) == stale
