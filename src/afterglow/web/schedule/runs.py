"""Running series over some weeks: what is done, booked, and not booked."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Prefetch
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.scheduling.models import HOLDING, Appointment, Series
from afterglow.clinic.scheduling.series import list_gaps
from afterglow.protocols.loading import load_route
from afterglow.web.schedule.drawing import draw_series
from afterglow.web.schedule.words import describe_way, list_initials
from afterglow.web.templatetags.words import day

SHOWN = 6
WEEKS = 4


def build_runs(site: Any, on: date, *, limit: int | None = SHOWN, weeks: int = WEEKS) -> dict[str, Any]:
    """Return the running series, soonest end first, drawn over some weeks around a day; two queries."""
    zone = ZoneInfo(site.timezone)
    everything = load_running(site)
    rows = sorted(everything, key=lambda series: (_find_end(series), series.pk))
    shown = rows[:limit] if limit else rows
    initials = list_initials([series.patient for series in shown])
    monday = on - timedelta(days=on.weekday())
    first = monday - timedelta(weeks=1)
    described = [describe_series(series, on, zone, initials[series.patient_id]) for series in shown]
    gaps = [gap for series in described for gap in series["gaps"]]
    label = _("%(n)d running series over %(weeks)d weeks; %(gaps)s not booked") % {
        "n": len(shown),
        "weeks": weeks,
        "gaps": ", ".join(gap["words"] for gap in gaps) or _("none"),
    }
    return {
        "rows": described,
        "note": _("%(shown)d of %(all)d, soonest end first") % {"shown": len(shown), "all": len(rows)},
        "gaps": gaps,
        "gap_count": ngettext("%(n)d gap", "%(n)d gaps", len(gaps)) % {"n": len(gaps)},
        "drawing": draw_series(
            described, first=first, weeks=weeks, on=on, label=label, short=lambda each: day(each, "short")
        )
        if described
        else "",
    }


def load_running(site: Any) -> Sequence[Series]:
    """Return the running series of a site with their visits."""
    visits = Appointment.objects.filter(state__in=(*HOLDING, "done")).order_by("starts_at", "pk")
    rows = Series.objects.filter(patient__site=site, state="running").select_related("patient", "plan")
    return list(rows.prefetch_related(Prefetch("appointments", queryset=visits, to_attr="standing")))


def describe_series(series: Series, on: date, zone: ZoneInfo, initials: str) -> dict[str, Any]:
    """Return one series in words and dots."""
    standing: list[Appointment] = series.standing  # type: ignore[attr-defined]
    gaps = list_gaps(series, [visit.number for visit in standing])
    dots: list[dict[str, Any]] = [{"on": visit.starts_at.astimezone(zone).date(), "kind": ""} for visit in standing]
    for dot, visit in zip(dots, standing, strict=True):
        dot["kind"] = "this" if dot["on"] == on else "done" if visit.state == "done" or dot["on"] < on else "booked"
    dots += [{"on": date.fromisoformat(gap["on"]), "kind": "gap"} for gap in gaps]
    at_day = [visit.number for visit in standing if visit.starts_at.astimezone(zone).date() <= on and visit.number]
    number = max(at_day, default=0)
    return {
        "id": series.pk,
        "series": series,
        "initials": initials,
        "words": _describe(series, number, on),
        "dots": sorted(dots, key=lambda dot: dot["on"]),
        "gaps": [_describe_gap(series, gap, initials) for gap in gaps],
        "visits": standing,
    }


def _describe(series: Series, number: int, on: date) -> str:
    way = describe_way(series.protocol)
    if load_route(series.protocol)["drug"] == "esketamine":
        return _("nasal, wk %(n)s") % {"n": max((on - series.began_on).days // 7 + 1, 1)}
    if series.phase == "maintenance":
        return _("%(way)s, upkeep") % {"way": way}
    return _("%(way)s, %(n)s of %(total)s") % {"way": way, "n": number, "total": series.total}


def _describe_gap(series: Series, gap: dict[str, Any], initials: str) -> dict[str, Any]:
    on = date.fromisoformat(gap["on"])
    url = f"{reverse('web:schedule')}?patient={series.patient_id}&kind=dosing&series={series.pk}&on={on.isoformat()}"
    return {
        "number": gap["number"],
        "on": on,
        "words": f"{initials} {day(on, 'short')}",
        "url": url,
        "why": gap.get("why", ""),
    }


def _find_end(series: Series) -> datetime | date:
    return max((date.fromisoformat(each["on"]) for each in series.days), default=series.began_on)
