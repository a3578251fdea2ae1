"""The page of outcomes from counted figures: rows, charts with their text, tables. What to hide was decided before."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.clinic.outcomes.counting import Figures
from afterglow.outcomes import get_estimand, load_relapse_rules
from afterglow.outcomes.cohort import CurveStanding, ShownCurve, find_comparators
from afterglow.outcomes.cohort.comparators import find_remark
from afterglow.outcomes.cohort.curves import DAYS_PER_WEEK, RISK_EVERY_WK
from afterglow.outcomes.cohort.report import Group
from afterglow.web.outcomes import words
from afterglow.web.outcomes.bars import draw_asked, draw_events, draw_volume
from afterglow.web.outcomes.forest import Row, draw_forest
from afterglow.web.outcomes.funnel import draw_funnel
from afterglow.web.outcomes.survival import Drawn, count_weeks, draw_curves

OUTCOMES = ("response", "remission")


def build_page(figures: Figures) -> dict[str, Any]:
    """Return everything that the template shows of figures."""
    report, choice = figures.report, figures.choice
    due = [group for group in report.groups if not group.people.is_nobody]
    groups = [*due, *([report.whole] if len(due) > 1 else [])]
    rows = [_build_row(group, figures) for group in groups]
    total = report.volume.total
    return {
        "choice": choice,
        "rule": report.rule,
        "options": words.list_options(choice),
        "period": words.describe_period(choice),
        "score": words.describe_score(choice.score),
        "as_of": figures.as_of,
        "waiting": words.describe_waiting(figures.waiting) if figures.waiting else "",
        "glance": _build_glance(figures),
        "forest": _draw_forest(rows, figures) if rows else "",
        "rows": [_describe_row(row, group, figures) for row, group in zip(rows, groups, strict=True)],
        "waiting_groups": ", ".join(
            f"{words.describe_condition(group.condition)} ({words.describe_way(group.way)})"
            for group in report.groups
            if group.people.is_nobody
        ),
        "rules": words.describe_rules(choice.score),
        "relapse": build_relapse(figures),
        "volume": draw_volume(report.volume, report.rule.width) if report.volume.months else "",
        "volume_rows": _list_volume(figures),
        "ways": [words.describe_way(way) for way in report.volume.ways],
        "sessions": words.describe_band(total) if total is not None and not total.is_nobody else "",
        "events": _draw_events(figures),
        "asked": draw_asked(_name_asked(figures)) if not report.started.is_nobody else "",
        "asked_rows": [{"name": name, "words": words.describe_cell(cell)} for name, cell in _name_asked(figures)],
        "sites": _build_sites(figures),
    }


def _build_glance(figures: Figures) -> list[dict[str, str]]:
    """Return the five figures of the head, each with its denominator and interval."""
    report, whole = figures.report, figures.report.whole
    share, left, worse = whole.response.share, report.left_early, whole.worse
    hidden = words.describe_missing
    return [
        {"value": words.describe_band(report.started), "words": _("people started")},
        {"value": words.describe_band(report.volume.total), "words": _("sessions in which drug was given")},
        {
            "value": words.describe_bound(whole.response) or ("–" if share is None else f"{100 * share.share:.0f} %"),
            "words": _("response: %(words)s") % {"words": words.describe_cell(whole.response)}
            if share is None
            else _("response, %(low).0f to %(high).0f %%, of %(n)s due")
            % {"low": 100 * share.low, "high": 100 * share.high, "n": words.describe_band(whole.response.total)},
        },
        {
            "value": "–" if left.count is None else words.describe_band(left.count),
            "words": _("people left early, counted as no response")
            if left.count is not None
            else _("left early: %(words)s") % {"words": hidden(left)},
        },
        {
            "value": words.describe_bound(worse)
            or ("–" if worse.share is None else f"{100 * worse.share.share:.0f} %"),
            "words": _("worse by 25 %% or more, of %(n)s assessed") % {"n": words.describe_band(worse.total)}
            if worse.share is not None
            else _("worse by 25 %% or more: %(words)s") % {"words": words.describe_cell(worse)},
        },
    ]


def _build_row(group: Group, figures: Figures) -> Row:
    score = figures.choice.score
    published = {
        outcome: found[0]
        for outcome in OUTCOMES
        if (found := find_comparators(group.condition, group.way, score, outcome))
    }
    names = list(dict.fromkeys(each.name for each in published.values()))
    return Row(
        name=words.describe_condition(group.condition) if group.condition else _("All together"),
        way=words.describe_way(group.way),
        people=words.describe_band(group.people),
        is_hidden=group.is_small,
        cells={outcome: getattr(group, outcome) for outcome in OUTCOMES},
        published={outcome: each.percent for outcome, each in published.items()},
        compared=", ".join(names) or (_(find_remark(group.condition, group.way)) if group.condition else "–"),
    )


def _draw_forest(rows: list[Row], figures: Figures) -> SafeString:
    rules = words.describe_rules(figures.choice.score)
    score = words.describe_score(figures.choice.score)
    heads = {
        "response": (_("Response at end of induction, %"), f"{score} {rules['response']}"),
        "remission": (_("Remission, %"), f"{score} {rules['remission']}" if rules["remission"] else _("no rule")),
    }
    said = "; ".join(f"{row.name}, {row.way}: {words.describe_cell(row.cells['response'])}" for row in rows)
    return draw_forest(rows, heads, _("Response by condition and way") + ": " + said)


def _describe_row(row: Row, group: Group, figures: Figures) -> dict[str, Any]:
    """Return a row of the table under the chart, with those assessed and what was published."""
    score = figures.choice.score
    of_assessed = group.response_of_assessed
    published = [
        {
            "outcome": _("response") if each.outcome == "response" else _("remission"),
            "percent": each.percent,
            "name": each.name,
            "people": each.people,
            "design": each.design,
            "time": each.time,
            "note": each.note,
            "source": each.citation.text,
            "grade": str(each.citation.grade),
        }
        for outcome in OUTCOMES
        for each in find_comparators(group.condition, group.way, score, outcome)
    ]
    return {
        "name": row.name,
        "way": row.way,
        "people": row.people,
        "response": words.describe_cell(group.response),
        "remission": words.describe_cell(group.remission),
        "assessed": words.describe_cell(group.assessed),
        "of_assessed": words.describe_share(of_assessed) if of_assessed else "–",
        "published": published,
        "remark": "" if published else row.compared,
    }


# ---- relapse -----------------------------------------------------------------------------------


def build_relapse(figures: Figures) -> dict[str, Any]:
    """Return the curve of time to relapse, and those with and without upkeep, or why there is none."""
    choice, curve = figures.choice, figures.curve
    known = next((each for each in load_relapse_rules() if each.instrument == choice.score), None)
    if known is None:
        return {"reason": _("No relapse rule for this scale."), "why": "no rule", "rule": ""}
    after = _("remission") if known.after == "remission" else _("response")
    context: dict[str, Any] = {"rule": known.sentence, "source": known.citation.text, "after": after}
    context |= {"people": curve.people, "why": "" if curve.standing is CurveStanding.SHOWN else str(curve.standing)}
    context |= {"people_words": words.describe_band(curve.people), "waits": _describe_waits(figures)}
    if curve.standing is not CurveStanding.SHOWN:
        return {**context, "reason": _explain(figures, after)}
    everyone = Drawn(_("everyone"), "a", curve)
    title = _("No relapse, %% of those who reached %(state)s") % {"state": after}
    published = sorted(
        {
            (each.at_weeks, each.percent): each
            for group in figures.report.groups
            for each in find_comparators(group.condition, group.way, choice.score, "still-responding")
        }.items()
    )
    arms = _build_arms(figures)
    median = _("median %(n)d weeks") % {"n": curve.median_days // DAYS_PER_WEEK} if curve.median_days else ""
    return {
        **context,
        "chart": _draw([everyone], title, [key for key, _each in published]),
        "median": median,
        "published": [each for _key, each in published],
        "arms": _draw(arms, _("From day 28 on, % of those still well then"), []) if arms else "",
        "rows": _list_curve([everyone]),
        "arm_rows": _list_curve(arms),
        "landmark": get_estimand("clinic-relapse").time,
    }


def _explain(figures: Figures, after: str) -> str:
    """Return why there is no curve."""
    curve = figures.curve
    if curve.standing is CurveStanding.NOBODY:
        return _("Nobody has reached %(state)s yet.") % {"state": after}
    people = {"people": words.describe_band(curve.people), "state": after, "n": figures.report.rule.width}
    if curve.standing is CurveStanding.FEW_PEOPLE:
        return _("%(people)s people have reached %(state)s: too few for a curve.") % people
    return _("%(people)s people have reached %(state)s, and 0 to %(n)d relapsed: too few for a curve.") % people


def _describe_waits(figures: Figures) -> str:
    cell = figures.waits_for_second
    if cell.count is None:
        return ""
    return _("Wait for a second score after one past the threshold, neither a relapse nor none: %(n)s of them.") % {
        "n": words.describe_band(cell.count)
    }


def _build_arms(figures: Figures) -> list[Drawn]:
    """Return the two curves from the landmark on, or none where one of them is not shown."""
    if any(arm.standing is not CurveStanding.SHOWN for arm in figures.arms):
        return []
    kept, left = figures.arms
    return [Drawn(_("session by day 28"), "a", kept), Drawn(_("none by day 28"), "b", left)]


def _draw(curves: list[Drawn], title: str, published: list[tuple[int, float]]) -> SafeString:
    weeks = max(count_weeks(one.curve.ends_days) for one in curves)
    said = "; ".join(
        _("%(name)s: %(share).0f %% after %(weeks)d weeks")
        % {
            "name": one.name,
            "share": 100 * one.curve.find_point(one.curve.ends_days).share,
            "weeks": one.curve.ends_days // DAYS_PER_WEEK,
        }
        for one in curves
    )
    return draw_curves(curves, weeks, title, published, f"{title}. {said}")


def _list_curve(curves: list[Drawn]) -> list[dict[str, Any]]:
    """Return the curve every four weeks as a table, with the numbers at risk."""
    return [
        {"name": one.name, **row, "at_risk": words.describe_band(row["at_risk"]), "share": f"{row['percent']:.0f} %"}
        | {"band": "–" if row["low"] is None else f"{row['low']:.0f}–{row['high']:.0f} %"}
        for one in curves
        for row in list_steps(one.curve)
    ]


def list_steps(curve: ShownCurve) -> list[dict[str, Any]]:
    """Return a curve every four weeks: week, whole per cents, who is at risk."""
    rows = []
    for number, band in enumerate(curve.at_risk):
        weeks = number * RISK_EVERY_WK
        point = curve.find_point(weeks * DAYS_PER_WEEK)
        low, high = (None if each is None else round(100 * each) for each in (point.low, point.high))
        rows.append({"weeks": weeks, "percent": round(100 * point.share), "low": low, "high": high, "at_risk": band})
    return rows


# ---- sessions, completeness, sites -------------------------------------------------------------


def _list_volume(figures: Figures) -> list[dict[str, Any]]:
    """Return the months as rows, and all of them together, without a total of each way."""
    volume = figures.report.volume
    rows = [
        {"month": name or _("earlier"), "counts": [words.describe_band(band) for band in volume.counts[row]]}
        for row, name in enumerate(volume.months)
    ]
    if rows:
        together = words.describe_band(volume.total)
        rows.append({"month": _("together"), "counts": [*["–"] * len(volume.ways), together]})
    return rows


def _draw_events(figures: Figures) -> SafeString | str:
    total = figures.report.volume.total
    if total is None or total.is_nobody:
        return ""
    return draw_events([(_(words.EVENTS[cell.name]), cell) for cell in figures.report.events], total)


def _name_asked(figures: Figures) -> list[tuple[str, Any]]:
    return [(words.describe_asked(cell.name, figures.choice.score), cell) for cell in figures.report.asked]


def _build_sites(figures: Figures) -> dict[str, Any]:
    """Return the sites side by side in the order of their names, or nothing for one site."""
    if not figures.site_groups:
        return {}
    points = {point.site: point for point in figures.funnel.points} if figures.funnel else {}
    rows = []
    for group in figures.site_groups:
        point = points.get(group.condition)
        rows.append(
            {
                "name": group.condition,
                "people": words.describe_band(group.people),
                "response": words.describe_cell(group.response),
                "assessed": words.describe_cell(group.assessed),
                "ratio": f"{point.ratio:.2f}" if point else "–",
                "limits": f"{point.inner[0]:.2f}–{point.inner[1]:.2f}" if point else "–",
                "outer": f"{point.outer[0]:.2f}–{point.outer[1]:.2f}" if point else "–",
                "standing": words.describe_standing(str(point.standing)) if point else "–",
            }
        )
    funnel = figures.funnel
    return {
        "rows": rows,
        "chart": draw_funnel(funnel.points) if funnel else "",
        "overdispersed": bool(funnel and funnel.added_variance),
    }
