"""One referral in full: the same person, what is missing, what the rules find, the decision and everything told."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic import policy
from afterglow.clinic.people.models import Patient, PractitionerRole
from afterglow.clinic.referrals.actions.duplicates import describe_patient, list_undecided
from afterglow.clinic.referrals.events import RISK, find_last_task
from afterglow.clinic.referrals.letters import find_letter
from afterglow.clinic.referrals.models import ContactCard, PossibleMatch, Referral
from afterglow.clinicday.intake import Field, load_intake
from afterglow.clinicday.matching import Identity, compare, get_least_score
from afterglow.clinicday.triage import AskedItem, choose_whom, list_asked, list_steps
from afterglow.terms import Finding
from afterglow.web.presenting import describe_source
from afterglow.web.referrals.queue import Sites
from afterglow.web.referrals.words import (
    CALLS,
    EVENTS,
    FIELDS,
    SOURCES,
    URGENCIES,
    URGENCY_TAGS,
    VERDICTS,
    WHOM,
    describe_age,
    say,
)
from afterglow.web.templatetags.words import day, hour

_VERDICT_KINDS = {"same": "ok", "near": "amber", "differs": "amber", "not-told": ""}


@dataclass(frozen=True, slots=True)
class MatchView:
    """A possible match as compared now, with what stands on file."""

    match: PossibleMatch
    title: str
    head: str
    fields: list[dict[str, Any]]
    agree: str
    score: str
    on_file: str
    is_asked: bool


@dataclass(frozen=True, slots=True)
class MissingItem:
    """One thing that is missing, with who can be asked and whether they were."""

    item: AskedItem
    words: str
    more: str
    whom: str
    act: str
    asked_on: str


@dataclass(slots=True)
class Panel:
    """Everything a person sees before they decide."""

    referral: Referral
    sub: str
    urgency: str
    tag: str
    came: str
    summary: list[str]
    matches: list[MatchView] = field(default_factory=list)
    missing: list[MissingItem] = field(default_factory=list)
    missing_count: str = ""
    present: str = ""
    steps: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    openings: list[dict[str, str]] = field(default_factory=list)
    clinicians: list[Any] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)
    papers: list[Any] = field(default_factory=list)
    letter: Any = None
    blocked: str = ""


def build_panel(referral: Referral, sites: Sites, *, user: Any) -> Panel:
    """Return a referral in full; reads with a fixed number of queries, whatever stands on file."""
    today = sites.get_today(referral.site)
    panel = Panel(
        referral=referral,
        sub=describe_age(referral, today),
        urgency=say(URGENCIES, referral.urgency),
        tag=URGENCY_TAGS[referral.urgency],
        came=say(SOURCES, referral.source),
        summary=_summarise(referral, today),
    )
    events = list(referral.events.select_related("by"))
    panel.history = [_describe_event(event) for event in events]
    panel.papers = list(referral.papers.filter(kind="received").select_related("recorded_by"))
    panel.letter = find_letter(referral)
    panel.told = _list_told(referral)
    if not referral.is_live:
        return panel
    panel.matches = _list_matches(referral, user)
    _add_missing(panel, referral, events, today)
    task = find_last_task(referral, RISK)
    panel.steps = [_describe_step(step, task) for step in list_steps(referral.answers)]
    panel.findings = sites.judge(referral)
    panel.blocked = _find_block(referral, panel)
    if policy.allow(user, "referral.accept", referral) and policy.allow(user, "schedule.book", referral.site):
        panel.openings = _list_openings(referral, sites)
        panel.clinicians = _list_clinicians(referral.site)
    return panel


def _summarise(referral: Referral, today: date) -> list[str]:
    """Return who it is, what was told and the score, each as a short sentence."""
    parts = []
    if referral.birth_on:
        age = describe_age(referral, today).split(", ")[-1]
        parts.append(_("%(age)s, born %(day)s.") % {"age": age, "day": day(referral.birth_on)})
    if referral.history:
        parts.append(referral.history)
    answers = referral.answers
    if "phq9_total" in answers:
        when = _(" on %(day)s") % {"day": day(answers["phq9_on"], "short")} if answers.get("phq9_on") else ""
        item9 = _(", item 9: %(n)s of 3") % {"n": answers["phq9_item9"]} if "phq9_item9" in answers else ""
        parts.append(
            _("PHQ-9 %(total)s%(when)s%(item9)s.") % {"total": answers["phq9_total"], "when": when, "item9": item9}
        )
    return parts


def _list_matches(referral: Referral, user: Any) -> list[MatchView]:
    rows = list_undecided(referral.matches.select_related("patient", "other"))
    patients = [row.patient_id for row in rows if row.patient_id]
    cards = {card.patient_id: card for card in ContactCard.objects.filter(patient__in=patients)}
    files = _read_files(patients) if policy.allow(user, "patient.read", referral.site) else {}
    return [_describe_match(referral, row, cards, files) for row in rows]


def _describe_match(
    referral: Referral, row: PossibleMatch, cards: dict[str, ContactCard], files: dict[str, str]
) -> MatchView:
    if row.patient is not None:
        other = describe_patient(row.patient, cards.get(row.patient_id or ""))
        head = _("On file, no. %(number)s") % {"number": row.patient.number}
    else:
        other = row.other.identity  # type: ignore[union-attr]
        head = _("Referral of %(day)s") % {"day": day(row.other.received_at)}  # type: ignore[union-attr]
    compared = compare(referral.identity, other)
    left, right = _describe_identity(referral.identity), _describe_identity(other)
    fields = [
        {
            "name": say(FIELDS, item.name),
            "left": left[item.name] or "–",
            "right": right[item.name] or "–",
            "verdict": say(VERDICTS, item.verdict),
            "kind": _VERDICT_KINDS[item.verdict],
            "points": f"{item.points:+d}" if item.points else "0",
        }
        for item in compared.fields
    ]
    return MatchView(
        match=row,
        title=(row.patient or row.other).display_name,  # type: ignore[union-attr]
        head=head,
        fields=fields,
        agree=_("%(n)d of %(m)d agree") % {"n": compared.agree, "m": compared.compared},
        score=_("%(n)d points; shown from %(least)d") % {"n": compared.score, "least": get_least_score()},
        on_file=files.get(row.patient_id or "", ""),
        is_asked=row.asked_at is not None,
    )


def _describe_identity(identity: Identity) -> dict[str, str]:
    ending = _("ends %(digits)s") % {"digits": identity.insurance_last4} if identity.insurance_last4 else ""
    return {
        "name": " ".join(part for part in (identity.given_name, identity.family_name) if part),
        "born": day(identity.birth_on) if identity.birth_on else "",
        "phone": identity.phone,
        "address": identity.address,
        "doctor": identity.doctor,
        "insurance": ending,
    }


def _read_files(patients: list[str]) -> dict[str, str]:
    """Return what a chart says that helps to tell people apart: sessions, a stopped plan, allergies; three queries."""
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.people.models import Allergy
    from afterglow.clinic.plans.models import Plan

    words: dict[str, list[str]] = {key: [] for key in patients}
    sessions: dict[str, list[Any]] = {}
    for key, opened in Session.objects.filter(patient__in=patients).values_list("patient_id", "opened_at"):
        sessions.setdefault(key, []).append(opened)
    for key, instants in sessions.items():
        count = ngettext("%(n)d session, the last in %(year)d", "%(n)d sessions, the last in %(year)d", len(instants))
        words[key].append(count % {"n": len(instants), "year": max(instants).year})
    for key in (
        Plan.objects.filter(patient__in=patients, state="stopped").values_list("patient_id", flat=True).distinct()
    ):
        words[key].append(_("a course was stopped"))
    for key, substance in Allergy.objects.filter(patient__in=patients, ended_at=None).values_list(
        "patient_id", "substance"
    ):
        words[key].append(_("allergy: %(substance)s") % {"substance": substance})
    return {key: _("On file: %(words)s.") % {"words": "; ".join(parts)} for key, parts in words.items() if parts}


def _add_missing(panel: Panel, referral: Referral, events: list[Any], today: date) -> None:
    items = list_asked(referral.answers, today)
    missing = [item for item in items if item.is_missing]
    asked = {key: event.at for event in events if event.kind == "asked" for key in event.detail.get("items", [])}
    panel.missing = [
        MissingItem(
            item=item,
            words=_(item.words),
            more=_(item.more) if item.more else "",
            whom=(whom := choose_whom(item, knows_doctor=referral.knows_doctor)),
            act=say(WHOM, whom),
            asked_on=day(asked[item.key], "short") if item.key in asked else "",
        )
        for item in missing
    ]
    panel.missing_count = _("%(n)d of %(m)d not told") % {"n": len(missing), "m": len(items)}
    there = [str(_(item.words)) for item in items if not item.is_missing]
    panel.present = ", ".join(there[:3])
    if len(there) > 3:
        panel.present += _(", and %(n)d more") % {"n": len(there) - 3}


def _describe_step(step: Any, task: Any) -> dict[str, Any]:
    """Return a step with its task, which opens by itself; one from before that did can still be made."""
    state = ""
    if task is not None:
        words = _("task open, due %(on)s %(at)s") if task.state == "open" else _("done")
        state = words % {"on": day(task.due_at, "short"), "at": hour(task.due_at)}
    return {
        "task_state": state,
        "rule": step.rule,
        "title": _(step.title),
        "asks": _(step.asks),
        "source": describe_source(step.citation.text),
    }


def _find_block(referral: Referral, panel: Panel) -> str:
    """Return why nothing can be accepted yet, or nothing."""
    if referral.is_crisis:
        return _("Accept: first log the crisis call")
    if panel.matches:
        return _("Accept: first say if it is the same person")
    if not (referral.family_name and referral.given_name and referral.birth_on):
        return _("Accept: first enter names and date of birth")
    return ""


def _list_openings(referral: Referral, sites: Sites) -> list[dict[str, str]]:
    from afterglow.web.referrals.tiles import list_openings

    found = list_openings(referral.site, now=sites.now, limit=3, patient=referral.patient)
    return [describe_opening(opening) for opening in found]


def describe_opening(opening: Any) -> dict[str, str]:
    """Return a free time as the choice of a form: an instant and a place, and how they are said."""
    from afterglow.web.templatetags.words import hour

    minutes = int((opening.ends_at - opening.starts_at).total_seconds() // 60)
    place = opening.place.pk if opening.place is not None else ""
    words = f"{day(opening.starts_at, 'short')} {hour(opening.starts_at)}"
    where = f", {opening.place.name}" if opening.place is not None else ""
    return {
        "value": f"{opening.starts_at.isoformat()}|{place}",
        "words": _("%(when)s, %(n)d min%(where)s") % {"when": words, "n": minutes, "where": where},
    }


def _list_clinicians(site: Any) -> list[Any]:
    rows = PractitionerRole.objects.filter(
        site=site, role__in=("prescriber", "medical-director"), user__is_active=True
    ).select_related("user")
    return sorted({row.user for row in rows}, key=lambda user: user.display_name)


def _list_told(referral: Referral) -> list[dict[str, Any]]:
    """Return everything that was told, section by section."""
    sections = []
    for section in load_intake().sections:
        rows = [
            {"label": item.staff_label, "value": say_answer(item, referral.answers[item.name])}
            for item in section.fields
            if item.name in referral.answers
        ]
        if rows:
            sections.append({"title": section.staff_title or section.title["en"], "rows": rows})
    return sections


def say_answer(item: Field, value: Any) -> str:
    """Return an answer as it is read: yes and no, days and choices in words."""
    if item.kind == "yes-no":
        return {"yes": _("yes"), "no": _("no"), "unknown": _("not known")}[value]
    if item.kind == "date":
        return day(value)
    return str(next((choice.label["en"] for choice in item.choices if choice.value == value), value))


def _describe_event(event: Any) -> dict[str, Any]:
    words = say(EVENTS, event.kind)
    detail = event.detail
    if event.kind == "called":
        words = f"{words}: {say(CALLS, detail.get('outcome', ''))}"
    if event.kind == "asked" and detail.get("items"):
        words = f"{words}: {', '.join(detail['items'])}"
    if event.kind == "answered":
        before = {name: value for name, value in (detail.get("before") or {}).items() if value is not None}
        changed = "; ".join(f"{_label(name)}: {value}" for name, value in before.items())
        extra = _("before: %(words)s") % {"words": changed} if changed else ""
        return {"at": event.at, "who": event.by, "words": words, "text": " ".join(filter(None, (event.text, extra)))}
    if event.kind == "sent-again":
        told = "; ".join(f"{_label(name)}: {value}" for name, value in detail.get("answers", {}).items())
        return {"at": event.at, "who": event.by, "words": words, "text": told}
    if event.kind in ("declined", "decline-asked"):
        return {
            "at": event.at,
            "who": event.by,
            "words": words,
            "text": f"{event.text} {detail.get('help', '')}".strip(),
        }
    return {"at": event.at, "who": event.by, "words": words, "text": event.text}


def _label(name: str) -> str:
    item = load_intake().find_field(name)
    return item.staff_label if item is not None else name


def find_patient_name(patient: Patient | None) -> str:
    """Return how a patient on file is named, or nothing."""
    return "" if patient is None else f"{patient.display_name}, {patient.number}"
