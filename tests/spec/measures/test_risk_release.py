"""Who releases a suicide alert: each tier of the clinic's requirement 36, and what is not known."""

from decimal import Decimal

import pytest

from afterglow.clinicday.dues import Urgency, get_kind
from afterglow.clinicday.risk import (
    Asked,
    Row,
    Seen,
    Tier,
    build_finding,
    find_level,
    get_review_task,
    judge_release,
    list_tasks,
    load_words,
)
from afterglow.instruments import load_instruments
from afterglow.terms import Override, Severity

SAME = (Seen(Decimal(1), Decimal(1)),)


def ask(
    ideation: int | None = 1, behaviour: str | None = "none", before: int | None = 1, *, is_today: bool = True
) -> Asked:
    return Asked(ideation, behaviour, before, is_today, behaviour_before=behaviour)


@pytest.mark.parametrize(
    ("seen", "asked", "indication", "tier", "reason"),
    [
        (SAME, ask(1), "trd", Tier.NURSE, "unchanged"),
        (SAME, ask(2, before=2), "trd", Tier.NURSE, "unchanged"),
        (SAME, ask(2, "older", 2), "trd", Tier.NURSE, "unchanged"),
        ((Seen(Decimal(1), Decimal(2)),), ask(1), "trd", Tier.NURSE, "unchanged"),
        (SAME, ask(3, before=3), "trd", Tier.PRESCRIBER, "ideation"),
        (SAME, ask(1, "recent"), "trd", Tier.PRESCRIBER, "behaviour"),
        (SAME, ask(2, before=1), "trd", Tier.PRESCRIBER, "ideation-rising"),
        # nothing before the alert to be unchanged from
        ((), ask(2, "older", None), "trd", Tier.PRESCRIBER, "new-c-ssrs"),
        (SAME, ask(1, before=None), "trd", Tier.PRESCRIBER, "new-c-ssrs"),
        (SAME, ask(0, before=None), "trd", Tier.NURSE, "unchanged"),
        ((), Asked(2, "older", 2, is_today=True, behaviour_before="none"), "trd", Tier.PRESCRIBER, "new-c-ssrs"),
        ((), Asked(2, "older", 2, is_today=True), "trd", Tier.PRESCRIBER, "new-c-ssrs"),
        (SAME, ask(None), "trd", Tier.PRESCRIBER, "unknown"),
        (SAME, ask(1, None), "trd", Tier.PRESCRIBER, "unknown"),
        (SAME, None, "trd", Tier.PRESCRIBER, "unknown"),
        ((Seen(Decimal(1), None),), ask(1), "trd", Tier.PRESCRIBER, "new"),
        ((Seen(Decimal(1), Decimal(0)),), ask(1), "trd", Tier.PRESCRIBER, "rising"),
        ((Seen(Decimal(2), Decimal(1)),), ask(1), "trd", Tier.PRESCRIBER, "rising"),
        ((*SAME, Seen(Decimal(2), Decimal(1))), ask(1), "trd", Tier.PRESCRIBER, "rising"),
        (SAME, ask(1), "mdd-si", Tier.OWN_PATH, "own-path"),
        (SAME, ask(4, before=4), "mdd-si", Tier.OWN_PATH, "ideation"),
    ],
)
def test_the_tier_follows_what_was_answered(
    seen: tuple[Seen, ...], asked: Asked | None, indication: str, tier: Tier, reason: str
) -> None:
    release = judge_release(seen, asked, indication)
    assert release.tier is tier
    assert reason in release.reasons


# what releases a dose, by what was answered: the crisis table of the fact sheet and the clinic's requirement 36
MODERATE = {"safety-plan", "told"}
HIGH = {*MODERATE, "means", "emergency-path"}


@pytest.mark.parametrize(
    ("asked", "indication", "row", "needs"),
    [
        (ask(0, before=0), "trd", Row.NONE, set()),
        (ask(1), "trd", Row.LOW, set()),
        (ask(2, before=2), "trd", Row.LOW, set()),
        (ask(1, is_today=False), "trd", Row.LOW, {"c-ssrs-today"}),
        (ask(3, before=3), "trd", Row.MODERATE, {"in-person", *MODERATE}),
        (ask(0, "older", 0), "trd", Row.MODERATE, MODERATE),
        (ask(4, before=4), "trd", Row.HIGH, {"in-person", *HIGH}),
        (ask(5, before=5), "trd", Row.HIGH, {"in-person", *HIGH}),
        (ask(0, "recent", 0), "trd", Row.HIGH, {"in-person", *HIGH}),
        (ask(None, "recent"), "trd", Row.HIGH, {"in-person", *HIGH}),
        (ask(None), "trd", Row.UNKNOWN, {"in-person", *HIGH}),
        (ask(3, None, 3), "trd", Row.UNKNOWN, {"in-person", *HIGH}),
        (None, "trd", None, {"in-person", "c-ssrs-today"}),
        (ask(1), "mdd-si", Row.LOW, {"in-person", "safety-plan"}),
        (ask(4, before=4), "mdd-si", Row.HIGH, {"in-person", *HIGH}),
    ],
)
def test_each_row_of_the_triage_has_its_own_conditions_for_a_dose(
    asked: Asked | None, indication: str, row: Row | None, needs: set[str]
) -> None:
    release = judge_release(SAME, asked, indication)
    assert (release.row, set(release.needs)) == (row, {"note", *needs})
    assert len(release.conditions) == len(needs & HIGH) - (indication == "mdd-si" and row is Row.LOW)


def test_the_finding_stops_cannot_be_overridden_and_says_who_releases() -> None:
    nurse = build_finding("PHQ-9: item 9 = 1", judge_release(SAME, ask(1), "trd"))
    prescriber = build_finding("PHQ-9: item 9 = 2", judge_release((Seen(Decimal(2), Decimal(1)),), ask(1), "trd"))
    assert (nurse.severity, nurse.override) == (Severity.STOP, Override.NONE)
    assert "nurse" in nurse.asks
    assert "a prescriber, in person" in prescriber.asks
    assert "higher than the time before" in prescriber.asks


@pytest.mark.parametrize(
    ("level", "minutes", "holds"), [("review-now", 15, True), ("same-day", 240, True), ("follow-up", 1800, False)]
)
def test_each_level_opens_its_task_in_time(level: str, minutes: int, holds: bool) -> None:
    found = find_level(level)
    kind = get_kind(found.task)
    assert (kind.due_after.total_seconds() / 60, found.holds_dose) == (minutes, holds)
    assert kind.climb is not None
    if holds:
        assert kind.urgency is Urgency.URGENT
        assert kind.is_settled_only
        assert kind.climb.at_once_when_closed


def test_a_level_nobody_listed_is_treated_as_the_strictest() -> None:
    assert find_level("something-else") == find_level("review-now")


def test_every_suicide_alert_of_every_instrument_has_a_level_and_the_tasks_exist() -> None:
    levels = {alert.level for each in load_instruments().values() for alert in each.alerts if alert.must_screen}
    assert levels == {"review-now", "same-day", "follow-up"}
    assert all(get_kind(name) for name in (*list_tasks(), get_review_task()))
    needs = {"note", "in-person", "c-ssrs-today", *HIGH}
    assert set(load_words()["needs"]) == needs
