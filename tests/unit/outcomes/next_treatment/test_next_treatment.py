"""Next treatment: bounds that hold whatever the numbers say, the loss as data, and the answers in plain cases."""

from dataclasses import replace

import numpy as np
import pytest

from afterglow.outcomes.forecast import find_similar
from afterglow.outcomes.next_treatment import (
    TOPICS,
    AdviceStatus,
    Circumstances,
    IntervalPolicy,
    OpenAlert,
    SuicideAnswer,
    advise,
    edit_loss,
    list_intervals_d,
    load_loss,
)
from afterglow.outcomes.next_treatment.expected import expect, list_sessions, thin
from afterglow.terms import Citation, Grade, InvalidInput, Severity
from tests.support.personal import INDUCTION, INFUSION, LABEL, RACEMIC, SPRAY, build_known, build_personal

UPKEEP = (*INDUCTION, 38, 59)
# worse before each upkeep session, well after it: the drug works and does not last
SHORT = [(-2, 20), (10, 9), (18, 5), (30, 9), (37, 13), (40, 5), (50, 9), (58, 12), (61, 5)]
# well all along
STEADY = [(-2, 20), (10, 8), (18, 3), (30, 3), (37, 2), (44, 3), (51, 2), (58, 3), (61, 2)]


def ask(scores=STEADY, known=None, *, policy=RACEMIC, today=62.0, sessions=UPKEEP, loss=None, dose=INFUSION):
    """Return the advice on a course with two upkeep sessions three weeks apart."""
    course = build_personal(scores, sessions, dose=dose)
    known = build_known(today, 0, 0) if known is None else known
    return advise(
        find_similar(course), policy, today=today, threshold=10.0, remission=4.0, circumstances=known, loss=loss
    )  # fmt: skip


def ask_columbia(*answers):
    """Return circumstances with answers to the C-SSRS: day, level, recent behaviour; nothing open."""
    rows = [SuicideAnswer("c-ssrs", day, level, is_recent) for day, level, is_recent in answers]
    return Circumstances(tuple(rows), frozenset(), maintenance_from=6)


def get_option(advice, days):
    return next(one for one in advice.options if one.interval_d == days)


def test_somebody_whose_relief_is_short_is_seen_sooner() -> None:
    advice = ask(SHORT)
    assert (advice.status, advice.present_d, advice.suggested_d) == (AdviceStatus.ADVICE, 21, 14)
    assert get_option(advice, 14).better > 0.9
    assert "14 days has the smallest expected loss of the intervals allowed." in advice.reason


def test_somebody_who_stays_well_may_be_seen_less_often_when_visits_cost_much() -> None:
    dear = edit_loss({"visit_low": 4, "visit_middle": 8, "visit_high": 16})
    advice = ask(STEADY, loss=dear)
    assert advice.leaning_d == 28
    assert advice.best_by_cost[2] == 28
    assert not get_option(advice, 42).is_allowed  # two steps


def test_intervals_that_cannot_be_told_apart_leave_the_present_one() -> None:
    advice = ask(STEADY)
    assert (advice.status, advice.code) == (AdviceStatus.NOT_SEPARATED, "not-separated")
    assert advice.suggested_d == advice.present_d == 21
    assert len(advice.alike_d) > 1
    assert advice.reason.startswith("The evidence does not separate these: ")
    # the sentence and the table make one comparison, with the present interval
    for one in advice.options:
        if one.is_allowed and one.interval_d != advice.present_d:
            low, high = one.difference_range
            assert (low <= 0.0 <= high) is (one.interval_d in advice.alike_d)


def test_stretching_and_stopping_are_always_shown() -> None:
    for scores, known in ((STEADY, None), (SHORT, Circumstances(maintenance_from=6))):
        options = ask(scores, known).options
        assert [one.interval_d for one in options] == [14, 21, 28, 42, 56, None]
        stop = options[-1]
        assert (stop.is_allowed, stop.visits) == (False, 0.0)
        assert "with the person" in stop.why_not


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        (build_known(61.0, 0, 1), "NT-2"),
        (build_known(61.0, 2, 0, 1), "NT-2"),
        (build_known(61.0, 1, 2, 2), "NT-2"),
        (build_known(61.0, 1), "NT-2"),
        (build_known(61.0, 2, 2), "NT-2"),
        (build_known(61.0, 3, 2), "NT-2"),
        (ask_columbia((-29.9, 0, True), (61.0, 0, False)), "NT-2"),
        (ask_columbia((31.0, 4, False), (61.0, 0, False)), "NT-2"),
        (ask_columbia((54.0, 3, False), (61.0, 3, False)), "NT-2"),
        (Circumstances((SuicideAnswer("c-ssrs-screener", 60.0, 0), SuicideAnswer("c-ssrs-since-contact", 61.0, 1)),
                       frozenset()), "NT-2"),
        (replace(build_known(61.0, 0, 0), open_alerts=(OpenAlert("phq9", 61.5, "2026-07-19", "item 9 = 3"),)), "NT-2"),
        (Circumstances((SuicideAnswer("c-ssrs-screener", 61.0, 3), ), frozenset()), "NT-2"),
        (Circumstances((SuicideAnswer("c-ssrs-screener", 61.0, 0, has_recent_behaviour=True),), frozenset()), "NT-2"),
        (Circumstances(None, frozenset()), "NT-2"),
        (Circumstances((), frozenset()), "NT-2"),
        (build_known(33.9, 0, 0), "NT-2"),
    ],
)  # fmt: skip
def test_never_longer_on_rising_high_or_unknown_suicidality(known: Circumstances, rule: str) -> None:
    """Each is one step from a case in which a longer interval may be advised (the next test)."""
    advice = ask(STEADY, known)
    longer = [one for one in advice.options if (one.interval_d or 0) > 21]
    assert rule in [finding.rule for finding in advice.findings]
    assert not any(one.is_allowed for one in longer)
    assert advice.suggested_d is not None
    assert advice.suggested_d <= 21


@pytest.mark.parametrize(
    "known",
    [
        build_known(61.0, 0, 0), build_known(61.0, 2, 1), build_known(34.1, 0, 0),
        ask_columbia((-30.1, 0, True), (61.0, 0, False)), ask_columbia((30.9, 4, False), (61.0, 0, False)),
        ask_columbia((60.0, 3, False), (61.0, 0, False)),
    ],
)  # fmt: skip
def test_longer_is_possible_when_suicidality_does_not_rise(known: Circumstances) -> None:
    assert get_option(ask(STEADY, known), 28).is_allowed


def test_unchanged_suicidality_is_told_and_somebody_looks() -> None:
    found = [one for one in ask(STEADY, build_known(61.0, 1, 1)).findings if one.rule == "NT-2"]
    assert [one.severity for one in found] == [Severity.INFO]
    assert "nurse" in found[0].asks


def test_recent_behaviour_is_told_with_its_age_also_where_nothing_was_asked_since() -> None:
    findings = [one for one in ask(STEADY, ask_columbia((20.0, 0, True))).findings if one.rule == "NT-2"]
    assert [one.severity for one in findings] == [Severity.MISSING, Severity.CAUTION]
    assert findings[1].seen == "c-ssrs: yes, 42 days ago"
    assert findings[1].source.startswith("CSSRS")


@pytest.mark.parametrize(("name", "level"), [("C-SSRS", 5), ("phq9", 4), ("c-ssrs", 6)])
def test_an_answer_of_an_unknown_instrument_or_level_is_refused(name: str, level: int) -> None:
    with pytest.raises(InvalidInput):
        SuicideAnswer(name, 61.0, level)


def test_unknown_suicidality_asks_and_needs_no_review() -> None:
    advice = ask(STEADY, Circumstances(None, frozenset(), maintenance_from=6))
    assert [one.severity for one in advice.findings if one.rule == "NT-2"] == [Severity.MISSING]
    assert advice.status is not AdviceStatus.REVIEW or advice.code == "bounded"


@pytest.mark.parametrize(
    ("before", "last", "longer", "rules"),
    [
        (2.0, 4.0, True, []),
        (2.0, 5.0, False, ["NT-3"]),
        (8.0, 9.0, True, []),
        (8.0, 10.0, False, ["NT-3"]),
        (7.0, 10.0, False, ["NT-3", "NT-3"]),
    ],
)
def test_both_sides_of_worsening(before: float, last: float, longer: bool, rules: list[str]) -> None:
    """A rise of 3 is PHQ-9's step (TURKOZ-21), 10 the relapse threshold (phq9-10-twice)."""
    level = [(day, max(value, before)) for day, value in STEADY[1:-2]]
    advice = ask([STEADY[0], *level, (53, before), (60, last)])
    assert get_option(advice, 28).is_allowed is longer
    assert [one.rule for one in advice.findings if one.rule == "NT-3"] == rules
    assert (advice.status is AdviceStatus.REVIEW) is (not longer)


@pytest.mark.parametrize(("last", "is_worse"), [(24.0, False), (25.0, True)])
def test_worse_than_before_treatment_names_its_rule(last: float, is_worse: bool) -> None:
    """LT-7: 25 % over a baseline of 20 is 25."""
    advice = ask([(-2, 20), (10, 22), (18, 23), (37, 22), (58, last)], today=59.0, sessions=(*INDUCTION, 38))
    if advice.status is not AdviceStatus.NO_ADVICE:
        assert ("LT-7" in [one.rule for one in advice.findings]) is is_worse


@pytest.mark.parametrize("topic", TOPICS)
def test_never_shorter_while_a_topic_is_open(topic: str) -> None:
    advice = ask(SHORT, build_known(62.0, 0, 0, topics=frozenset({topic})))
    assert not get_option(advice, 14).is_allowed
    assert advice.suggested_d is not None
    assert advice.suggested_d >= 21
    assert [one.seen for one in advice.findings if one.rule == "NT-4"] == [topic]


def test_never_shorter_while_long_term_safety_is_unknown() -> None:
    advice = ask(SHORT, build_known(62.0, 0, 0, topics=None))
    assert not get_option(advice, 14).is_allowed
    assert [one.severity for one in advice.findings if one.rule == "NT-4"] == [Severity.MISSING]


@pytest.mark.parametrize(
    ("scores", "code"),
    [([(-2, 20)], "too-few-scores"), ([(-2, 20), (10, 9)], "too-few-scores"), ([(-2, 20), (10, 9), (18, 6)], None)],
)
def test_never_with_fewer_than_two_scores(scores, code: str | None) -> None:
    advice = ask(scores)
    if code is None:
        assert advice.status is not AdviceStatus.NO_ADVICE
    else:
        assert (advice.status, advice.code, advice.suggested_d, advice.options) == (
            AdviceStatus.NO_ADVICE, code, None, (),
        )  # fmt: skip


def test_one_step_in_one_decision() -> None:
    allowed = [one.interval_d for one in ask(SHORT).options if one.is_allowed]
    assert set(allowed) <= {14, 21, 28}
    sessions = (*INDUCTION, 45, 73)
    advice = ask([*STEADY, (70, 3), (74, 2)], build_known(75.0, 0, 0), today=75.0, sessions=sessions)
    assert advice.present_d == 28
    assert [one.interval_d for one in advice.options if one.is_allowed] == [21, 28, 42]


def test_the_spray_stays_inside_its_label() -> None:
    sessions = (0, 3, 7, 10, 14, 17, 21, 24, 28, 35, 42, 49, 63)
    scores = [(-2, 20), (10, 9), (21, 6), (35, 5), (49, 5), (56, 9), (62, 12), (64, 6)]
    advice = ask(scores, build_known(65.0, 0, maintenance_from=12), policy=LABEL, today=65.0, sessions=sessions,
                 dose=SPRAY)  # fmt: skip
    assert [one.interval_d for one in advice.options] == [7, 14, None]
    assert advice.present_d == 14
    assert advice.suggested_d in (7, 14)
    assert "SPR-US, row E-06" in [one.citation.text for one in advice.basis]


def test_a_phase_without_a_choice_gives_no_advice() -> None:
    fixed = IntervalPolicy("nasal-esketamine-us", "weekly", (7,), 7, "Once weekly", LABEL.citation, has_choice=False)
    assert ask(policy=fixed).code == "schedule-fixed"


def test_what_an_interval_brings_is_what_drawn_courses_show() -> None:
    """The closed form against 200 drawn drift paths a virtual patient: days at or over 9.5, per 28 days."""
    similar = thin(find_similar(build_personal(SHORT, UPKEEP)), 250)
    loss = load_loss()
    found = expect(similar, 28, today=62.0, loss=loss, threshold=10.0, remission=4.0, reaction_rate=0.01)
    later = list_sessions(28, last_day=59.0, today=62.0, until=230.0, dose=INFUSION)
    days = 62.0 + np.arange(2.0, 168.0, 4.0)
    level = similar.structure.add_sessions(later).calculate_level(similar.z, days)
    generator = np.random.default_rng(3)
    many, over = 200, np.zeros(similar.z.shape[1])
    drift = np.repeat(similar.drift.mean[None, :], many, axis=0)
    drift += np.sqrt(similar.drift.variance) * generator.standard_normal(drift.shape)
    last, noise = similar.drift.day, similar.noise
    for k, day in enumerate(days):
        kept = noise.keep(day - last)
        drift = kept * drift + np.sqrt(1 - kept**2) * noise.drift_sd * generator.standard_normal(drift.shape)
        over += np.mean(level[k] + drift >= 9.5, axis=0)
        last = float(day)
    assert found.unwell_days.mean() == pytest.approx(28 * over.mean() / days.size, abs=0.1)
    assert (found.visits, found.reactions) == (1.0, 0.01)


def test_sessions_to_come_and_one_that_is_overdue() -> None:
    days = [one.day for one in list_sessions(21, last_day=59.0, today=62.0, until=130.0, dose=INFUSION)]
    assert days == [80.0, 101.0, 122.0]
    assert list_sessions(21, last_day=59.0, today=90.0, until=130.0, dose=INFUSION)[0].day == 90.0


def test_dearer_visits_never_ask_for_more_of_them() -> None:
    for scores in (SHORT, STEADY):
        low, middle, high = ask(scores).best_by_cost
        assert None not in (low, middle, high)
        assert sorted((low, middle, high)) == [low, middle, high]


def test_reactions_of_ones_own_weigh_beside_the_published_ones() -> None:
    """(0.01 x 20 + 4) / (20 + 12) against (0.2 + 0) / 32: the loss of each visit rises by 7 x 0.125."""
    quiet = ask(known=build_known(62.0, 0, 0, reactions=0, sessions_asked=12))
    rough = ask(known=build_known(62.0, 0, 0, reactions=4, sessions_asked=12))
    for days in (14, 28):
        gap = get_option(rough, days).loss[1] - get_option(quiet, days).loss[1]
        assert gap == pytest.approx(7 * 0.125 * 28 / days, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"revenue": 1}, "loss.revenue"),
        ({"visit_middle": -1}, "loss.visit_middle"),
        ({"visit_middle": float("nan")}, "loss.visit_middle"),
        ({"visit_middle": True}, "loss.visit_middle"),
        ({"visit_middle": 10**400}, "loss.visit_middle"),
        ({"visit_middle": "much"}, "loss.visit_middle"),
        ({"visit_middle": 5}, "loss.visit_middle"),
        ({"horizon_d": 28}, "loss.horizon_d"),
        ({"unwell_day": 0}, "loss.unwell_day"),
    ],
)
def test_a_loss_that_cannot_be_is_refused(changes, path: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        edit_loss(changes)
    assert [problem.path for problem in refused.value.problems] == [path]


def test_an_edited_loss_is_named() -> None:
    loss = edit_loss({"severity_day": 0})
    assert (loss.get("severity_day"), loss.edited) == (0.0, ("severity_day",))
    assert ask(loss=loss).loss.edited == ("severity_day",)
    assert load_loss().edited == ()


def test_an_edited_weight_cites_the_clinic_and_no_study() -> None:
    own = edit_loss({"adverse_per_session": 0.02}).parameters["adverse_per_session"]
    assert (own.citation.source, str(own.citation.grade)) == ("SITE", "P")
    assert "the default is 0.01 (KATZ-21" in own.citation.locator


def test_a_weight_given_its_packaged_value_is_not_edited() -> None:
    once = edit_loss({"visit_middle": 2, "severity_day": 0.5})
    assert once.edited == ("visit_middle",)
    assert edit_loss({"visit_middle": 1.5}, once).edited == ()


def test_no_weight_lifts_a_bar_to_a_longer_interval() -> None:
    """Nothing known of suicidality bars longer intervals, however dear a visit is."""
    dear = edit_loss({"unwell_day": 0.01, "severity_day": 0, "visit_low": 26, "visit_middle": 27, "visit_high": 28})
    advice = ask(STEADY, Circumstances(), loss=dear)
    assert advice.present_d is not None
    assert not [one for one in advice.options if one.is_allowed and (one.interval_d or 999) > advice.present_d]
    assert advice.suggested_d is not None
    assert advice.suggested_d <= advice.present_d


def test_the_packaged_loss_cites_every_weight() -> None:
    assert list_intervals_d() == (7, 14, 21, 28, 42, 56)
    assert all(one.citation.locator for one in load_loss().parameters.values())
    assert not any("revenue" in name or "fee" in name for name in load_loss().parameters)


@pytest.mark.parametrize("choices", [(), (21, 14), (14, 14), (28, 42), (0, 21)])
def test_a_policy_must_rise_and_hold_its_default(choices: tuple[int, ...]) -> None:
    with pytest.raises(InvalidInput):
        IntervalPolicy("x", "maintenance", choices, 21, "", Citation("SITE", "test", Grade.P))


@pytest.mark.parametrize(
    ("days", "present"),
    [(INDUCTION, 21), ((*INDUCTION, 38), 21), ((*INDUCTION, 45), 28), ((*INDUCTION, 38, 73, 108), 28)],
)
def test_the_present_interval_is_the_listed_one_nearest_to_the_last_gaps(days, present: int) -> None:
    """35 days lie between 28 and 42: the shorter one."""
    assert RACEMIC.find_present(days, 6) == present


@pytest.mark.parametrize("arguments", [{"open_topics": frozenset({"mood"})}, {"reactions": 2, "sessions_asked": 1}])
def test_circumstances_that_cannot_be(arguments) -> None:
    with pytest.raises(InvalidInput):
        Circumstances(**arguments)


def test_many_sessions_ask_for_the_teams_review() -> None:
    many = (*INDUCTION, *range(38, 38 + 21 * 12, 21))
    today = float(many[-1] + 2)
    scores = [*STEADY, *((float(day), 3.0) for day in range(75, int(today), 21))]
    advice = ask(scores, build_known(today, 0, 0), today=today, sessions=many)
    assert "LT-10" in [one.rule for one in advice.findings]
    assert "LT-10" not in [one.rule for one in ask().findings]


def test_a_sudden_turn_is_found_even_where_nothing_can_be_advised() -> None:
    """From 2 to 24 in a week: no virtual patient does that, so no interval is named, and somebody is asked to look."""
    advice = ask([*STEADY, (61.5, 24.0)], build_known(62.0, 0, 2))
    assert (advice.status, advice.code, advice.suggested_d) == (AdviceStatus.NO_ADVICE, "contradicted", None)
    assert {"NT-2", "NT-3", "LT-7"} & {one.rule for one in advice.findings} >= {"NT-2", "NT-3"}
