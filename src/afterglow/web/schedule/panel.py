"""The booking panel: who, when, where, what stands against it, and the nearest clear times."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.people.models import Escort, Patient
from afterglow.clinic.scheduling.days import Span, get_bounds, load_span, short_name
from afterglow.clinic.scheduling.judging import (
    Case,
    Request,
    find_plan_of,
    find_rhythm,
    is_asking,
    judge,
    list_before,
    load_case,
    may_accept,
)
from afterglow.clinic.scheduling.models import DOSING, KINDS, Appointment, Series, WaitingEntry
from afterglow.clinic.scheduling.openings import Opening, find_openings
from afterglow.clinic.scheduling.series import find_next_number
from afterglow.clinic.scheduling.storing import BECAUSE
from afterglow.clinic.scheduling.waiting import PARTS
from afterglow.clinicday.acceptance import Acceptance
from afterglow.clinicday.spacing import find_window
from afterglow.clinicday.staffing import show
from afterglow.terms import Finding, Grade, Severity
from afterglow.web.access import find_or_404
from afterglow.web.presenting import describe_source
from afterglow.web.schedule.day import Asked
from afterglow.web.schedule.forms import REASON, VisitForm, find_day
from afterglow.web.schedule.words import describe_day, describe_kind, describe_time, describe_way, surname
from afterglow.web.templatetags.words import day, plain, years

OPENINGS = 3
LOOK_AHEAD = timedelta(days=28)
FOUND = 12
# what is told even when it is clear; other checks that are clear are folded
TOLD = ("SP-1", "CO-1", "LS-1")
# somebody else holds the place at that time
TAKEN = ("BK-1", "BK-10")
LOOKS = {Severity.STOP: "stop", Severity.CAUTION: "caution", Severity.MISSING: "missing", Severity.INFO: "cleared"}
_DATE = re.compile(r"\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b")


@dataclass(slots=True)
class Panel:
    """What the booking panel shows; without a patient it asks for one."""

    form: VisitForm | None = None
    patient: Any = None
    plan: Any = None
    series: Any = None
    entry: Any = None
    moving: Any = None
    line: str = ""
    course: str = ""
    kind_words: str = ""
    escort_words: str = ""
    findings: list[dict[str, Any]] = field(default_factory=list)
    folded: list[dict[str, Any]] = field(default_factory=list)
    cautions: list[dict[str, Any]] = field(default_factory=list)
    standing: str = ""
    state: str = ""
    held_until: datetime | None = None
    openings: list[dict[str, Any]] = field(default_factory=list)
    window: str = ""
    window_days: Any = None
    asked_value: str = ""
    found: list[Any] = field(default_factory=list)
    query: str = ""
    refused: str = ""
    asked: Asked | None = None
    # what was typed and ticked in a form that was refused
    said: dict[str, Any] = field(default_factory=lambda: {"tell": True})

    @property
    def is_bookable(self) -> bool:
        """Return whether the time asked for can be booked by this user, once the cautions are accepted."""
        return self.state in ("clear", "caution")

    @property
    def is_unread(self) -> bool:
        """Return whether what was asked for could not be read: nothing is offered in its place."""
        return self.form is not None and self.form.is_bound and not self.form.is_valid()


def build_panel(request: HttpRequest, site: Any, on: date, *, now: datetime, data: Any = None) -> Panel | None:
    """Return the panel for what the address or the form names; None for who may not book."""
    user = request.user
    if not policy.allow(user, "schedule.book", site):
        return None
    given = data if data is not None else request.GET
    moving = _find(request, Appointment.objects.select_related("patient", "plan", "series"), given.get("move", ""))
    entry = _find(request, WaitingEntry.objects.select_related("patient", "plan"), given.get("entry", ""))
    key = moving.patient_id if moving else entry.patient_id if entry else clean_key(given.get("patient", ""))
    if not key:
        query, found = search_people(request, site)
        return Panel(query=query, found=found)
    patient = find_or_404(request, Patient.objects.select_related("site").filter(site=site), "patient.find", pk=key)
    panel = Panel(patient=patient, moving=moving, entry=entry)
    kind = moving.kind if moving else str(given.get("kind") or (entry.kind if entry else DOSING))
    if kind not in KINDS:
        if data is not None:
            raise Http404
        kind = DOSING
    panel.plan = _find_plan(patient, kind, moving)
    panel.series = _find_series(panel.plan, given.get("series", ""), moving)
    case = load_case(
        site=site, patient=patient, kind=kind, plan=panel.plan, protocol_id="",
        now=now, ignoring=moving,
    )  # fmt: skip
    _describe_person(panel, case, on)
    if data is not None:
        panel.said = {
            "reason": str(data.get("reason", ""))[:REASON],
            "because": str(data.get("because", ""))[:BECAUSE],
            "accepted": [word[:20] for word in data.getlist("accepted")[:30]],
            "tell": bool(data.get("tell")),
        }
    span = load_span(site, on, now=now)
    panel.form = _build_form(panel, given, span, on, kind, now)
    panel.kind_words = describe_kind(kind)
    escort = panel.form.escorts.get(str(panel.form["escort"].value() or ""))
    panel.escort_words = escort.name if escort is not None else ""
    if panel.form.is_bound and panel.form.is_valid():
        _judge(panel, case, user, now)
        _let_go_of_taken(panel)
    if panel.state != "clear" and not panel.is_unread:
        _list_openings(panel, case, site, on, now)
    return panel


def search_people(request: HttpRequest, site: Any) -> tuple[str, list[Any]]:
    """Return what was typed to find a person, and who was found; a name travels in no address."""
    query = request.POST.get("q", "")[:80].replace("\x00", "")
    if not query.strip():
        return query, []
    rows = policy.scope(request.user, Patient.objects.filter(site=site), "patient.find")
    return query, list(rows.search(query)[:FOUND])


def clean_key(text: Any) -> str:
    """Return a text as an identifier may look; nothing else reaches a query."""
    words = str(text)[:40]
    return words if words.isalnum() else ""


def read_choice(text: str) -> tuple[str, str, str, str] | None:
    """Return the day, time, place and nurse of a chosen opening: `2026-12-10|13:45|PLACE|NURSE`."""
    parts = str(text)[:120].split("|")
    return (parts[0], parts[1], clean_key(parts[2]), clean_key(parts[3])) if len(parts) == 4 else None


def _find(request: HttpRequest, queryset: Any, key: Any) -> Any:
    return find_or_404(request, queryset, "schedule.book", pk=clean_key(key)) if key else None


def _find_plan(patient: Any, kind: str, moving: Any) -> Any:
    if kind != DOSING:
        return None
    if moving is not None and moving.plan is not None:
        return find_plan_of(moving)
    return patient.plans.filter(state="signed").first()


def _find_series(plan: Any, key: Any, moving: Any) -> Any:
    if moving is not None:
        return moving.series
    if plan is None:
        return None
    rows = Series.objects.filter(patient=plan.patient_id, protocol=plan.protocol, state="running")
    chosen = rows.filter(pk=clean_key(key)).first() if key else rows.order_by("-began_on").first()
    return chosen if chosen is not None and find_next_number(chosen) is not None else None


def _describe_person(panel: Panel, case: Case, on: date) -> None:
    patient, plan = panel.patient, panel.plan
    panel.line = _("%(age)s y, no. %(number)s") % {"age": years(patient.birth_on), "number": patient.number}
    if case.kind != DOSING:
        panel.course = describe_kind(case.kind)
        return
    if plan is None:
        panel.course = _("No plan in force")
        return
    dose = f"{plain(plan.dose_mg_per_kg)} mg/kg" if plan.dose_mg_per_kg is not None else f"{plain(plan.dose_mg)} mg"
    over = _(" over %(n)s min") % {"n": plain(plan.over_min)} if plan.over_min is not None else ""
    rhythm, before = find_rhythm(plan, case, on), list_before(case, on)
    phase = _(", upkeep") if rhythm.phase == "maintenance" else ""
    panel.course = _("%(way)s%(phase)s, session %(n)d, %(dose)s%(over)s, plan v%(version)s") % {
        "way": describe_way(plan.protocol),
        "phase": phase,
        "n": len(before) + 1,
        "dose": dose,
        "over": over,
        "version": plan.number,
    }
    window = find_window(rhythm, before[-1] if before else None)
    panel.window_days = window
    if window is not None:
        ends = {"from": day(window.begins_on, "short"), "to": day(window.ends_on, "short")}
        if window.ends_on < case.today:
            panel.window = _("window %(from)s to %(to)s has passed") % ends
        else:
            panel.window = _("window %(from)s to %(to)s") % ends


def _build_form(panel: Panel, given: Any, span: Span, on: date, kind: str, now: datetime) -> VisitForm:
    escorts = Escort.objects.filter(patient=panel.patient, ended_at__isnull=True)
    if given.get("at") or (given.get("on") and find_day(given["on"], on) is None):
        return VisitForm(_copy(given, panel, on, kind), span=span, escorts=escorts)
    initial: dict[str, Any] = {"kind": kind, "on": on.isoformat()}
    if panel.moving is not None:
        row = panel.moving
        initial |= {"place": row.place_id, "nurse": row.nurse_id, "clinician": row.clinician_id}
        initial["at"] = row.starts_at.astimezone(span.zone).strftime("%H:%M")
        initial["escort"] = row.escort_id
    return VisitForm(initial=initial, span=span, escorts=escorts)


def _copy(given: Any, panel: Panel, on: date, kind: str) -> dict[str, Any]:
    names = ("at", "place", "nurse", "clinician", "escort")
    values = {name: given.get(name, "") for name in names}
    if panel.moving is not None and "nurse" not in given:
        values["nurse"] = panel.moving.nurse_id or ""
    if panel.moving is not None:
        values["clinician"] = values["clinician"] or panel.moving.clinician_id or ""
        values["escort"] = panel.moving.escort_id or ""
    return {**values, "kind": kind, "on": given.get("on") or on.isoformat()}


def _judge(panel: Panel, case: Case, user: Any, now: datetime) -> None:
    form = panel.form
    if form is None:
        return
    starts_at, span = form.starts_at, form.span
    if form.cleaned_data["on"] != span.first:
        span = load_span(span.site, form.cleaned_data["on"], now=now)
    asked = Request(starts_at, form.find("place"), form.find("nurse"), form.find("clinician"), form.find("escort"))
    found = judge(case, span, asked)
    spans = case.lengths.place(starts_at)
    panel.held_until = spans.ends_at
    rows = [describe_finding(each, user, span.site, panel.plan) for each in found]
    panel.findings = [row for row in rows if not row["is_folded"]]
    panel.folded = [row for row in rows if row["is_folded"]]
    asking = [each for each in found if is_asking(each)]
    blocked = [each for each in asking if not may_accept(each, by=user, site=span.site, plan=panel.plan)]
    panel.state = "stop" if blocked else "caution" if asking else "clear"
    panel.cautions = [each for each in rows if each["asks_yes"]]
    panel.asked = Asked(
        patient=panel.patient,
        words=panel.course.split(",")[0] + (f" {case.lengths.dosing_min} min" if case.is_dosing else ""),
        spans=spans,
        place=asked.place.pk if asked.place else "",
        nurse=surname(asked.nurse.display_name) if asked.nurse else "",
        nurse_id=asked.nurse.pk if asked.nurse else "",
        is_clear=panel.state != "stop",
        ignoring=case.ignoring,
    )
    parts = (f"{form.cleaned_data['on']:%Y-%m-%d}", f"{form.cleaned_data['at']:%H:%M}")
    panel.asked_value = "|".join((*parts, panel.asked.place, asked.nurse.pk if asked.nurse else ""))


def _let_go_of_taken(panel: Panel) -> None:
    """Choose no place where the one asked for is held by somebody else, and say so at the field."""
    form = panel.form
    is_taken = any(row["finding"].rule in TAKEN and row["look"] == LOOKS[Severity.STOP] for row in panel.findings)
    place = form.find("place") if form is not None else None
    if form is None or place is None or not is_taken:
        return
    form.data = {**form.data, "place": ""}
    # the page reads it from the field as it stands in the form
    form["place"].help_text = _("%(place)s is taken at this time: none is chosen now.") % {"place": place.name}


def describe_finding(finding: Finding, user: Any, site: Any, plan: Any) -> dict[str, Any]:
    """Return a finding as a row of the panel: its look, its words, and whether this user may accept it."""
    may = may_accept(finding, by=user, site=site, plan=plan)
    asks_yes = is_asking(finding) and may
    if finding.severity is Severity.STOP and not may:
        note = _("No override at the desk")
    elif is_asking(finding) and not may:
        note = _("A prescriber may accept this")
    else:
        note = ""
    source = describe_source(finding.source)
    grade = "" if finding.grade is Grade.P else finding.grade.label
    return {
        "finding": finding,
        "look": LOOKS[finding.severity],
        "title": say_dates(finding.title),
        "seen": say_dates(finding.seen),
        "threshold": say_dates(finding.threshold),
        "source": "; ".join(part for part in (source, grade) if part),
        "note": note,
        "asks_yes": asks_yes,
        "is_folded": finding.severity is Severity.INFO and finding.rule not in TOLD,
    }


def describe_standing(findings: Iterable[Finding], user: Any, site: Any, plan: Any) -> list[dict[str, Any]]:
    """Return what stands against a visit as rows, each with whether this user may go on in spite of it."""
    return [
        {
            **describe_stored(each.to_json()),
            "asks_yes": is_asking(each) and may_accept(each, by=user, site=site, plan=plan),
        }
        for each in findings
    ]


def describe_stored(finding: Mapping[str, Any]) -> dict[str, Any]:
    """Return a finding as it was stored with a visit, as a row without acts."""
    grade = "" if finding["grade"] == Grade.P else str(finding["grade_label"])
    words = {name: say_dates(str(finding[name])) for name in ("title", "seen", "threshold")}
    source = "; ".join(part for part in (describe_source(str(finding["source"])), grade) if part)
    return {"finding": finding, "look": LOOKS[Severity(finding["severity"])], "source": source, **words}


def describe_acceptance(kept: Acceptance) -> dict[str, Any]:
    """Return an acceptance as the visit's page shows it: what was seen, against which limit, by whom, when and why."""
    words = {name: say_dates(getattr(kept, name)) for name in ("title", "seen", "threshold")}
    return {"rule": kept.rule, "by": kept.by_name, "at": kept.at, "reason": kept.reason, **words}


def say_dates(text: str) -> str:
    """Return a text whose dates read as the house writes them."""
    return _DATE.sub(lambda match: day(date.fromisoformat(match[0])), text)


def _list_openings(panel: Panel, case: Case, site: Any, on: date, now: datetime) -> None:
    form = panel.form if panel.form is not None and panel.form.is_bound and panel.form.is_valid() else None
    after = max(now, form.starts_at if form is not None else get_bounds(case.zone, on)[0])
    part = str((panel.entry.preferences if panel.entry else {}).get("part", ""))
    rows = find_openings(
        site=site, patient=panel.patient, kind=case.kind, plan=panel.plan, after=after, until=after + LOOK_AHEAD,
        now=now, limit=OPENINGS, clinician=form.find("clinician") if form is not None else None,
        part=part if part in PARTS else "", ignoring=panel.moving,
    )  # fmt: skip
    panel.openings = [_describe_opening(row, case, on) for row in rows]
    if rows and panel.asked is not None:
        panel.asked.offered = rows[0]
        panel.asked.offered_spans = case.lengths.place(rows[0].starts_at)


def _describe_opening(opening: Opening, case: Case, on: date) -> dict[str, Any]:
    local = opening.starts_at.astimezone(case.zone)
    is_same = local.date() == on
    value = "|".join(
        (
            f"{local:%Y-%m-%d}",
            f"{local:%H:%M}",
            opening.place.pk if opening.place else "",
            opening.nurse.pk if opening.nurse else "",
        )
    )
    when = f"{local:%H:%M}" if is_same else f"{describe_day(local.date())} {local:%H:%M}"
    nurse = short_name(opening.nurse.display_name) if opening.nurse else ""
    note = _("held until %(time)s") % {"time": describe_time(opening.ends_at, case.zone)}
    if opening.nurse:
        note = _("%(nurse)s, %(held)s, load at most %(n)s") % {
            "nurse": nurse, "held": note, "n": show(opening.load),
        }  # fmt: skip
    return {
        "value": value,
        "name": ", ".join(part for part in (when, opening.place.name if opening.place else "") if part),
        "note": note,
        "time": f"{local:%H:%M}",
        "is_same_day": is_same,
    }
