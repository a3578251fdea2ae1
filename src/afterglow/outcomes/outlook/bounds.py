"""What can be decided on a course as it stands, without a forecast: the same bounds that an advice works within."""

from datetime import timedelta

from afterglow.outcomes.catalogue import load_relapse_rules
from afterglow.outcomes.forecast.personal import Reading
from afterglow.outcomes.next_treatment import Bounds, IntervalPolicy, find_bounds, judge_guards
from afterglow.outcomes.outlook.asking import (
    SCALE_OF,
    OutlookRequest,
    choose_instrument,
    choose_series,
    list_scores,
    note_contradicting,
)
from afterglow.outcomes.series import build_series

_DAY = timedelta(days=1)


def find_outlook_bounds(request: OutlookRequest, policy: IntervalPolicy | None = None) -> Bounds:
    """Return what can be decided, from sessions, scores and what else bounds it; no virtual patient is asked."""
    starts = sorted(one.dose_started_at for one in request.course.sessions)
    started = starts[0] if starts else request.as_of
    series, _ = build_series(request.course)
    instrument = request.instrument or choose_instrument(series)
    mine = choose_series(series, instrument)
    readings = [] if mine is None or not starts else [
        Reading((one.observed_at - started) / _DAY, float(one.value))
        for one in list_scores(mine)
        if one.value is not None
    ]  # fmt: skip
    rule = next((one for one in load_relapse_rules() if one.instrument == instrument), None)
    guards = judge_guards(
        SCALE_OF.get(instrument, (instrument, None))[0],
        readings,
        note_contradicting(request, mine).circumstances,
        today=(request.as_of - started) / _DAY,
        threshold=None if rule is None or instrument not in SCALE_OF else float(rule.threshold),
    )
    days = [(at - started) / _DAY for at in starts]
    return find_bounds(policy, guards, days, request.circumstances.maintenance_from)
