"""Counts the summaries of a choice in the database, and hands the counts to the pure room, which hides small ones."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum

from afterglow.clinic.outcomes.choosing import Choice, find_end
from afterglow.clinic.outcomes.models import CourseMonth, CourseScore, CourseSummary, StaleCourse, SummaryVersion
from afterglow.outcomes import get_estimand
from afterglow.outcomes.cohort import (
    Asked,
    Cell,
    GroupCount,
    MonthCount,
    Report,
    SessionCount,
    ShownCurve,
    Watched,
    build_report,
    show_curve,
)
from afterglow.outcomes.cohort.endpoints import Standing
from afterglow.outcomes.cohort.funnel import Funnel, add_sites, compare_sites
from afterglow.outcomes.cohort.report import Group, judge_pair

DUE = (Standing.ASSESSED, Standing.UNASSESSED)
EVENTS = {
    "any": "with_event",
    "paused": "paused",
    "medicated": "medicated",
    "stopped": "stopped",
    "serious": "serious",
}
COLUMNS = ("sessions", "closed", *EVENTS.values(), "vitals_due", "vitals_done", "scales_due", "scales_done")
OF_SESSIONS = ("sessions", "closed", "vitals_due", "vitals_done", "scales_due", "scales_done")
EARLIER = "earlier"
LARGEST = 64


@dataclass(frozen=True, slots=True)
class Figures:
    """All that the page shows: the report, the curves of relapse, the sites, and as of when. No exact count is in it.

    `arms` are those still watched at the landmark, with and without a session before it, from the landmark on;
    `waits_for_second` are those whose last score was past the relapse threshold and is not confirmed yet.
    """

    choice: Choice
    report: Report
    curve: ShownCurve
    arms: tuple[ShownCurve, ShownCurve]
    waits_for_second: Cell
    site_groups: tuple[Group, ...]
    funnel: Funnel | None
    as_of: datetime
    waiting: int


_lock = threading.Lock()
_kept: "OrderedDict[tuple[object, ...], Figures]" = OrderedDict()


def read_figures(choice: Choice, now: datetime) -> Figures:
    """Return the figures of a choice: those counted last, as long as no summary was made since, else counted anew.

    As of when is always said anew. The word of the version is random, so that it never comes again.
    """
    version = SummaryVersion.objects.order_by().values_list("word", flat=True).first()
    if version is None:
        return count_figures(choice, now)
    chosen = (choice.condition, choice.way, choice.period, choice.score, choice.today)
    key = (version, choice.rule.id, tuple(choice.site_keys), *chosen)
    with _lock:
        kept = _kept.get(key)
    if kept is None:
        kept = count_figures(choice, now)
        with _lock:
            _kept[key] = kept
            while len(_kept) > LARGEST:
                _kept.popitem(last=False)
    as_of, waiting = find_as_of(choice, now)
    return replace(kept, choice=choice, as_of=as_of, waiting=waiting)


def count_figures(choice: Choice, now: datetime) -> Figures:
    """Return the figures of a choice, everything small hidden by its rule."""
    by_site = _count_groups(choice)
    groups = _add_sites(by_site)
    months = _read_months(choice)
    names = {site.pk: site.name for site in choice.sites}
    sites = {names[key]: rows for key, rows in by_site.items()} if len(choice.site_keys) > 1 else {}
    report = build_report(
        groups=groups,
        months=_count_months(choice, months),
        events=_count_events(choice, months),
        asked=_count_asked(choice, groups),
        rule=choice.rule,
        sites=add_sites(sites),
    )
    site_groups, funnel = compare_sites(sites, choice.rule) if sites else ((), None)
    watched, arms, waiting_people = _count_watched(choice)
    curve, kept, left = (show_curve(each, choice.rule) for each in (watched, *arms))
    waits = judge_pair("waits-for-second", waiting_people, curve.people, choice.rule)
    as_of, waiting = find_as_of(choice, now)
    return Figures(choice, report, curve, (kept, left), waits, site_groups, funnel, as_of, waiting)


def find_as_of(choice: Choice, now: datetime) -> tuple[datetime, int]:
    """Return the instant up to which everything entered is in the figures, and how many charts are waiting."""
    found = StaleCourse.objects.filter(patient__site__in=choice.site_keys).aggregate(at=Min("marked_at"), n=Count("pk"))
    return (min(found["at"], now) if found["n"] else now), found["n"]


def _choose(choice: Choice, rows: QuerySet[Any], field: str = "began_on") -> QuerySet[Any]:
    rows = rows.filter(is_adult=True)
    if not choice.is_everywhere:
        rows = rows.filter(site__in=choice.site_keys)
    if choice.condition:
        rows = rows.filter(condition=choice.condition)
    if choice.way:
        rows = rows.filter(way=choice.way)
    if choice.since is not None:
        rows = rows.filter(**{f"{field}__gte": choice.since})
    if (end := find_end(choice.period)) is not None:
        rows = rows.filter(**{f"{field}__lte": end})
    return rows.order_by()


def _count_groups(choice: Choice) -> dict[str, list[GroupCount]]:
    """Return the counts by site, then condition and way."""
    started: dict[tuple[str, str, str], int] = {}
    for row in _choose(choice, CourseSummary.objects.all()).values("site", "condition", "way").annotate(n=Count("pk")):
        started[row["site"], row["condition"], row["way"]] = row["n"]
    seen = Q(standing=Standing.ASSESSED)
    stayed = seen & Q(has_left_early=False)
    rows = (
        _choose(choice, CourseScore.objects.filter(instrument=choice.score, standing__in=DUE))
        .values("site", "condition", "way")
        .annotate(
            due=Count("pk"),
            assessed=Count("pk", filter=seen),
            response=Count("pk", filter=stayed & Q(is_response=True)),
            remission=Count("pk", filter=stayed & Q(is_remission=True)),
            worse=Count("pk", filter=seen & Q(is_worse=True)),
            left_early=Count("pk", filter=Q(has_left_early=True)),
        )
    )
    names = ("due", "assessed", "response", "remission", "worse", "left_early")
    ends = {(row["site"], row["condition"], row["way"]): [row[name] for name in names] for row in rows}
    found: dict[str, list[GroupCount]] = defaultdict(list)
    for key, n in sorted(started.items()):
        site, condition, way = key
        found[site].append(GroupCount(condition, way, n, *ends.get(key, [0] * len(names))))
    return found


def _add_sites(by_site: dict[str, list[GroupCount]]) -> list[GroupCount]:
    sums: dict[tuple[str, str], list[int]] = {}
    names = ("started", "due", "assessed", "response", "remission", "worse", "left_early")
    for rows in by_site.values():
        for row in rows:
            known = sums.setdefault((row.condition, row.way), [0] * len(names))
            for number, name in enumerate(names):
                known[number] += getattr(row, name)
    return [GroupCount(condition, way, *numbers) for (condition, way), numbers in sums.items()]


@dataclass(frozen=True, slots=True)
class _Month:
    """The sessions of one month and way as the database added them up: sums by column, and of how many people."""

    month: date
    way: str
    sums: Mapping[str, int]
    people: int


def _read_months(choice: Choice) -> list[_Month]:
    """Return every month and way of a choice, in one scan of the table; a course has one row for a month."""
    rows = _choose(choice, CourseMonth.objects.all(), "month").values("month", "way")
    found = rows.annotate(people=Count("pk"), **{f"{name}_n": Sum(name) for name in COLUMNS})
    return [
        _Month(row["month"], row["way"], {name: row[f"{name}_n"] for name in COLUMNS}, row["people"]) for row in found
    ]


def _count_months(choice: Choice, months: list[_Month]) -> list[MonthCount]:
    """Return the sessions by month and way; of a long time the last twelve months, and what was earlier as one.

    A month without a session stands among them with none.
    """
    first = choice.today.replace(day=1, year=choice.today.year - 1) + timedelta(days=31)
    found: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in months:
        name = f"{row.month:%Y-%m}" if row.month >= first.replace(day=1) else EARLIER
        found[name, row.way][0] += row.sums["sessions"]
        # of several months the largest number is surely not more than there are people
        found[name, row.way][1] = max(found[name, row.way][1], row.people)
    named = sorted(name for name, _way in found if name != EARLIER)
    if named:
        end = find_end(choice.period)
        last = choice.today if end is None else min(end, choice.today)
        is_long = any(name == EARLIER for name, _way in found)
        begin = f"{first:%Y-%m}" if is_long else named[0]
        for name in list_months(begin, f"{last:%Y-%m}"):
            if name not in named:
                found[name, months[0].way] = [0, 0]
    order = sorted(found, key=lambda key: (key[0] != EARLIER, key))
    return [MonthCount("" if month == EARLIER else month, way, *found[month, way]) for month, way in order]


def list_months(first: str, last: str) -> list[str]:
    """Return every month from one to another as `YYYY-MM`, both included."""
    begin, end = (int(each[:4]) * 12 + int(each[5:]) - 1 for each in (first, last))
    return [f"{number // 12}-{number % 12 + 1:02}" for number in range(begin, end + 1)]


def _count_events(choice: Choice, months: list[_Month]) -> list[SessionCount]:
    """Return the sessions in which something was noted, and of how many people, counted up to where they are enough."""
    found = []
    for name, column in EVENTS.items():
        sessions = sum(row.sums[column] for row in months)
        rows = _choose(choice, CourseMonth.objects.filter(**{f"{column}__gt": 0}), "month")
        enough = choice.rule.width + 1
        people = len(rows.values_list("patient", flat=True).distinct()[:enough]) if sessions else 0
        found.append(SessionCount(name, sessions, people))
    return found


def _count_asked(choice: Choice, groups: list[GroupCount]) -> list[Asked]:
    """Return how complete the courses begun in the period are: of people, and of their sessions that are over."""
    courses = _choose(choice, CourseSummary.objects.all())
    scores = _choose(choice, CourseScore.objects.filter(instrument=choice.score))
    given = _choose(choice, CourseMonth.objects.all())
    done = {name: n or 0 for name, n in given.aggregate(**{name: Sum(name) for name in OF_SESSIONS}).items()}
    until = int(get_estimand("clinic-follow-up").get_number("until_days"))
    due_by = choice.today - timedelta(days=until + 1)
    of_courses = courses.aggregate(
        n=Count("pk"),
        follow_up=Count("pk", filter=Q(began_on__lte=due_by)),
        bladder=Count("pk", filter=Q(is_bladder_due=True)),
        bladder_done=Count("pk", filter=Q(is_bladder_done=True)),
    )
    of_scores = scores.aggregate(
        baseline=Count("pk", filter=Q(baseline__isnull=False)),
        scored=Sum("scored_sessions"),
        follow_up=Count("pk", filter=Q(is_follow_up_done=True)),
    )
    return [
        Asked("baseline", of_scores["baseline"], of_courses["n"]),
        Asked("before-session", of_scores["scored"] or 0, done["sessions"]),
        Asked("vitals", done["vitals_done"], done["vitals_due"]),
        Asked("dissociation", done["scales_done"], done["scales_due"]),
        Asked("record", done["closed"], done["sessions"]),
        Asked("induction-end", sum(each.assessed for each in groups), sum(each.due for each in groups)),
        Asked("follow-up", of_scores["follow_up"], of_courses["follow_up"]),
        Asked("bladder", of_courses["bladder_done"], of_courses["bladder"]),
    ]


def _count_watched(
    choice: Choice,
) -> tuple[tuple[Watched, ...], tuple[tuple[Watched, ...], tuple[Watched, ...]], int]:
    """Return who was watched for relapse, the two arms from the landmark on, and how many wait for a second score."""
    rows = _choose(choice, CourseScore.objects.filter(instrument=choice.score, watched_days__isnull=False))
    counted = rows.values("watched_days", "has_relapsed", "landmark_upkeep").annotate(
        n=Count("pk"), waits=Count("pk", filter=Q(waits_for_second=True))
    )
    landmark = int(get_estimand("clinic-relapse").get_number("landmark_days"))
    watched: list[Watched] = []
    kept: list[Watched] = []
    left: list[Watched] = []
    waiting = 0
    for row in counted:
        waiting += row["waits"]
        watched.append(Watched(row["watched_days"], row["has_relapsed"], row["n"]))
        if row["landmark_upkeep"] is not None:
            arm = kept if row["landmark_upkeep"] else left
            arm.append(Watched(row["watched_days"] - landmark, row["has_relapsed"], row["n"]))
    return tuple(watched), (tuple(kept), tuple(left)), waiting
