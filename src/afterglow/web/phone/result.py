"""What a person reads after a form was sent: the score in plain words, beside the earlier ones of the same scale.

One score is never judged. Two are compared only where the scale says how many points a change takes; what is less is
called about the same. Earlier scores are those of forms and of the chart; a link shows nothing else of the chart.
"""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from afterglow.clinic.measures.lookups import TOTALS
from afterglow.clinic.measures.models import MeasureForm, MeasureResult
from afterglow.clinic.people.checks import get_local_date
from afterglow.instruments import Instrument
from afterglow.web.charts.course import Point
from afterglow.web.phone.trend import draw_trend, read_scale
from afterglow.web.phone.words import Words
from afterglow.web.present.glance import list_scores

MOST_SCORES = 12


def describe_result(form: MeasureForm, definition: Instrument, words: Words) -> dict[str, Any]:
    """Return what the page of a sent form says of its score."""
    result = form.results.latest("number")
    scale, points = read_scale(definition), list_points(form, definition)
    direction = words.say("form.lower" if scale.is_lower_better else "form.higher")
    label = ""
    if len(points) > 1:
        label = f"{words.say('form.span', first=_plain(points[0].value), last=_plain(points[-1].value))} {direction}"
    return {
        "has_score": result.total is not None,
        "score": _say_score(result, definition, words),
        "change": _compare(form, result, definition, points, words),
        "direction": direction,
        "span": label,
        "chart": draw_trend(points, words, scale=scale, label=label),
        "scores": [
            {"day": f"{words.say_date(each.on)} {each.on.year}", "total": _plain(each.value)} for each in points
        ],
    }


def list_points(form: MeasureForm, definition: Instrument) -> list[Point]:
    """Return the last scores of this person on this scale, oldest first; a corrected one as it stands now."""
    fact = TOTALS.get(definition.id)
    if fact is not None:
        with timezone.override(ZoneInfo(form.patient.site.timezone)):
            return list_scores(form.patient, fact)[-MOST_SCORES:]
    last: dict[str, MeasureResult] = {}
    rows = MeasureResult.objects.filter(form__patient=form.patient, instrument=definition.id)
    for row in rows.filter(version=definition.version).order_by("number"):
        last[row.form_id] = row
    site = form.patient.site
    found = [
        Point(get_local_date(site, row.observed_at), float(row.total))
        for row in sorted(last.values(), key=lambda each: each.observed_at)
        if row.total is not None
    ]
    return found[-MOST_SCORES:]


def _say_score(result: MeasureResult, definition: Instrument, words: Words) -> str:
    if result.total is None:
        return words.say("form.no_score")
    most = _plain(float(definition.total_maximum))
    return words.say("form.score", total=_plain(float(result.total)), most=most)


def _compare(
    form: MeasureForm, result: MeasureResult, definition: Instrument, points: list[Point], words: Words
) -> str:
    """Return how a form's score compares with the last one of an earlier day; nothing where there is none.

    Beside an answer that asks for help at once nothing is said of a trend.
    """
    if result.total is None or form.is_crisis:
        return ""
    now = Point(get_local_date(form.patient.site, result.observed_at), float(result.total))
    before = next((each for each in reversed(points) if each.on < now.on), None)
    if before is None:
        return ""
    told = {"day": words.say_date(before.on), "before": _plain(before.value)}
    if now.value == before.value:
        return words.say("form.same", day=told["day"])
    change = definition.thresholds.get("change")
    if change is None or change.kind != "points":
        return words.say("form.before", **told)
    if abs(Decimal(str(now.value - before.value))) < change.value:
        return words.say("form.about", **told)
    is_better = (now.value < before.value) is read_scale(definition).is_lower_better
    return words.say("form.better" if is_better else "form.worse", **told)


def _plain(value: float) -> str:
    return f"{value:g}"
