"""Turns the roster's lines into stories: how each course goes, from registration to where it stands today."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.demo import roster
from afterglow.clinic.demo.agenda import floor_to_grid
from afterglow.clinic.demo.people import ROOMS
from afterglow.clinic.demo.roster import Line
from afterglow.clinic.demo.story import Person, Story
from afterglow.clinic.demo.visits import Visit, play_infusion, play_injection, play_spray
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.scheduling.days import get_bounds
from afterglow.clinic.scheduling.series import plan_series
from afterglow.clinic.tasks.actions import record_surveillance

Begin = Callable[[Person], Story]
TEXTS = {
    roster.IM: "ketamine-injection",
    roster.SC: "ketamine-injection",
    roster.US: "esketamine-spray-us",
    roster.EU: "esketamine-spray-eu",
    roster.ORAL: "ketamine-other-routes",
    roster.SUBLINGUAL: "ketamine-other-routes",
    roster.NASAL: "ketamine-other-routes",
}
UNTREATED = frozenset({roster.DRAFT, roster.DEFERRED, roster.DECLINED, roster.REGISTERED})
ENDS = {
    roster.STOPPED: "No response after the agreed number of sessions; other treatment offered, letter sent.",
    roster.TRANSFERRED: "Moved away; goes on with a clinic near the new home, summary and doses sent there.",
}
REASONS = {
    roster.DEFERRED: "Has to be resolved first, then screened again; agreed with the person.",
    roster.DECLINED: "A contraindication that stays; told why, other help named in the letter.",
}
# who has a series from the first visit on, and how many of its visits are still to come
SERIES: Mapping[str, int] = {"Tansy": 2, "Fern": 3, "Mallow": 4, "Ivy": 4, "Poppy": 4, "Thyme": 3}
APART_D = 3
# who answered after the first series, and how many visits that series has
SCORED_AFTER, FEW = frozenset({roster.UPKEEP, roster.RELAPSE}), 2
# a first series as planned and given: by injection and drip four visits, which is the clinic's choice there, while
# the label of the spray fixes eight in four weeks; days after the second visit
SERIES_OF = {roster.IV: 4, roster.IM: 4}
SERIES_LATER_D = {
    roster.IV: (4, 7),
    roster.IM: (4, 7),
    roster.US: (3, 7, 10, 14, 17, 21),
    roster.EU: (3, 7, 10, 14, 17, 21),
}
CONSENT_LASTS_D = 180
RENEWED_AFTER_D = 165


def write_course(line: Line, begin: Begin, *, shift: float) -> Story:
    """Return the story of one line; its hours lie `shift` minutes from the demonstration's own."""
    story = begin(describe(line))
    story.shift = shift
    story.arrive_at_clinic(line.since)
    if line.course == roster.REGISTERED:
        return story
    if line.course in REASONS:
        word = "defer" if line.course == roster.DEFERRED else "decline"
        story.screen(line.since - 1, decision=word, reason=REASONS[line.course])
        return story
    story.screen(line.since - 1)
    story.agree(line.since - 2)
    if line.course == roster.DRAFT:
        story.draft_only(line.since - 3)
        return story
    later = list_later(line)
    if later and line.protocol in SERIES_OF:
        story.plan_treatment(line.since - 3, induction_sessions=SERIES_OF[line.protocol])
    else:
        story.plan_treatment(line.since - 3)
    _renew_consents(story, line)
    if line.given in SERIES:
        story.at(story.ago(line.since - 3, 20), lambda now: plan_course(story, line, now))
    visits = sorted([*zip(line.visits, line.scores, strict=True), *later], reverse=True)
    for days, score in visits:
        play(
            Visit(
                story,
                story.ago(days),
                place=pick_place(line),
                phq9=score,
                nurse=pick_nurse(line),
                visit=partial(find_booked, story, days),
            )
        )
    _look_after(story, line)
    _end(story, line)
    return story


def list_later(line: Line) -> list[tuple[int, int]]:
    """Return day and score of the visits that complete the first series of somebody who answered to it."""
    if line.course not in SCORED_AFTER or len(line.visits) <= FEW:
        return []
    second, score = line.visits[1], line.scores[1]
    return [(second - days, score - 2 * place) for place, days in enumerate(SERIES_LATER_D.get(line.protocol, ()), 1)]


def plan_course(story: Story, line: Line, now: datetime) -> None:
    """Plan a whole series as the desk did after the plan was signed: the visits that were, and those to come."""
    zone = ZoneInfo(story.site.timezone)
    came = [story.ago(days).astimezone(zone) for days in line.visits]
    first = story.clock.now.astimezone(zone).date() + timedelta(days=1)
    coming = [first + timedelta(days=APART_D * index) for index in range(SERIES[line.given])]
    days = [*(at.date() for at in came), *coming]
    plan_series(
        plan=story.plan,
        starts_on=days[0],
        count=len(days),
        days=days,
        at=floor_to_grid(came[-1]).astimezone(zone).time(),
        by=story.cast["frontdesk"],
        now=now,
    )


def find_booked(story: Story, days: float) -> Any:
    """Return the dosing visit that is booked for somebody on a day, or None."""
    on = get_local_date(story.site, story.ago(days))
    begins_at, ends_at = get_bounds(ZoneInfo(story.site.timezone), on)
    rows = story.plan.appointments.filter(state="booked", starts_at__gte=begins_at, starts_at__lt=ends_at)
    return rows.select_related("site", "patient").first()


def describe(line: Line) -> Person:
    """Return the person of a line."""
    text = TEXTS.get(line.protocol, "ketamine-infusion")
    more = {"text": text, "escort": f"{line.family}, Moss", **line.more}
    return Person(
        line.family,
        line.given,
        date(line.born, 1 + line.born % 12, 1 + line.born % 27),
        line.protocol,
        line.kg,
        sex=line.sex,
        indication=line.indication,
        phq9=line.scores[0] if line.scores else 19,
        **more,
    )


def play(visit: Visit) -> None:
    """Play a whole visit by the protocol of its plan."""
    protocol = visit.story.person.protocol
    if protocol == roster.IV:
        play_infusion(visit)
    elif protocol == roster.IM:
        play_injection(visit)
    else:
        play_spray(visit, _count_devices(visit.story.person))


def _count_devices(person: Person) -> int:
    """Return what the protocols begin with: one from 65 years on in the EU, three where suicidality is treated."""
    if person.indication == "mdd-si":
        return 3
    return 1 if person.protocol == roster.EU and person.birth_on.year < 1960 else 2


def pick_place(line: Line) -> str:
    """Return where somebody usually sits."""
    return ROOMS[line.born % len(ROOMS)]


def pick_nurse(line: Line) -> str:
    """Return the sign-in of the nurse whom somebody usually has."""
    return ("nurse", "nurse2", "nurse3")[line.born % 3]


def _renew_consents(story: Story, line: Line) -> None:
    """Sign again before the last day, as long as there are visits to come."""
    signed = line.since - 2
    while signed - CONSENT_LASTS_D > 0 and any(days < signed - RENEWED_AFTER_D for days in (*line.visits, 0)):
        if line.course in ENDS or line.course == roster.WITHDRAWN:
            later = [days for days in line.visits if days < signed - RENEWED_AFTER_D]
            if not later:
                return
        signed -= RENEWED_AFTER_D
        story.agree(signed)


def _look_after(story: Story, line: Line) -> None:
    """Score between visits, and answer the long-term screens once in a long course; the last ones are left due."""
    if line.course == roster.RELAPSE:
        # well, then twice over the threshold a week apart; better again with upkeep, and now once more not
        early = [(line.visits[1] - 56, 12), (line.visits[1] - 63, 13)]
        for days, score in (*early, (90, 9), (45, 14), (12, 19)):
            story.score(days, "scales.phq9.total", score)
    if line.course in SCORED_AFTER and len(line.scores) > FEW:
        # the questionnaire at the end of the first series: two weeks after its last visit
        last = min([line.visits[1], *(days for days, _score in list_later(line))])
        story.score(last - 14, "scales.phq9.total", max(line.scores[FEW] - 3, 2))
    if line.visits and line.born % 8:
        days = max(line.visits[-1] - 1, 1)
        is_long = line.course != roster.INDUCTION and line.born % 6 != 0
        story.at(story.ago(days), lambda now: answer_screens(story, now, SCREENS if is_long else SHORT))


SCREENS: Mapping[str, Mapping[str, Any]] = {
    "bladder": {"scales.luts.total": 3, "course.has_haematuria_or_pain": False},
    "liver": {"labs.alt.value": 26, "labs.alt.upper_limit": 40, "labs.ast.value": 23, "labs.ast.upper_limit": 40},
    "cognition": {"memory": "unchanged", "scales.moca.total": 27},
    "misuse": {"course.has_misuse": False},
    "outside-exposure": {"course.outside_use": "none"},
}
SHORT: Mapping[str, Mapping[str, Any]] = {name: SCREENS[name] for name in ("cognition", "outside-exposure")}


def answer_screens(story: Story, now: datetime, answers: Mapping[str, Mapping[str, Any]] = SHORT) -> None:
    """Answer long-term screens, so that they are not all due."""
    by = story.cast["prescriber"]
    for screen, result in answers.items():
        record_surveillance(patient=story.patient, screen=screen, result=result, by=by, now=now)


def _end(story: Story, line: Line) -> None:
    if line.course in ENDS:
        reason, by = ENDS[line.course], story.cast["prescriber"]
        story.at(
            story.ago(line.visits[-1] - 5), lambda now: plans.stop_plan(plan=story.plan, reason=reason, by=by, now=now)
        )
    if line.course == roster.WITHDRAWN:
        words = "Wants to go on with talking therapy alone."
        story.at(
            story.ago(line.visits[-1] - 8),
            lambda now: consents.withdraw_consent(consent=story.consent, reason=words, by=story.cast["nurse"], now=now),
        )
