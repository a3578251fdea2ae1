"""The chart at a glance: the course, what the protocol found, plan, consents, medication, documents."""

import itertools
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.care.notes import count_notes
from afterglow.clinic.consents.models import Consent, ConsentConfirmation
from afterglow.clinic.documents.models import Document
from afterglow.clinic.dosing_sessions.lookups import list_sessions
from afterglow.clinic.measures.lookups import TOTALS
from afterglow.clinic.people.lookups import list_medicines
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.screening.models import ScreeningRun
from afterglow.instruments import get_instrument
from afterglow.web.charts.ahead import write_window
from afterglow.web.charts.course import Course, Lane, Point, draw_course
from afterglow.web.outlook.asking import Asked
from afterglow.web.outlook.drawing import Drawn, build_drawn
from afterglow.web.outlook.words import list_rows as list_predicted
from afterglow.web.present.due import build_due, find_checkin
from afterglow.web.present.head import describe_when
from afterglow.web.present.plans import describe_dose, describe_protocol
from afterglow.web.present.scores import ScaleScores, load_entries, read_scales
from afterglow.web.templatetags.words import day, near_day

PHQ9_FACT, GAD7_FACT = "scales.phq9.total", "scales.gad7.total"
PHQ9_BANDS = (
    (0, 5, "minimal"),
    (5, 10, "mild"),
    (10, 15, "moderate"),
    (15, 20, "moderately severe"),
    (20, 27, "severe"),
)
NAMES = {PHQ9_FACT: "PHQ-9", GAD7_FACT: "GAD-7"}
SHOWN = 4
REMISSION_BELOW = 5
_RUN = Prepared(lambda patient: ScreeningRun.objects.filter(patient=patient).order_by("-recorded_at", "-pk")[:1])
_CONSENTS = Prepared(
    lambda patient: Consent.objects.filter(patient=patient).select_related("text").order_by("-signed_at", "-pk")
)
_CONFIRMED = Prepared(lambda consent, today: ConsentConfirmation.objects.filter(consent=consent, on=today))
_DOCUMENTS = Prepared(lambda patient: Document.objects.filter(patient=patient).order_by("-recorded_at", "-pk")[:SHOWN])
SPANS = {"half-year": 183, "all": None}


def build_course(
    patient: Any, now: datetime, plans: list[Any], *, span: str = "all", visits: dict[str, Any] | None = None,
    asked: Asked | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the course chart with its counts, table rows and summary figures; figures speak of the whole course.

    Where a forecast was asked for, the first lane holds the very scores that it was made from.
    """
    today = timezone.localtime(now).date()
    drawn = build_drawn(asked, {"phq9": PHQ9_BANDS}) if asked is not None else None
    extra = TOTALS.get(drawn.instrument) if drawn is not None else None
    scales = read_scales(patient, tuple(dict.fromkeys([PHQ9_FACT, GAD7_FACT, *([extra] if extra else [])])))
    phq9, gad7 = scales[PHQ9_FACT], scales[GAD7_FACT]
    sessions = list_session_days(patient)
    days = SPANS.get(span)
    since = today - timedelta(days=days) if days else date.min
    lanes = []
    if drawn is not None and (drawn.instrument != "phq9" or drawn.lines):
        lanes.append(_build_asked_lane(drawn, scales[extra] if extra else None, since))
    elif shown9 := _narrow(phq9.used, since):
        aside = _narrow([each.point for each in phq9.set_aside], since)
        lanes.append(Lane(_("PHQ-9 score, 0 to 27"), 27, shown9, _list_lines(phq9), PHQ9_BANDS, aside))
    if shown7 := _narrow(gad7.used, since):
        moderate = ((10.0, _("10: moderate"), "response"),)
        aside = _narrow([each.point for each in gad7.set_aside], since)
        lanes.append(Lane(_("GAD-7 score, 0 to 21"), 21, shown7, moderate, set_aside=aside))
    shown = [on for on in sessions if on >= since]
    ahead = drawn.ahead if drawn is not None and drawn.lines else None
    course = Course(tuple(lanes), tuple(shown), _find_route(plans), today, ahead)
    counted = [len(each.used) + len(each.set_aside) for each in (phq9, gad7)]
    return {
        "svg": draw_course(course),
        "is_begun": bool(any(counted) or sessions),
        "counts": _("%(phq)d PHQ-9 and %(gad)d GAD-7 records, %(sessions)d sessions")
        % {"phq": counted[0], "gad": counted[1], "sessions": len(sessions)},
        "rows": _list_rows(scales, shown, since),
        "summary": _summarise(phq9, sessions, today) + _summarise_window(drawn) + _summarise_next(visits, today),
        "is_half": days is not None,
        "lines": drawn.lines if drawn is not None else (),
        "predicted": list_predicted(asked) if asked is not None else [],
        "scale": drawn.lane.title.partition(",")[0] if drawn is not None else "",
    }


def _build_asked_lane(drawn: Drawn, scores: ScaleScores | None, since: date) -> Lane:
    """Return the lane of the forecast with the very scores it was made from, and those it was not made from marked."""
    left = Counter(drawn.lane.points)
    aside = []
    for point in (*scores.used, *(each.point for each in scores.set_aside)) if scores is not None else ():
        if left[point]:
            left[point] -= 1
        else:
            aside.append(point)
    return replace(drawn.lane, points=_narrow(drawn.lane.points, since), set_aside=_narrow(aside, since))


def _narrow(points: Iterable[Point], since: date) -> tuple[Point, ...]:
    return tuple(point for point in points if point.on >= since)


def list_scores(patient: Any, name: str) -> list[Point]:
    """Return the scores of one scale, oldest first; answers of `not known` are left out."""
    return load_scores(patient, name)[name]


def load_scores(patient: Any, *names: str) -> dict[str, list[Point]]:
    """Return the scores of some scales by name, each oldest first: of the chart, and of forms that were answered."""
    return {name: [each.point for each in rows] for name, rows in load_entries(patient, names).items()}


def list_session_days(patient: Any) -> list[date]:
    """Return the days on which a session was opened and not cancelled."""
    opened = [session for session in reversed(list_sessions(patient)) if session.phase not in ("cancelled", "booked")]
    return [timezone.localtime(session.opened_at).date() for session in opened]


def _find_route(plans: list[Any]) -> str:
    return describe_protocol(plans[0].protocol) if plans else _("Sessions")


def _list_lines(scores: ScaleScores) -> tuple[tuple[float, str, str], ...]:
    """Return the lines of response, half the baseline, and of remission; without a baseline there is no response."""
    remission = (4.5, _("Remission: below 5"), "remission")
    if scores.baseline is None or not scores.baseline.value:
        return (remission,)
    half = scores.baseline.value / 2
    return ((half, _("Response: %(n)g or below") % {"n": half}, "response"), remission)


def _list_rows(scales: dict[str, ScaleScores], sessions: list[date], since: date) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for fact, scores in scales.items():
        what = NAMES.get(fact) or get_instrument(next(key for key, name in TOTALS.items() if name == fact)).title
        rows += [{"on": each.on, "what": what, "value": f"{each.value:g}"} for each in scores.used]
        rows += [
            {"on": each.point.on, "what": what, "value": f"{each.point.value:g} ({each.why})"}
            for each in scores.set_aside
        ]
    rows = [row for row in rows if row["on"] >= since]
    rows += [{"on": on, "what": _("Session"), "value": "–"} for on in sessions]
    return sorted(rows, key=lambda row: (row["on"], row["what"]))


def _summarise(phq9: ScaleScores, sessions: list[date], today: date) -> list[dict[str, str]]:
    figures = []
    if phq9.baseline is not None and phq9.baseline.value > 0 and phq9.after:
        first, last = phq9.baseline.value, phq9.after[-1].value
        change = round((first - last) / first * 100)
        words = _("PHQ-9, down %(n)d%%") % {"n": change} if change >= 0 else _("PHQ-9, up %(n)d%%") % {"n": -change}
        figures.append(
            {
                "figure": _("%(a)g to %(b)g") % {"a": first, "b": last},
                "words": words,
                "strong": describe_outcome(first, last),
            }
        )
    remitted = find_first_remission(phq9)
    if remitted is not None:
        weeks = (today - remitted).days // 7
        figures.append(
            {
                "figure": ngettext("%(n)d week", "%(n)d weeks", weeks) % {"n": weeks},
                "words": _("since first remission, %(day)s") % {"day": near_day(remitted, today)},
            }
        )
    gaps = [(later - earlier).days for earlier, later in itertools.pairwise(sessions)]
    if gaps:
        low, high = min(gaps), max(gaps)
        span = _("%(n)d days") % {"n": low} if low == high else _("%(a)d to %(b)d days") % {"a": low, "b": high}
        figures.append({"figure": span, "words": _("between sessions so far")})
    if sessions and remitted is None:
        figures.append(
            {"figure": str(len(sessions)), "words": _("sessions, last on %(day)s") % {"day": day(sessions[-1])}}
        )
    return figures


def _summarise_window(drawn: Drawn | None) -> list[dict[str, str]]:
    """Return the window of the suggested session as a figure, where one is suggested."""
    if drawn is None or drawn.ahead is None or drawn.ahead.window is None:
        return []
    written = write_window(drawn.ahead.window)
    if drawn.ahead.window.is_overdue:
        words = _("suggested session %(window)s; a clinician decides") % {"window": written}
        return [{"figure": _("overdue"), "words": words, "kind": "next"}]
    return [{"figure": written, "words": _("suggested session; a clinician decides"), "kind": "next"}]


def _summarise_next(visits: dict[str, Any] | None, today: date) -> list[dict[str, str]]:
    """Return the next visit as a figure, where the schedule may be seen and one is booked."""
    if not visits or not visits["rows"]:
        return []
    first = visits["rows"][0]
    words = _("next visit, %(what)s") % {"what": first["words"]}
    return [{"figure": near_day(first["on"], today), "words": words, "kind": "next"}]


def describe_outcome(baseline: float, last: float) -> str:
    """Return `remission`, `response` or nothing, against the baseline and by the lines that the chart draws."""
    if last < REMISSION_BELOW <= baseline:
        return _("remission")
    return _("response") if baseline > 0 and last <= baseline / 2 else ""


def find_first_remission(phq9: ScaleScores) -> date | None:
    """Return the day of the first score under the remission line after the first dose, from a baseline that was not."""
    if phq9.baseline is None or phq9.baseline.value < REMISSION_BELOW:
        return None
    return next((point.on for point in phq9.after if point.value < REMISSION_BELOW), None)


def build_found(patient: Any, now: datetime, user: Any) -> dict[str, Any]:
    """Return the findings of the latest screening that still ask for something, and the screens that are due."""
    url = reverse("web:patient-screening", args=[patient.pk])
    run = _RUN.find(patient=patient)
    may_run = policy.allow(user, "screening.run", patient)
    due = build_due(patient, now)
    if run is None:
        return {"rows": due["rows"], "url": url if may_run else "", "act": _("Open screening"), "due": due, "run": None}
    left = len(run.findings) - SHOWN
    more = ngettext("%(n)d more finding", "%(n)d more findings", left) % {"n": left} if left > 0 else _("All findings")
    when = _("checked %(when)s") % {"when": describe_when(run.recorded_at, now)}
    rows = [{"item": item, "acts": ""} for item in run.findings[:SHOWN]] + due["rows"]
    return {"rows": rows, "url": url, "more": more, "checked": when, "act": "", "due": due, "run": run}


def build_plan_card(patient: Any, user: Any, plans: list[Any], visits: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the plan's card, with the next visits and what was answered on the phone."""
    url = reverse("web:patient-plan", args=[patient.pk])
    plan = next((row for row in plans if row.state == "signed"), None)
    draft = next((row for row in plans if row.state == "draft"), None)
    shown = plan or draft
    if shown is None:
        return {
            "url": url if policy.allow(user, "plan.draft", patient) else "",
            "rows": [],
            "coming": _list_coming(patient, user, visits),
        }
    state = (
        _("v%(n)d, signed %(day)s") % {"n": shown.number, "day": day(shown.signed_at, "near")}
        if plan
        else _("draft %(n)d") % {"n": shown.number}
    )
    rows = [
        {
            "words": f"{describe_protocol(shown.protocol)}, {describe_dose(shown)}",
            "value": state,
            "kind": "" if plan else "amber",
        }
    ]
    if shown.induction_sessions and shown.sessions_per_week:
        value = _("%(n)d sessions, %(w)d a week") % {"n": shown.induction_sessions, "w": shown.sessions_per_week}
        rows.append({"words": _("Induction"), "value": value})
    if shown.maintenance_every_wk:
        rows.append({"words": _("Upkeep starts every"), "value": _("%(n)d weeks") % {"n": shown.maintenance_every_wk}})
    if plan and draft:
        rows.append(
            {"words": _("Draft %(n)d waits for a signature") % {"n": draft.number}, "value": "", "kind": "amber"}
        )
    may_order = plan is not None and policy.allow(user, "session.read", patient)
    return {
        "url": url,
        "rows": rows,
        "coming": _list_coming(patient, user, visits),
        "order_url": reverse("web:patient-order", args=[patient.pk]) if may_order else "",
    }


def _list_coming(patient: Any, user: Any, visits: dict[str, Any] | None) -> list[dict[str, str]]:
    """Return the next visits, or that none is booked, and the answers of the last check-in, as lines with addresses."""
    visits = visits or {"rows": [], "is_known": False}
    lines = [
        {
            "words": _("Next visit, %(what)s") % {"what": row["words"]} if not place else row["words"],
            "value": row["when"],
            "url": row["url"],
        }
        for place, row in enumerate(visits["rows"])
    ]
    if visits["is_known"] and not lines:
        lines.append({"words": _("Next visit"), "value": _("not booked"), "url": visits["book_url"], "kind": "amber"})
    if checkin := find_checkin(patient, user):
        lines.append({"words": _("Check-in answers"), "value": checkin["words"], "url": checkin["url"]})
    return lines


def build_consent_card(patient: Any, now: datetime) -> dict[str, Any]:
    """Return the consents' card."""
    today = timezone.localtime(now).date()
    consents = _CONSENTS.ask(patient=patient)
    rows = []
    for consent in consents[:SHOWN]:
        rows.append({"words": consent.text.title, **describe_consent_state(consent, today)})
    current = next((item for item in consents if is_in_force(item, today)), None)
    if current is not None:
        done = _CONFIRMED.find(consent=current, today=today)
        value = (
            {"kind": "ok", "value": describe_when(done.recorded_at, now)}
            if done
            else {"kind": "amber", "value": _("not yet")}
        )
        rows.append({"words": _("Confirmed for today"), **value})
    return {"url": reverse("web:patient-consents", args=[patient.pk]), "count": len(consents), "rows": rows}


def is_in_force(consent: Any, today: date) -> bool:
    """Return whether a consent is neither withdrawn nor expired."""
    return consent.withdrawn_at is None and consent.expires_on >= today


def describe_consent_state(consent: Any, today: date) -> dict[str, str]:
    """Return a consent's state as words and kind of tag."""
    if consent.withdrawn_at is not None:
        return {"kind": "stop", "value": _("withdrawn %(day)s") % {"day": near_day(consent.withdrawn_at, today)}}
    if consent.expires_on < today:
        return {"kind": "amber", "value": _("expired %(day)s") % {"day": near_day(consent.expires_on, today)}}
    return {"kind": "ok", "value": _("to %(day)s") % {"day": day(consent.expires_on)}}


def build_medication_card(patient: Any, now: datetime, user: Any, run: Any) -> dict[str, Any]:
    """Return the medication's card, each medicine with the interaction that the last screening, `run`, saw."""
    may_edit = policy.allow(user, "chart.edit", patient)
    url = reverse("web:patient-history", args=[patient.pk]) + "#medication" if may_edit else ""
    statements = list_medicines(patient)
    asked = _("None, asked %(when)s") % {"when": describe_when(patient.medicines_asked_at, now)}
    asked = asked if patient.medicines_asked_at else ""
    rows = []
    for item in statements:
        dose = describe_intake(item)
        rows.append({"name": item.name, "dose": dose, "note": find_interaction(item, run)})
    reconciled = ""
    if statements:
        last = max(statements, key=lambda item: item.recorded_at)
        reconciled = _("Last entry %(when)s") % {"when": describe_when(last.recorded_at, now)}
    return {
        "rows": rows,
        "url": url,
        "reconciled": reconciled,
        "nothing": asked or _("No medicine recorded"),
        "hint": "" if asked else _("An empty list is not the same as taking none: ask and record."),
    }


def describe_intake(statement: Any) -> str:
    """Return a medicine's dose and times, `as needed` once."""
    said = str(statement.dose_text)
    needed = _("as needed") if statement.is_as_needed and _("as needed") not in said else ""
    return ", ".join(part for part in (said, needed) if part)


def find_interaction(statement: Any, run: Any) -> str:
    """Return the rules of the last screening that name this medicine."""
    if run is None:
        return _("not screened")
    name = statement.name.casefold()
    rules = [item["rule"] for item in run.findings if name and name in str(item.get("seen", "")).casefold()]
    return ", ".join(dict.fromkeys(rules))


def build_note_line(patient: Any, user: Any) -> dict[str, str] | None:
    """Return that there are therapy notes, with a way to them for who may open one; None where there are none."""
    found = count_notes(patient, user)
    if found is None:
        return None
    words = ngettext("%(n)d therapy note", "%(n)d therapy notes", found.count) % {"n": found.count}
    is_reader = found.may_open and policy.allow(user, "care.read", patient)
    return {
        "words": words,
        "last": _("last talk %(day)s") % {"day": day(found.last_on, "near")},
        "url": reverse("web:care-notes", args=[patient.pk]) if is_reader else "",
        "kept": "" if is_reader else _("kept apart: read by their author and the named therapist"),
    }


def build_document_card(patient: Any, user: Any) -> dict[str, Any]:
    """Return the documents' card."""
    if not policy.allow(user, "document.read", patient):
        return {"rows": []}
    rows = [
        {"words": item.title, "on": item.recorded_at, "url": reverse("web:document", args=[item.pk])}
        for item in _DOCUMENTS.ask(patient=patient)
    ]
    return {
        "rows": rows,
        "count": patient.documents.count() if len(rows) == SHOWN else len(rows),
        "url": reverse("web:patient-documents", args=[patient.pk]),
    }
