"""The eligibility review: verdict, findings by group with what was done about each, resistance, severity, decision."""

from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.screening.actions import list_overrides
from afterglow.protocols import catalogue
from afterglow.terms import Grade, InvalidInput
from afterglow.web.charts.trials import TrialBar, draw_trials
from afterglow.web.forms.facts import find_group
from afterglow.web.forms.screening import AcceptForm, OverrideForm
from afterglow.web.present.basis import Basis
from afterglow.web.present.plans import describe_protocol
from afterglow.web.presenting import describe_source
from afterglow.web.sessions.present.words import mend_words
from afterglow.web.templatetags.words import day, hour, plain

NOBODY = "none"
OVERRIDE_WORDS = {
    "none": "No override: this has to be resolved",
    "prescriber": "A prescriber may override",
    "second-clinician": "Needs a second clinician who did not order",
    "medical-director": "The medical director may override",
}


def build_review(run: Any, user: Any, now: datetime, bound: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """Return a run as the page shows it; `bound` holds forms that were sent and refused, by act and rule."""
    settled = {(row.rule, row.kind): row for row in list_overrides(run, now=now)}
    rows = build_rows(run, settled, user, bound)
    by_kind = {
        kind: [row for row in rows if row["severity"] == kind] for kind in ("stop", "caution", "missing", "info")
    }
    return {
        "protocol_title": describe_protocol(run.protocol),
        "protocol_id": run.protocol,
        "protocol_version": run.protocol_hash[:8],
        "protocol_words": _describe_version(run.protocol),
        "verdict": describe_verdict(rows),
        "sentence": describe_counts(by_kind),
        "counts": build_counts(by_kind, run.cleared),
        "groups": build_groups(by_kind),
        "cleared": run.cleared,
        "recorded": _("Seen %(day)s, %(time)s by %(name)s")
        % {"day": day(run.recorded_at), "time": hour(run.recorded_at), "name": run.recorded_by.display_name},
    }


def _describe_version(protocol_id: str) -> str:
    """Return a protocol's title and version; the hash of what was run stands beside it."""
    try:
        protocol = catalogue.get_effective(protocol_id)
    except InvalidInput:
        return protocol_id
    return f"{protocol.title} v{protocol.version}"


def build_rows(run: Any, settled: dict[tuple[str, str], Any], user: Any, bound: dict[Any, Any]) -> list[dict[str, Any]]:
    """Return every finding with what was or may be done about it; a rule's forms stand once."""
    may_override = policy.allow(user, "screening.override", run.patient)
    may_record = policy.allow(user, "chart.edit", run.patient)
    roles = policy.list_roles(user, run.patient)
    rows, seen, basis = [], set(), Basis(run.patient, run.recorded_at)
    for item in run.findings:
        key = (item["rule"], item["severity"])
        row = build_row(item, run.patient, may_record=may_record)
        if item["severity"] != "missing":
            row["basis"] = basis.describe(item.get("facts") or [])
        if key not in seen:
            row["anchor"] = f"rule-{item['rule']}-{item['severity']}"
            row |= _find_acts(item, settled, roles if may_override else None, bound)
        elif (known := settled.get((item["rule"], _KINDS.get(item["severity"], "")))) is not None:
            row |= _describe_settled(known, may_undo=False)
        seen.add(key)
        rows.append(row)
    return rows


_KINDS = {"stop": "override", "caution": "acceptance"}


def build_row(item: dict[str, Any], patient: Any, *, may_record: bool) -> dict[str, Any]:
    """Return one finding with its grade in words and the page that asks for what is missing."""
    grade = Grade(item["grade"]) if item.get("grade") in set(Grade) else None
    return {
        **item,
        "grade_label": grade.label if grade else "",
        "is_provisional": bool(grade and grade.is_provisional),
        "seen": mend_words(item.get("seen") or item.get("title", "")),
        "title": mend_words(item.get("title", "")),
        "source": describe_source(item.get("source", "")),
        "links": _list_links(item, patient) if may_record else [],
    }


def _find_acts(
    item: dict[str, Any], settled: dict[tuple[str, str], Any], roles: frozenset[str] | None, bound: dict[Any, Any]
) -> dict[str, Any]:
    """Return what was done about a finding, or the forms for what may be; `roles` is None for who may not."""
    rule, severity = item["rule"], item["severity"]
    known = settled.get((rule, _KINDS.get(severity, "")))
    if known is not None:
        return _describe_settled(known, may_undo=roles is not None)
    if severity == "caution" and roles is not None:
        return {"accept_form": bound.get(("accept", rule)) or AcceptForm(prefix=f"accept-{rule}")}
    if severity != "stop":
        return {}
    who = str(item.get("override", NOBODY))
    acts: dict[str, Any] = {"override_who": _(OVERRIDE_WORDS.get(who, OVERRIDE_WORDS[NOBODY]))}
    fits = who != "medical-director" or (roles is not None and "medical-director" in roles)
    if who != NOBODY and roles is not None and fits:
        acts["override_form"] = bound.get(("override", rule)) or OverrideForm(prefix=f"override-{rule}")
    return acts


def _describe_settled(settled: Any, *, may_undo: bool) -> dict[str, Any]:
    words = _("Overridden %(when)s") if settled.kind == "override" else _("Accepted %(when)s")
    when = f"{day(settled.recorded_at, 'short')} {hour(settled.recorded_at)}"
    until = _("until %(day)s") % {"day": day(settled.expires_on)} if settled.expires_on else ""
    note = ", ".join(part for part in (settled.mitigation, until, settled.recorded_by.display_name) if part)
    return {"settled": words % {"when": when}, "settled_note": note, "undo": may_undo, "settled_id": settled.pk}


# where a fact is entered when no group of answers holds it
_ENTRY_OF = {
    "bp": "measurement",
    "hr": "measurement",
    "spo2": "measurement",
    "rr": "measurement",
    "temperature": "measurement",
    "weight": "measurement",
    "height": "measurement",
    "bmi": "measurement",
    "medication": "medication",
    "allergy": "allergy",
    "trials": "trial",
    "resistance": "trial",
}


def _list_links(item: dict[str, Any], patient: Any) -> list[dict[str, str]]:
    """Return where the first fact that is missing can be recorded."""
    if item["severity"] != "missing":
        return []
    for fact in item.get("facts", []):
        if group := find_group("person.pregnant" if fact == "pregnancy.status" else fact):
            return [{"url": reverse("web:patient-facts", args=[patient.pk, group]), "words": _("Record")}]
        if kind := _ENTRY_OF.get(fact.partition(".")[0]):
            return [{"url": reverse("web:patient-entry", args=[patient.pk, kind]), "words": _("Record")}]
        if fact.startswith("consent."):
            return [{"url": reverse("web:patient-consents", args=[patient.pk]), "words": _("Consents")}]
    return []


def describe_verdict(rows: list[dict[str, Any]]) -> str:
    """Return the verdict in words, counting what was overridden or accepted as settled."""
    open_rows = [row for row in rows if not row.get("settled")]
    kinds = {row["severity"] for row in open_rows}
    if "stop" in kinds:
        return _("Not yet eligible")
    if "missing" in kinds:
        return _("Not yet decided")
    return _("No stop; weigh the cautions") if "caution" in kinds else _("No open finding")


def describe_counts(by_kind: dict[str, list[Any]]) -> str:
    """Return the open stops and missing answers as a sentence."""
    stops = len([row for row in by_kind["stop"] if not row.get("settled")])
    missing = len(by_kind["missing"])
    left = ngettext("%(n)d stop", "%(n)d stops", stops) % {"n": stops}
    right = ngettext("%(n)d answer missing", "%(n)d answers missing", missing) % {"n": missing}
    return _("%(stops)s and %(missing)s.") % {"stops": left, "missing": right}


def build_counts(by_kind: dict[str, list[Any]], cleared: list[Any]) -> list[dict[str, Any]]:
    """Return the four figures of the verdict band."""
    cells = (
        ("high", "stop-sign", len(by_kind["stop"]), ngettext("stop", "stops", len(by_kind["stop"]))),
        ("med", "alarm", len(by_kind["caution"]), ngettext("caution", "cautions", len(by_kind["caution"]))),
        ("low", "question", len(by_kind["missing"]), _("missing")),
        ("ok", "tick", len(cleared), _("cleared")),
    )
    return [{"kind": kind, "icon": icon, "n": n, "words": words} for kind, icon, n, words in cells]


def build_groups(by_kind: dict[str, list[Any]]) -> list[dict[str, Any]]:
    """Return the groups in the order of what they ask."""
    heads = (
        ("stop", "stop", _("Stops"), _("cannot start until resolved, or overridden by a role the rule names")),
        ("caution", "caution", _("Cautions"), _("weigh and document")),
        ("missing", "missing", _("Missing information"), _("unknown is never read as normal")),
        ("info", "missing", _("For information"), _("nothing is asked")),
    )
    return [
        {"severity": kind, "tint": tint, "title": title, "hint": hint, "rows": by_kind[kind]}
        for kind, tint, title, hint in heads
    ]


def build_resistance(patient: Any, run: Any, now: datetime) -> dict[str, Any]:
    """Return the trials' chart and the definitions with their answers."""
    today = timezone.localtime(now).date()
    trials = list(patient.medicationtrial_set.filter(ended_at__isnull=True).order_by("started_on", "recorded_at", "pk"))
    answers = (run.resistance or {}).get("definitions", []) if run is not None else []
    chosen = (run.resistance or {}).get("chosen", "") if run is not None else ""
    answer = next((item for item in answers if item["id"] == chosen), None)
    return {
        "svg": draw_trials(
            [_build_bar(trial, today) for trial in trials if trial.started_on], find_episode(trials), today
        ),
        "tag": _build_resistance_tag(answer),
        "definitions": [_build_definition(item, chosen) for item in answers],
        "working": _list_working(answer),
        "undated": [trial for trial in trials if not trial.started_on],
    }


def find_episode(trials: list[Any]) -> date | None:
    """Return when the current episode is known to have begun: its earliest dated trial."""
    days = [trial.started_on for trial in trials if trial.is_current_episode and trial.started_on]
    return min(days) if days else None


def _build_bar(trial: Any, today: date) -> TrialBar:
    dose = _("%(n)s mg") % {"n": plain(trial.dose_mg)} if trial.dose_mg is not None else ""
    words = " ".join(part for part in (trial.drug, dose) if part)
    if trial.drug_class:
        words = f"{words}, {trial.drug_class}"
    weeks = float(trial.weeks) if trial.weeks is not None else _measure_weeks(trial, today)
    kind = "short" if weeks < 4 else ("adequate" if trial.is_current_episode is not False else "earlier")
    return TrialBar(words, trial.started_on, weeks, kind)


def _measure_weeks(trial: Any, today: date) -> float:
    end = trial.stopped_on or today
    return max(0.0, (end - trial.started_on) / timedelta(weeks=1))


def _build_resistance_tag(answer: dict[str, Any] | None) -> dict[str, str] | None:
    if answer is None:
        return None
    words = ngettext("%(n)d adequate trial", "%(n)d adequate trials", answer["counted"]) % {"n": answer["counted"]}
    return {"kind": "ok" if answer["is_met"] else "amber", "words": words}


def _build_definition(item: dict[str, Any], chosen: str) -> dict[str, Any]:
    if item["is_met"]:
        result = _("Met")
    elif item["is_met"] is None:
        result = _("Not known")
    else:
        result = _("%(n)d of %(all)d") % {"n": item["counted"], "all": item["required"]}
    note = item.get("source", "")
    if item["id"] == chosen:
        note = _("%(source)s. This clinic uses this one.") % {"source": note}
    return {"is_met": item["is_met"], "words": item["title"], "source": note, "result": result}


def _list_working(answer: dict[str, Any] | None) -> list[str]:
    if answer is None:
        return []
    lines = [f"{trial.get('drug', '')}: {trial.get('why', '')}" for trial in answer.get("trials", [])]
    return lines + [str(words) for words in answer.get("missing", [])]


SEVERITY_FACTS = (
    ("scales.phq9.total", "PHQ-9", 27),
    ("scales.madrs.total", "MADRS", 60),
    ("scales.gad7.total", "GAD-7", 21),
    ("suicide.ideation", "C-SSRS ideation", 5),
)


def list_severity(patient: Any, now: datetime) -> list[dict[str, str]]:
    """Return today's severity and safety lines; what is not there says so."""
    lines = []
    for name, words, maximum in SEVERITY_FACTS:
        row = patient.historyfact_set.filter(name=name, ended_at__isnull=True).order_by("-recorded_at", "-pk").first()
        if row is None or row.value is None:
            lines.append({"words": words, "value": _("not recorded"), "kind": "low"})
            continue
        label = f"{words}, {day(row.observed_on or row.recorded_at)}"
        lines.append({"words": label, "value": _("%(n)s of %(all)d") % {"n": plain(row.value), "all": maximum}})
    lines.append(_build_safety_plan(patient))
    talk = patient.consent_talks.order_by("-held_at", "-pk").first()
    value = day(talk.held_at) if talk else _("not done")
    lines.append({"words": _("Capacity and consent talk"), "value": value, "kind": "ok" if talk else "amber"})
    return lines


def _build_safety_plan(patient: Any) -> dict[str, str]:
    """Return the safety plan's line: the day of the newest one on file, or that there is none."""
    plan = patient.documents.filter(title__icontains="safety plan").order_by("-recorded_at", "-pk").first()
    value = _("on file, %(day)s") % {"day": day(plan.recorded_at)} if plan else _("not on file")
    return {"words": _("Safety plan"), "value": value, "kind": "ok" if plan else "amber"}


def build_decision(run: Any, review: dict[str, Any], user: Any) -> dict[str, Any]:
    """Return the decision's state: who may, what is open and why something is locked."""
    made = run.decisions.select_related("recorded_by").order_by("-recorded_at", "-pk").first()
    words = {"eligible": _("Eligible"), "defer": _("Deferred"), "decline": _("Declined")}
    said = ""
    if made is not None:
        said = _("%(decision)s, %(day)s %(time)s, %(name)s") % {
            "decision": words.get(made.decision, made.decision),
            "day": day(made.recorded_at),
            "time": hour(made.recorded_at),
            "name": made.recorded_by.display_name,
        }
    if not policy.allow(user, "screening.decide", run.patient):
        return {"made": said, "is_open": False, "reason": _("A prescriber decides.")}
    open_rows = [row for group in review["groups"] for row in group["rows"] if not row.get("settled")]
    stops = [row["rule"] for row in open_rows if row["severity"] == "stop"]
    missing = [row["rule"] for row in open_rows if row["severity"] == "missing"]
    reason = ""
    if stops:
        reason = _("Eligible opens when no stop is left: %(rules)s.") % {"rules": ", ".join(stops[:6])}
    elif missing:
        reason = _("Eligible opens when nothing is missing: %(rules)s.") % {"rules": ", ".join(missing[:6])}
    acts = [
        {"value": "eligible", "words": _("Eligible"), "is_open": not reason, "is_main": True},
        {"value": "defer", "words": _("Defer"), "is_open": True},
        {"value": "decline", "words": _("Decline"), "is_open": True},
    ]
    hint = _("The findings as they stand are kept with the decision.")
    return {"made": said, "is_open": True, "acts": acts, "reason": reason, "hint": hint}
