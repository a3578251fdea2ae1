"""What bounds the advice whatever the numbers say: suicide answers, worsening, open topics; each a finding."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from afterglow.instruments import get_instrument
from afterglow.instruments.model import Threshold
from afterglow.outcomes.catalogue import get_estimand, load_anchors
from afterglow.outcomes.forecast.personal import Reading
from afterglow.outcomes.next_treatment.loss import load_loss
from afterglow.outcomes.next_treatment.policy import COLUMBIA, TOPICS, Circumstances, OpenAlert, SuicideAnswer
from afterglow.terms import Citation, Finding, Grade, Override, Severity

IN_PERSON = "See the person before the next session is planned; a prescriber decides."
_ANCHORS = {"PHQ-9": "phq9", "MADRS": "madrs", "QIDS-SR16": ""}
_INSTRUMENTS = {"PHQ-9": "phq9", "MADRS": "madrs", "QIDS-SR16": "qids-sr16"}
_SITE = Citation("SITE", "next treatment, clinic requirements 36 and 37", Grade.P)


@dataclass(frozen=True, slots=True)
class Guards:
    """Whether a longer and a shorter interval may be advised, whether somebody must be seen, and the findings.

    `against_longer` and `against_shorter` are those that stand against either.
    """

    may_lengthen: bool
    may_shorten: bool
    needs_review: bool
    findings: tuple[Finding, ...]
    against_longer: tuple[Finding, ...] = ()
    against_shorter: tuple[Finding, ...] = ()


def judge_guards(
    scale: str, readings: Sequence[Reading], circumstances: Circumstances, *, today: float, threshold: float | None
) -> Guards:
    """Return the bounds of the advice; `readings` are those of `scale` in days of the course, in order.

    A longer interval is never advised with too few scores or when the last ones contradict each other, when the score
    worsens or stands at the relapse threshold, when suicidality is rising, high or not known or an alert of it is not
    assessed; a shorter one never while a topic of long-term safety is open or not known.
    """
    worse = [] if threshold is None else _judge_worsening(scale, readings, threshold)
    worse += _judge_scores_known(readings, circumstances)
    suicide = _judge_suicidality(circumstances, today)
    topics = _judge_topics(circumstances)
    blocks_longer = [one for one in (*worse, *suicide) if one.severity is not Severity.INFO]
    return Guards(
        may_lengthen=not blocks_longer,
        may_shorten=not topics,
        needs_review=any(one.severity in (Severity.STOP, Severity.CAUTION) for one in (*worse, *suicide)),
        findings=(*suicide, *worse, *topics),
        against_longer=tuple(blocks_longer),
        against_shorter=tuple(topics),
    )


def _judge_worsening(scale: str, readings: Sequence[Reading], threshold: float) -> list[Finding]:
    after = [one for one in readings if one.day > 0]
    if not after:
        return []
    latest = after[-1]
    findings = []
    if latest.value >= threshold:
        citation = Citation("DALY-19", "instruments sheet section 6, relapse default", Grade.UNCHECKED)
        seen = f"{scale} {latest.value:g}"
        findings.append(_find("NT-3", "At the relapse threshold", seen, f"{threshold:g} or more", citation))
    baseline = readings[0] if readings[0].day <= 0 else None
    if baseline is not None:
        findings += _judge_baseline(scale, baseline, latest)
    before = after[-2] if len(after) > 1 else baseline
    return [*findings, *(_judge_rise(scale, before, latest) or _judge_slow_rise(scale, after))]


def _judge_baseline(scale: str, baseline: Reading, latest: Reading) -> list[Finding]:
    """Worse than before treatment by a share; of a baseline of 0, which has no share, by a real change in points."""
    estimand = get_estimand("worsening")
    percent = float(estimand.get_number("least_percent"))
    seen, title = f"{scale} {latest.value:g}, baseline {baseline.value:g}", "Worse than before treatment"
    if baseline.value > 0:
        is_worse = latest.value >= baseline.value * (1 + percent / 100)
        return [_find("LT-7", title, seen, f"{percent:g} % or more", estimand.citation)] if is_worse else []
    least = _get_change(scale)
    if latest.value - baseline.value < float(least.value):
        return []
    return [_find("LT-7", title, seen, f"{least.value:f} points or more from a baseline of 0", least.citation)]


def _judge_slow_rise(scale: str, after: Sequence[Reading]) -> list[Finding]:
    """A rise in steps too small to be told one by one: by a real change above the lowest score of the last weeks."""
    latest, window = after[-1], load_loss().parameters["worse_within_d"]
    lowest = min((one for one in after if latest.day - one.day <= window.value), key=lambda one: one.value)
    least = _get_change(scale)
    if latest.value - lowest.value < float(least.value):
        return []
    seen = f"{scale} {lowest.value:g}, {_count_span(latest.day - lowest.day)} later {latest.value:g}"
    threshold = f"{least.value:f} points or more within {window.value:g} days"
    return [_find("NT-3", "Worse than the lowest score of the last weeks", seen, threshold, least.citation)]


def _get_change(scale: str) -> Threshold:
    """Return the smallest real change of a scale's instrument, in points."""
    return get_instrument(_INSTRUMENTS[scale]).thresholds["change"]


def _judge_scores_known(readings: Sequence[Reading], circumstances: Circumstances) -> list[Finding]:
    """Too few scores after the first session, or last ones of which nobody can say which is right."""
    found = []
    after, fewest = sum(one.day > 0 for one in readings), load_loss().parameters["fewest_scores"]
    if after < fewest.value:
        asks = "Measure again: until then no longer interval is advised."
        seen, threshold = f"{after} after the first session", f"{fewest.value:g} or more"
        found.append(_find("NT-3", "Too few scores", seen, threshold, fewest.citation, Severity.MISSING, asks))
    if circumstances.contradicting:
        asks = "Find out which is right and correct the other: until then no longer interval is advised."
        seen = "; ".join(circumstances.contradicting)
        title, threshold = "Scores of one moment differ", "one score for one moment"
        found.append(_find("NT-3", title, seen, threshold, _SITE, Severity.MISSING, asks))
    return found


def _judge_rise(scale: str, before: Reading | None, latest: Reading) -> list[Finding]:
    """A rise since the score before by as much as one step of the clinician's global impression means."""
    anchor = load_anchors().get(_ANCHORS[scale])
    least, citation = (
        (anchor.meaningful, anchor.citation)
        if anchor
        else (Decimal(3), Citation("TURKOZ-21", "PHQ-9's step, taken for a scale of the same length", Grade.D))
    )
    if before is None or latest.value - before.value < float(least):
        return []
    seen = f"{scale} {before.value:g}, then {latest.value:g}"
    return [_find("NT-3", "Worse than at the score before", seen, f"{least} points or more", citation)]


def _judge_suicidality(circumstances: Circumstances, today: float) -> list[Finding]:
    findings = [_judge_alert(alert) for alert in circumstances.open_alerts]
    answers = sorted((one for one in circumstances.suicide_answers or () if one.day <= today), key=lambda one: one.day)
    findings += _judge_behaviour(answers, today)
    oldest = load_loss().get("oldest_suicide_answer_d")
    if not any(today - oldest <= one.day for one in answers):
        seen = "Not recorded" if not answers else f"None in the last {oldest:g} days"
        asks = "Ask, and record the answer: until then no longer interval is advised."
        threshold = f"an answer within {oldest:g} days"
        return [_find("NT-2", "Suicidality", seen, threshold, _SITE, Severity.MISSING, asks), *findings]
    by_scale: dict[str, list[SuicideAnswer]] = defaultdict(list)
    for one in answers:
        by_scale[one.scale].append(one)
    for rows in by_scale.values():
        findings += _judge_answers(rows, today)
    return findings


def _judge_alert(alert: OpenAlert) -> Finding:
    """An alert that stands unassessed, also one from a form that was never sent: the answers after it end nothing."""
    seen = f"{alert.instrument}: {alert.seen}, {alert.on}, not assessed"
    asks = f"Assess the person first. {IN_PERSON}"
    return _find("NT-2", "Suicide alert not assessed", seen, "every alert assessed", _SITE, Severity.CAUTION, asks)


def _judge_behaviour(answers: Sequence[SuicideAnswer], today: float) -> list[Finding]:
    """Behaviour stays recent for three months, whatever is answered after it."""
    limit = load_loss().parameters["recent_behaviour_d"]
    found = [one for one in answers if one.has_recent_behaviour and today - limit.value <= one.day]
    if not found:
        return []
    seen = f"{found[-1].instrument}: yes, {_count_days(today - found[-1].day)}"
    return [_find("NT-2", "Recent suicidal behaviour", seen, f"none in {limit.value:g} days", limit.citation)]


def _judge_answers(rows: Sequence[SuicideAnswer], today: float) -> list[Finding]:
    """One scale: high now, acute within the past month, rising, or unchanged."""
    latest = rows[-1]
    seen = f"{latest.instrument}: {', then '.join(str(one.level) for one in rows[-3:])}"
    high = load_loss().parameters["high_ideation" if latest.scale == COLUMBIA else "high_item_9"]
    if latest.level >= high.value:
        return [_find("NT-2", "Suicidality high", seen, f"below {high.value:g}", high.citation)]
    acute, month = (load_loss().parameters[name] for name in ("acute_ideation", "acute_ideation_d"))
    found = [one for one in rows if one.level >= acute.value and today - month.value <= one.day]
    if latest.scale == COLUMBIA and found:
        shown = f"{found[-1].instrument}: {found[-1].level}, {_count_days(today - found[-1].day)}"
        threshold = f"below {acute.value:g} for {month.value:g} days"
        return [_find("NT-2", "Suicidality high", shown, threshold, acute.citation)]
    earlier = [one.level for one in rows[:-1]]
    if latest.level > 0 and (not earlier or latest.level > earlier[-1] or latest.level > earlier[0]):
        words = "Suicidality rising" if earlier else "Suicidality, no earlier answer to compare with"
        return [_find("NT-2", words, seen, "no higher than before and than at first", _SITE)]
    if latest.level > 0:
        asks = "Unchanged: a named nurse looks at it today."
        return [_find("NT-2", "Suicidality unchanged", seen, "0", _SITE, Severity.INFO, asks)]
    return []


def _count_days(days: float) -> str:
    """Return how long ago something was, in whole days."""
    whole = int(days)
    return "today" if whole < 1 else "1 day ago" if whole == 1 else f"{whole} days ago"


def _count_span(days: float) -> str:
    whole = max(1, round(days))
    return "1 day" if whole == 1 else f"{whole} days"


def _judge_topics(circumstances: Circumstances) -> list[Finding]:
    if circumstances.open_topics is None:
        asks = "Look at bladder, liver, misuse and blood pressure: until then no shorter interval is advised."
        return [_find("NT-4", "Long-term safety", "Not recorded", "none open", _SITE, Severity.MISSING, asks)]
    open_now = [topic for topic in TOPICS if topic in circumstances.open_topics]
    if not open_now:
        return []
    asks = "Close it before sessions come closer together."
    return [_find("NT-4", "Long-term safety", ", ".join(open_now), "none open", _SITE, Severity.CAUTION, asks)]


def _find(
    rule: str, title: str, seen: str, threshold: str, citation: Citation, severity: Severity = Severity.CAUTION,
    asks: str = IN_PERSON,
) -> Finding:  # fmt: skip
    return Finding(rule, severity, seen, threshold, asks, Override.PRESCRIBER, citation.text, citation.grade, title)
