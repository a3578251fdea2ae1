"""How soon a referral is answered and what is asked before anybody decides: policy as cited data, decided purely."""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.clinicday.intake import is_crisis, load_intake
from afterglow.clinicday.quiet import Hours
from afterglow.terms import Citation, Grade


@dataclass(frozen=True, slots=True)
class Urgency:
    """One level: its reply time in minutes that count, and where that comes from."""

    name: str
    rank: int
    minutes: int
    is_every_minute: bool
    days: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class Clock:
    """What is left of a reply time, in the minutes that count for it; negative is late."""

    left_min: int
    total_min: int
    day_min: int
    is_warning: bool

    @property
    def is_late(self) -> bool:
        """Return whether the time is over."""
        return self.left_min < 0

    @property
    def part_used(self) -> float:
        """Return the used part of the time, 0 to 1."""
        return min(max(1 - self.left_min / self.total_min, 0.0), 1.0)

    def split(self) -> tuple[int, int, int]:
        """Return the minutes left (or late) as clinic days, hours and minutes."""
        days, rest = divmod(abs(self.left_min), self.day_min)
        return days, rest // 60, rest % 60


@dataclass(frozen=True, slots=True)
class AskedItem:
    """One thing that a referral should say, and whether it does."""

    key: str
    words: str
    more: str
    whom: str
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Something to do because of what was told, beside the protocol's rules."""

    rule: str
    title: str
    asks: str
    within_days: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class ToldRisk:
    """What a referral told of suicide, and the level of the alert that it is; a yes counts as 1."""

    level: str
    seen: Mapping[str, int]


# the answers that speak of suicide, whatever else was told
SUICIDE_ANSWERS = ("phq9_item9", "crisis_thoughts", "crisis_today", "crisis_harm")


@cache
def load_urgencies() -> Mapping[str, Urgency]:
    """Return the levels by name, the most urgent first."""
    policy = _read()
    day_min = int(policy["hours"]["day_min"])
    levels = {}
    for name, entry in policy["urgency"].items():
        days = int(entry.get("days", 0))
        minutes = int(entry["minutes"]) if "minutes" in entry else days * day_min
        is_every = entry["counts"] == "every-minute"
        levels[name] = Urgency(name, int(entry["rank"]), minutes, is_every, days, _cite(entry))
    return dict(sorted(levels.items(), key=lambda pair: pair[1].rank))


@cache
def get_policy_citation() -> Citation:
    """Return where the hours that the clocks count come from."""
    return _cite(_read()["hours"])


def get_waiting_days() -> int:
    """Return for how many days answers are awaited."""
    return int(_read()["waiting"]["days"])


# ---- clocks ------------------------------------------------------------------------------------


def count_open_minutes(begins: datetime, ends: datetime, hours: Hours) -> int:
    """Return the open minutes between two instants; nothing when the second is not later."""
    # in UTC: two local times of one zone would be subtracted by their faces
    begins, ends = begins.astimezone(UTC), ends.astimezone(UTC)
    days = (ends.astimezone(hours.zone).date() - begins.astimezone(hours.zone).date()).days + 1
    spans = hours.iterate_spans(begins, max(days, 0))
    total = sum((max(min(ends, end) - max(begins, begin), timedelta()) for begin, end in spans), timedelta())
    return int(total.total_seconds() // 60)


def calculate_due(urgency: str, received_at: datetime, hours: Hours) -> datetime:
    """Return when a reply is due."""
    level = load_urgencies()[urgency]
    if level.is_every_minute:
        return received_at + timedelta(minutes=level.minutes)
    return hours.add_open_time(received_at, timedelta(minutes=level.minutes))


def measure_clock(urgency: str, due_at: datetime, now: datetime, hours: Hours) -> Clock:
    """Return what is left until a reply is due."""
    level = load_urgencies()[urgency]
    if level.is_every_minute:
        left = math.floor((due_at - now).total_seconds() / 60)
    else:
        left = count_open_minutes(now, due_at, hours) - count_open_minutes(due_at, now, hours)
        left = min(left, -1) if now > due_at else left
    is_warning = left < level.minutes * float(_read()["warning"]["part_left"])
    return Clock(left, level.minutes, int(_read()["hours"]["day_min"]), is_warning)


# ---- what was told -----------------------------------------------------------------------------


def judge_urgency(answers: Mapping[str, Any], today: date) -> tuple[str, list[str]]:
    """Return the level that the answers ask for, with the reasons in words."""
    if is_crisis(answers):
        return "crisis", [item.headline for item in load_intake().fields if _is_yes(answers, item.name, "crisis")]
    levels = load_urgencies()
    found = [("urgent", item.headline) for item in load_intake().fields if _is_yes(answers, item.name, "urgent")]
    found += [(entry["to"], entry["words"]) for entry in _read()["raises"] if _raises(entry, answers, today)]
    if not found:
        return "routine", []
    highest = min((level for level, _ in found), key=lambda level: levels[level].rank)
    return highest, [words for level, words in found if level == highest]


def list_asked(answers: Mapping[str, Any], today: date) -> list[AskedItem]:
    """Return what a referral should say, the missing first; what does not concern it is not asked."""
    items = []
    for entry in _read()["asked"]:
        if not _applies(entry, answers):
            continue
        is_missing = not _is_told(entry, answers, today)
        items.append(AskedItem(entry["key"], entry["words"], entry["more"], entry["whom"], is_missing))
    return sorted(items, key=lambda item: not item.is_missing)


def choose_whom(item: AskedItem, *, knows_doctor: bool) -> str:
    """Return whom a missing item is asked of: who came without a doctor that we know of is asked themselves."""
    return "person" if item.whom == "doctor" and not knows_doctor else item.whom


def list_steps(answers: Mapping[str, Any]) -> list[Step]:
    """Return what the clinic's own policy asks because of what was told; one step for one rule."""
    steps: dict[str, Step] = {}
    for entry in _read()["steps"]:
        is_due = (
            (answers.get("phq9_item9") or 0) > 0
            if entry["when"] == "item9"
            else answers.get("crisis_thoughts") == "yes" or is_crisis(answers)
        )
        if is_due and entry["rule"] not in steps:
            within = int(entry["within_days"])
            steps[entry["rule"]] = Step(entry["rule"], entry["title"], entry["asks"], within, _cite(entry))
    return list(steps.values())


def describe_suicide(answers: Mapping[str, Any]) -> ToldRisk | None:
    """Return what was told of suicide with the level of its alert: item 9 as on a form, thoughts the same day."""
    asked = [item for item in load_intake().fields if item.name in SUICIDE_ANSWERS and item.kind == "yes-no"]
    seen = {item.staff_label: 1 for item in asked if answers.get(item.name) == "yes"}
    item9 = int(answers.get("phq9_item9") or 0)
    if item9 > 0:
        seen["PHQ-9 item 9"] = item9
    if not seen:
        return None
    return ToldRisk("review-now" if item9 > 0 or is_crisis(answers) else "same-day", seen)


def get_asked_citation() -> Citation:
    """Return where the list of what is asked comes from."""
    return _cite(_read()["asked_source"])


def list_call_questions() -> list[str]:
    """Return what is asked in a crisis call, in its order."""
    return [str(question) for question in _read()["call"]["questions"]]


def choose_protocol(answers: Mapping[str, Any], jurisdiction: str) -> str:
    """Return the protocol whose rules judge what was told: by the wished way, then by what it is about."""
    table = _read()["protocol"]
    if answers.get("wished_way") == "nasal":
        return str(table["nasal-eu" if jurisdiction == "eu" else "nasal-us"])
    return str(table.get(answers.get("indication", ""), table["default"]))


# ---- how well we answer ------------------------------------------------------------------------


def calculate_median(values: Sequence[float]) -> float | None:
    """Return the median, or None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinicday").joinpath("data/triage.toml").read_text(encoding="utf-8"))


def _cite(entry: Mapping[str, Any]) -> Citation:
    return Citation(entry["source"], entry["locator"], Grade(entry["grade"]))


def _is_yes(answers: Mapping[str, Any], name: str, level: str) -> bool:
    item = load_intake().find_field(name)
    return item is not None and item.level == level and answers.get(name) == "yes"


def _raises(entry: Mapping[str, Any], answers: Mapping[str, Any], today: date) -> bool:
    if entry["when"] == "left-hospital":
        left_on = _read_day(answers.get("left_hospital_on"))
        return left_on is not None and today - left_on <= timedelta(days=int(entry["within_days"]))
    if entry["when"] == "indication":
        return answers.get("indication") in entry["values"]
    name = "phq9_item9" if entry["when"] == "item9" else "phq9_total"
    value = answers.get(name)
    return value is not None and value >= entry["at_least"]


def _applies(entry: Mapping[str, Any], answers: Mapping[str, Any]) -> bool:
    when = entry.get("when", "")
    if when == "trials-told":
        return bool(_list_trials(answers))
    if when == "alcohol-most-days":
        return answers.get("alcohol") == "most-days"
    if when == "heart-told":
        upper = answers.get("bp_systolic")
        is_high = upper is not None and upper >= entry["at_least_mmhg"]
        return is_high or "yes" in (answers.get("heart_event"), answers.get("heart_risk"))
    return True


def _is_told(entry: Mapping[str, Any], answers: Mapping[str, Any], today: date) -> bool:
    if entry.get("when") == "trials-told":
        rows = _list_trials(answers)
        return all(f"trial_{row}_dose_mg" in answers and f"trial_{row}_weeks" in answers for row in rows)
    if not any(all(_is_known(answers, name) for name in group) for group in entry["needs"]):
        return False
    day = _read_day(answers.get(entry["day"])) if "day" in entry else None
    return day is None or today - day <= timedelta(days=int(entry["within_days"]))


def _is_known(answers: Mapping[str, Any], name: str) -> bool:
    """Return whether something was answered; "no" to "none was tried", and "I do not know", tell nothing."""
    value = answers.get(name)
    if value in (None, "", "unknown"):
        return False
    return not (value == "no" and name in ("has_no_trials", "takes_no_medicines", "has_no_allergies"))


def _list_trials(answers: Mapping[str, Any]) -> list[int]:
    section = next(section for section in load_intake().sections if section.key == "trial")
    return [row for row in range(1, section.repeat + 1) if answers.get(f"trial_{row}_drug")]


def _read_day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else None
