"""The page of outcomes from counted figures: rows, charts with their text, tables. What to hide was decided before."""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.outcomes.counting import Figures
from afterglow.outcomes import get_estimand, load_relapse_rules
from afterglow.outcomes.cohort import Watched, draw_points, estimate_curve, find_comparators, list_at_risk
from afterglow.outcomes.cohort.comparators import find_remark
from afterglow.outcomes.cohort.curves import DAYS_PER_WEEK, RISK_EVERY_WK, thin_at_risk
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
    due = [group for group in report.groups if group.people != 0]
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
            if group.people == 0
        ),
        "rules": words.describe_rules(choice.score),
        "relapse": build_relapse(figures),
        "volume": draw_volume(report.volume, report.rule.smallest) if report.volume.months else "",
        "volume_rows": _list_volume(figures),
        "ways": [words.describe_way(way) for way in report.volume.ways],
        "sessions": total,
        "events": _draw_events(figures),
        "asked": draw_asked(_name_asked(figures), report.rule.smallest) if report.started != 0 else "",
        "asked_rows": [
            {"name": name, "words": words.describe_cell(cell, report.rule.smallest)}
            for name, cell in _name_asked(figures)
        ],
        "sites": _build_sites(figures),
    }


def _build_glance(figures: Figures) -> list[dict[str, str]]:
    """Return the five figures of the head, each with its denominator and interval."""
    report, smallest = figures.report, figures.report.rule.smallest
    few = _("hidden")
    whole, total = report.whole, report.volume.total
    share, left, worse = whole.response.share, report.left_early, whole.worse
    started = str(report.started) if report.started is not None else few
    return [
        {"value": started, "words": _("people started, rounded to 5")},
        {"value": few if total is None else str(total), "words": _("sessions in which drug was given")},
        {
            "value": "–" if share is None else f"{100 * share.share:.0f} %",
            "words": _("response: %(words)s") % {"words": words.describe_cell(whole.response, smallest)}
            if share is None
            else _("response, %(low).0f to %(high).0f %%, of %(n)d due")
            % {"low": 100 * share.low, "high": 100 * share.high, "n": share.total},
        },
        {
            "value": few if left.count is None else str(left.count),
            "words": _("people left early, counted as no response"),
        },
        {
            "value": "–" if worse.share is None else f"{100 * worse.share.share:.0f} %",
            "words": _("worse by 25 %% or more, of %(n)d assessed") % {"n": worse.total}
            if worse.share is not None and worse.total
            else _("worse by 25 %% or more: %(words)s") % {"words": words.describe_cell(worse, smallest)},
        },
    ]


def _build_row(group: Group, figures: Figures) -> Row:
    score, smallest = figures.choice.score, figures.report.rule.smallest
    published = {
        outcome: found[0]
        for outcome in OUTCOMES
        if (found := find_comparators(group.condition, group.way, score, outcome))
    }
    names = list(dict.fromkeys(each.name for each in published.values()))
    return Row(
        name=words.describe_condition(group.condition) if group.condition else _("All together"),
        way=words.describe_way(group.way),
        people=words.describe_people(group, smallest),
        is_hidden=group.people is None,
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
    smallest = figures.report.rule.smallest
    said = "; ".join(f"{row.name}, {row.way}: {words.describe_cell(row.cells['response'], smallest)}" for row in rows)
    return draw_forest(rows, heads, smallest, _("Response by condition and way") + ": " + said)


def _describe_row(row: Row, group: Group, figures: Figures) -> dict[str, Any]:
    """Return a row of the table under the chart, with those assessed and what was published."""
    smallest, score = figures.report.rule.smallest, figures.choice.score
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
        "response": words.describe_cell(group.response, smallest),
        "remission": words.describe_cell(group.remission, smallest),
        "assessed": words.describe_cell(group.assessed, smallest),
        "of_assessed": words.describe_share(of_assessed) if of_assessed else "–",
        "published": published,
        "remark": "" if published else row.compared,
    }


# ---- relapse -----------------------------------------------------------------------------------


def build_relapse(figures: Figures) -> dict[str, Any]:
    """Return the curve of time to relapse, and those with and without upkeep where there are enough people."""
    choice, rule = figures.choice, figures.report.rule
    known = next((each for each in load_relapse_rules() if each.instrument == choice.score), None)
    if known is None:
        return {"reason": _("No relapse rule for this scale."), "rule": ""}
    after = _("remission") if known.after == "remission" else _("response")
    context: dict[str, Any] = {"rule": known.sentence, "source": known.citation.text, "after": after}
    total = sum(each.count for each in figures.watched)
    if total < rule.smallest:
        few = _("Nobody has reached %(state)s yet.") if total == 0 else _("Fewer than %(n)d people: hidden.")
        return {**context, "reason": few % {"state": after, "n": rule.smallest}}
    everyone = _build_drawn(_("everyone"), "a", figures.watched, figures)
    title = _("No relapse, %% of those who reached %(state)s") % {"state": after}
    published = sorted(
        {
            (each.at_weeks, each.percent): each
            for group in figures.report.groups
            for each in find_comparators(group.condition, group.way, choice.score, "still-responding")
        }.items()
    )
    curve = estimate_curve(figures.watched)
    median = curve.median_days
    is_median_shown = median is not None and any(p.share <= 0.5 for p in everyone.points)
    arms = _build_arms(figures)
    return {
        **context,
        "chart": _draw([everyone], title, [key for key, _each in published], figures),
        "median": _("median %(n)d weeks") % {"n": round((median or 0) / DAYS_PER_WEEK)} if is_median_shown else "",
        "people": total,
        "waits": _describe_waits(figures),
        "published": [each for _key, each in published],
        "arms": _draw(arms, _("From day 28 on, % of those still well then"), [], figures) if arms else "",
        "rows": _list_curve([everyone]),
        "arm_rows": _list_curve(arms),
        "landmark": get_estimand("clinic-relapse").time,
    }


def _describe_waits(figures: Figures) -> str:
    cell = figures.waits_for_second
    if cell.count is None:
        few = words.describe_few(figures.report.rule.smallest)
        return _("Wait for a second score after one past the threshold: %(few)s.") % {"few": few}
    return ngettext(
        "%(n)d of them waits for a second score after one past the threshold: neither a relapse nor none.",
        "%(n)d of them wait for a second score after one past the threshold: neither a relapse nor none.",
        cell.count,
    ) % {"n": cell.count}


def _build_arms(figures: Figures) -> list[Drawn]:
    """Return the two curves from the landmark on, or none where one of them has too few people."""
    rule = figures.report.rule
    if any(sum(each.count for each in arm) < rule.smallest for arm in figures.arms):
        return []
    kept, left = figures.arms
    return [
        _build_drawn(_("session by day 28"), "a", kept, figures),
        _build_drawn(_("none by day 28"), "b", left, figures),
    ]


def _build_drawn(name: str, kind: str, watched: tuple[Watched, ...], figures: Figures) -> Drawn:
    rule = figures.report.rule
    points = draw_points(estimate_curve(watched), rule)
    weeks = count_weeks(points[-1].days if points else 0)
    days = [week * DAYS_PER_WEEK for week in range(0, weeks + 1, RISK_EVERY_WK)]
    return Drawn(name, kind, points, thin_at_risk(list_at_risk(watched, days), rule))


def _draw(curves: list[Drawn], title: str, published: list[tuple[int, float]], figures: Figures) -> SafeString:
    weeks = max(count_weeks(curve.points[-1].days if curve.points else 0) for curve in curves)
    said = "; ".join(
        _("%(name)s: %(share).0f %% after %(weeks)d weeks")
        % {"name": curve.name, "share": 100 * curve.points[-1].share, "weeks": curve.points[-1].days // DAYS_PER_WEEK}
        for curve in curves
        if curve.points
    )
    few = f"<{figures.report.rule.smallest}" if figures.report.rule.id == "inside" else "·"
    return draw_curves(curves, weeks, title, published, few, f"{title}. {said}")


def _list_curve(curves: list[Drawn]) -> list[dict[str, Any]]:
    """Return the curve every four weeks as a table, with the numbers at risk."""
    rows = []
    for curve in curves:
        for number, at_risk in enumerate(curve.at_risk):
            days = number * RISK_EVERY_WK * DAYS_PER_WEEK
            before = [point for point in curve.points if point.days <= days]
            is_shown = bool(curve.points) and days <= curve.points[-1].days
            point = before[-1] if before else None
            share = 100.0 if point is None else 100 * point.share
            band = point is not None and point.low is not None and point.high is not None
            rows.append(
                {
                    "name": curve.name,
                    "weeks": number * RISK_EVERY_WK,
                    "share": f"{share:.0f} %" if is_shown else "–",
                    "band": f"{100 * (point.low or 0):.0f}–{100 * (point.high or 0):.0f} %"
                    if is_shown and band and point is not None
                    else "–",
                    "at_risk": at_risk,
                }
            )
    return rows


# ---- sessions, completeness, sites -------------------------------------------------------------


def _list_volume(figures: Figures) -> list[dict[str, Any]]:
    """Return the months as rows, and all of them together, without a total of each way."""
    volume = figures.report.volume
    rows = [{"month": name or _("earlier"), "counts": volume.counts[row]} for row, name in enumerate(volume.months)]
    if rows:
        rows.append({"month": _("together"), "counts": (*["–"] * len(volume.ways), volume.total)})
    return rows


def _draw_events(figures: Figures) -> SafeString | str:
    report = figures.report
    if not report.volume.total:
        return ""
    rows = [(_(words.EVENTS[cell.name]), cell) for cell in report.events]
    return draw_events(rows, report.volume.total, report.rule.smallest)


def _name_asked(figures: Figures) -> list[tuple[str, Any]]:
    return [(words.describe_asked(cell.name, figures.choice.score), cell) for cell in figures.report.asked]


def _build_sites(figures: Figures) -> dict[str, Any]:
    """Return the sites side by side in the order of their names, or nothing for one site."""
    if not figures.site_groups:
        return {}
    smallest = figures.report.rule.smallest
    points = {point.site: point for point in figures.funnel.points} if figures.funnel else {}
    rows = []
    for group in figures.site_groups:
        point = points.get(group.condition)
        rows.append(
            {
                "name": group.condition,
                "people": words.describe_people(group, smallest),
                "response": words.describe_cell(group.response, smallest),
                "assessed": words.describe_cell(group.assessed, smallest),
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
