"""The answer as plain data with dates: what `afterglow forecast` prints and a page draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from afterglow.outcomes.forecast.ahead import RelapseOutlook
from afterglow.outcomes.forecast.forecast import Forecast
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.next_treatment import VISIT_COSTS, Advice, Option
from afterglow.outcomes.outlook.asking import SCALE_OF
from afterglow.outcomes.outlook.build import Outlook
from afterglow.outcomes.outlook.made import render_made_from
from afterglow.pharmacology.mechanism import load_population_parameters
from afterglow.terms import Citation

FORMAT = 1
NAMES = ("p5", "p25", "p50", "p75", "p95")
SUPPORT = "Estimated from published courses and this person's scores; it supports a clinician and decides nothing."


def render_outlook(outlook: Outlook) -> dict[str, Any]:
    """Return the answer with its published keys; scores to a tenth, chances to a hundredth."""
    forecast = outlook.forecast
    similar = forecast.similar
    return {
        "format": FORMAT,
        "status": str(forecast.outcome),
        "code": forecast.code,
        "reason": forecast.reason or None,
        "as_of": outlook.request.as_of.astimezone(outlook.request.course.zone).date().isoformat(),
        "instrument": outlook.instrument,
        "scale": SCALE_OF.get(outlook.instrument, ("", None))[0] or None,
        "scores_used": len(outlook.scores),
        "sessions_used": len(outlook.request.course.sessions),
        "made_from": render_made_from(outlook.request),
        "no_further_session": not forecast.later,
        "score": _render_bands(outlook),
        "relapse": _render_relapse(outlook),
        "similar": None
        if similar is None
        else {
            "comparable": forecast.comparable,
            "drawn": int(get_number("virtual_patients")),
            "effective": int(similar.effective),
            "seed": similar.seed,
        },
        "calibration": {
            "group": forecast.calibration or None,
            "past_patients": forecast.past_patients,
            "text": f"Bands held against {forecast.past_patients} past patients."
            if forecast.calibration
            else "Bands are the model's own: no past patients were given to hold them against.",
        },
        "words": list(list_words(outlook)),
        "next_treatment": _render_advice(outlook),
        "basis": _render_basis(outlook),
        "problems": [problem.to_json() for problem in outlook.problems],
        "note": SUPPORT,
    }


def find_date(outlook: Outlook, day: float) -> date:
    """Return the clinic's date of a day of the course."""
    return (outlook.started_at + timedelta(days=day)).astimezone(outlook.request.course.zone).date()


@dataclass(frozen=True, slots=True)
class Window:
    """The first and last date a next session is suggested on, the day it is due, and since when it is overdue.

    `overdue_since` is None until the last day has passed; then `first` and `last` are the day of the question.
    """

    first: date
    last: date
    due_on: date
    overdue_since: date | None = None


def find_window(outlook: Outlook) -> Window | None:
    """Return the window of the next session, or None.

    From the shortest to the longest interval that cannot be told from the suggested one, a tenth to either side; it
    ends where the risk of relapse reaches the site's limit, if that lies within it, and never begins before today. One
    that ended before today is overdue since its last day.
    """
    advice = outlook.advice
    if advice is None or advice.suggested_d is None:
        return None
    last = max(one.dose_started_at for one in outlook.request.course.sessions)
    since = (last - outlook.started_at) / timedelta(days=1)
    intervals = sorted({advice.suggested_d, *(each for each in advice.alike_d if advice.code == "not-separated")})
    share = advice.loss.get("window_share")
    first = since + intervals[0] - max(1.0, round(share * intervals[0]))
    end = since + intervals[-1] + max(1.0, round(share * intervals[-1]))
    relapse = outlook.forecast.relapse
    risky = None if relapse is None else relapse.find_day(get_number("act_below_risk"))
    if risky is not None and first <= risky < end:
        end = risky
    today = find_date(outlook, outlook.forecast.today)
    due = find_date(outlook, min(since + advice.suggested_d, end))
    ends = find_date(outlook, end)
    overdue_since = ends if ends < today else None
    begins = max(find_date(outlook, first), today)
    return Window(begins, max(begins, ends), due, overdue_since)


def list_words(outlook: Outlook) -> tuple[str, ...]:
    """Return the answer in sentences; chances are said of similar courses, never of the person."""
    forecast = outlook.forecast
    if forecast.bands is None:
        return (f"Not enough data for a forecast: {forecast.reason}",)
    words = [f"{forecast.comparable} of {int(get_number('virtual_patients'))} virtual patients resemble this course."]
    if forecast.relapse is None:
        words.append(forecast.relapse_reason)
    else:
        words.append(_say_relapse(outlook, forecast.relapse))
    if outlook.advice is not None:
        words.append(outlook.advice.reason)
    return tuple(words)


def _say_relapse(outlook: Outlook, relapse: RelapseOutlook) -> str:
    half = relapse.find_day(0.5)
    if half is not None:
        return f"Without a further session half of similar courses have relapsed by {find_date(outlook, half)}."
    end, share = find_date(outlook, float(relapse.days[-1])), float(relapse.probability[-1])
    return f"Without a further session {round(10 * share)} in 10 similar courses have relapsed by {end}."


def _render_bands(outlook: Outlook) -> dict[str, Any] | None:
    bands = outlook.forecast.bands
    if bands is None:
        return None
    columns = {name: [round(float(each), 1) for each in bands.quantiles[:, k]] for k, name in enumerate(NAMES)}
    return {"dates": [find_date(outlook, float(day)).isoformat() for day in bands.days], **columns}


def _render_relapse(outlook: Outlook) -> dict[str, Any]:
    relapse, rule = outlook.forecast.relapse, outlook.relapse_rule
    told = None if rule is None else {"id": rule.id, "text": rule.sentence, **_cite(rule.citation)}
    if relapse is None:
        return {"rule": told, "reason": outlook.forecast.relapse_reason or outlook.forecast.reason or None, "by": []}

    def find(share: float) -> str | None:
        day = relapse.find_day(share)
        return None if day is None else find_date(outlook, day).isoformat()

    rows = zip(relapse.days, relapse.probability, strict=True)
    return {
        "rule": told,
        "reason": None,
        "assessed_every_d": int(get_number("visit_every_d")),
        "by": [
            {"date": find_date(outlook, float(day)).isoformat(), "probability": round(float(share), 2)}
            for day, share in rows
        ],
        "half_by": find(0.5),
        "range_80": [find(0.1), find(0.9)],
        "below_risk_until": {"risk": get_number("act_below_risk"), "date": find(get_number("act_below_risk"))},
    }


def _render_advice(outlook: Outlook) -> dict[str, Any]:
    advice = outlook.advice
    if advice is None:
        reason = outlook.forecast.reason or "No protocol was named, so that no interval is known to be allowed."
        if outlook.forecast.bands is not None and outlook.relapse_rule is None:
            reason = f"There is no relapse rule for {outlook.instrument}, so that days unwell cannot be counted."
        code = "no-protocol" if outlook.forecast.bands is not None else outlook.forecast.code
        bounds = outlook.bounds
        return {
            "status": "no-advice",
            "code": code,
            "reason": reason,
            "present_interval_d": bounds.present_d,
            "suggested_interval_d": None,
            "leaning_interval_d": None,
            "not_separated_d": [],
            "window": None,
            "choices": [one.to_json() for one in bounds.choices],
            "options": [],
            "findings": [finding.to_json() for finding in bounds.guards.findings],
            "basis": [],
        }
    window = find_window(outlook)
    return {
        "status": str(advice.status),
        "code": advice.code,
        "reason": advice.reason,
        "protocol": advice.policy.protocol,
        "phase": advice.policy.phase,
        "present_interval_d": advice.present_d if advice.present_d is not None else advice.bounds.present_d,
        "suggested_interval_d": advice.suggested_d,
        "leaning_interval_d": advice.leaning_d,
        "not_separated_d": list(advice.alike_d) if len(advice.alike_d) > 1 else [],
        "window": None if window is None else _render_window(window),
        "choices": [one.to_json() for one in advice.bounds.choices],
        "options": [_render_option(one, advice) for one in advice.options],
        "actions": ["continue", "stretch", "hold", "stop", "review"],
        "visit_costs": [
            {"name": name, "days_per_visit": advice.loss.get_visit_cost(name), "best_interval_d": best}
            for name, best in zip(VISIT_COSTS, advice.best_by_cost, strict=True)
        ],
        "loss": [
            {"name": one.name, "value": one.value, "unit": one.unit, **_cite(one.citation)}
            for one in advice.loss.list_weights()
        ],
        "loss_edited": list(advice.loss.edited),
        "findings": [finding.to_json() for finding in advice.findings],
        "basis": [{"claim": one.claim, **_cite(one.citation)} for one in advice.basis],
    }


def _render_window(window: Window) -> dict[str, str | None]:
    since = window.overdue_since
    return {
        "from": window.first.isoformat(),
        "to": window.last.isoformat(),
        "due": window.due_on.isoformat(),
        "overdue_since": None if since is None else since.isoformat(),
    }


def _render_option(option: Option, advice: Advice) -> dict[str, Any]:
    return {
        "interval_d": option.interval_d,
        "action": _name_action(option, advice),
        "allowed": option.is_allowed,
        "why_not": option.why_not or None,
        "reasons": [reason.to_json() for reason in option.reasons],
        "loss": {name: round(value, 1) for name, value in zip(VISIT_COSTS, option.loss, strict=True)},
        "unwell_days_per_28": round(option.unwell_days, 1),
        "visits_per_28": round(option.visits, 2),
        "difference": round(option.difference, 1),
        "difference_range": [round(each, 1) for each in option.difference_range],
        "better_share": round(option.better, 2),
    }


def _name_action(option: Option, advice: Advice) -> str:
    if option.interval_d is None:
        return "stop"
    present = advice.present_d or option.interval_d
    if option.interval_d == present:
        return "continue"
    return "stretch" if option.interval_d > present else "shorten"


def _render_basis(outlook: Outlook) -> list[Mapping[str, str]]:
    forecast: Forecast = outlook.forecast
    if forecast.bands is None:
        return []
    count = load_population_parameters().fit["rows"]
    claim = f"Virtual patients fitted on {count} rows of published courses"
    rows = [{"claim": claim, "source": "EFFECTS-OWN, mechanism/data/population.toml", "grade": "D"}]
    if outlook.relapse_rule is not None:
        rows.append({"claim": outlook.relapse_rule.sentence, **_cite(outlook.relapse_rule.citation)})
    return list(rows)


def _cite(citation: Citation) -> dict[str, str]:
    return {"source": citation.text, "grade": str(citation.grade)}
