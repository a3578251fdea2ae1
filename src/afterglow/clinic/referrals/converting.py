"""Makes chart entries of what a referral told, each marked as told and not confirmed; what the chart says stays."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from afterglow.clinic.documents.actions import file_document, read_content
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.models import Patient, normalise_name
from afterglow.clinic.referrals.models import ContactCard, Referral, ToldAnswer, ToldEntry
from afterglow.clinicday import told
from afterglow.clinicday.intake import Field, load_intake

_CODE = re.compile(r"^([A-Z]\d\w(?:\.\w{1,4})?)[\s,:]+(.+)$")


@dataclass(slots=True)
class Conversion:
    """What became an entry, and what did not because the chart says something already or a day is missing."""

    entries: list[Any] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def convert(referral: Referral, patient: Patient, *, by: Any, now: datetime) -> Conversion:
    """Enter into a patient's chart what a referral told; nothing that stands there is ended or changed."""
    made = Conversion()
    adds = (_add_answers, _add_facts, _add_pressure, _add_medicines, _add_trials, _add_allergies, _add_problems)
    for step in adds:
        step(referral, patient, made, by, now)
    told_by = "patient" if referral.sent_by == "self" else "referrer"
    ToldEntry.objects.bulk_create(
        ToldEntry(
            patient=patient,
            referral=referral,
            kind=entry._meta.model_name,
            entry_id=entry.pk,
            told_by=told_by,
            recorded_at=now,
        )
        for entry in made.entries
    )
    _add_card(referral, patient, by, now)
    _file_papers(referral, patient, by, now)
    return made


def describe_answers(referral: Referral) -> str:
    """Return everything that was told, question by question, as plain text to keep."""
    lines = [f"Referral received {referral.received_at.isoformat()}", f"Source: {referral.source}"]
    for name in ("sent_by", "referrer"):
        if value := getattr(referral, name):
            lines.append(f"{name.replace('_', ' ').capitalize()}: {value}")
    for section in load_intake().sections:
        answered = [item for item in section.fields if item.name in referral.answers]
        if answered:
            lines += ["", section.title["en"], *(_describe_answer(item, referral.answers) for item in answered)]
    again = referral.events.filter(kind__in=("sent-again", "noted", "called", "asked")).exclude(text="")
    if again:
        lines += ["", "Said about it", *(f"{event.at.isoformat()} {event.kind}: {event.text}" for event in again)]
    for other in referral.joined.all():
        lines += ["", "Joined referral of the same person", describe_answers(other)]
    return "\n".join(lines)


def _describe_answer(item: Field, answers: dict[str, Any]) -> str:
    value = answers[item.name]
    words = next((choice.label["en"] for choice in item.choices if choice.value == value), value)
    return f"- {item.label['en']} {words}"


def _add_answers(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    rows = [
        ToldAnswer(patient=patient, referral=referral, name=name, value=value, recorded_at=now, recorded_by=by)
        for name, value in told.list_without_field(referral.answers).items()
    ]
    made.entries += ToldAnswer.objects.bulk_create(rows)


def _add_facts(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    facts = told.list_facts(referral.answers)
    standing = set(
        patient.historyfact_set.filter(ended_at__isnull=True, name__in=list(facts)).values_list("name", flat=True)
    )
    made.left += sorted(standing)
    fresh = {name: value for name, value in facts.items() if name not in standing}
    if fresh:
        made.entries += people.record_history(patient=patient, facts=fresh, by=by, now=now)


def _add_pressure(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    pressure = told.find_pressure(referral.answers)
    if pressure is None:
        return
    if pressure.on is None:
        # a measurement needs its day: it stands among what was told
        made.left.append("blood-pressure")
        return
    entry = people.record_measurement(
        patient=patient,
        kind="blood-pressure",
        value=pressure.systolic,
        second_value=pressure.diastolic,
        observed_at=_place_day(pressure.on, referral, now),
        origin="told, not confirmed",
        detail={"time": "not told"},
        by=by,
        now=now,
    )
    made.entries.append(entry)


def _place_day(on: date, referral: Referral, now: datetime) -> datetime:
    """Return noon of a local day whose hour nobody told, never later than the referral itself."""
    noon = datetime.combine(on, time(12), ZoneInfo(referral.site.timezone)).astimezone(UTC)
    return min(noon, referral.received_at, now)


def _add_medicines(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    def enter(item: told.ToldMedicine) -> Any:
        return people.record_medication(patient=patient, name=item.name, dose_text=item.dose, by=by, now=now)

    standing = patient.medicationstatement_set.filter(ended_at__isnull=True).values_list("name", flat=True)
    listed = told.list_medicines(referral.answers)
    _add_new(listed, "name", standing, enter, made)
    if not listed and not standing and referral.answers.get("takes_no_medicines") == "yes":
        people.record_no_medicines(patient=patient, by=by, now=now)


def _add_trials(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    def enter(item: told.ToldTrial) -> Any:
        return people.record_trial(
            patient=patient,
            drug=item.drug,
            dose_mg=item.dose_mg,
            weeks=item.weeks,
            outcome=item.outcome,
            by=by,
            now=now,
        )

    standing = patient.medicationtrial_set.filter(ended_at__isnull=True).values_list("drug", flat=True)
    listed = told.list_trials(referral.answers)
    _add_new(listed, "drug", standing, enter, made)
    if not listed and not standing and referral.answers.get("has_no_trials") == "yes":
        people.record_no_trials(patient=patient, by=by, now=now)


def _add_allergies(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    standing = patient.allergy_set.filter(ended_at__isnull=True).values_list("substance", flat=True)
    listed = [_Line(line[:120]) for line in told.list_lines(referral.answers, "allergies")]
    _add_new(
        listed,
        "words",
        standing,
        lambda item: people.record_allergy(patient=patient, substance=item.words, by=by, now=now),
        made,
    )
    if not listed and not standing and referral.answers.get("has_no_allergies") == "yes":
        people.record_no_known_allergies(patient=patient, by=by, now=now)


def _add_problems(referral: Referral, patient: Patient, made: Conversion, by: Any, now: datetime) -> None:
    def enter(item: _Line) -> Any:
        return people.record_problem(patient=patient, display=item.words, code=item.code, by=by, now=now)

    standing = patient.problementry_set.filter(ended_at__isnull=True).values_list("display", flat=True)
    listed = [_read_problem(line) for line in told.list_lines(referral.answers, "diagnoses")]
    _add_new(listed, "words", standing, enter, made)


@dataclass(frozen=True, slots=True)
class _Line:
    words: str
    code: str = ""


def _read_problem(line: str) -> _Line:
    """Return a diagnosis with its code where the line begins with one."""
    found = _CODE.match(line)
    return _Line(found[2].strip(), found[1]) if found else _Line(line)


def _add_new(listed: Any, key: str, standing: Any, enter: Callable[[Any], Any], made: Conversion) -> None:
    """Enter what does not stand in the chart already, by its name."""
    known = {normalise_name(name) for name in standing}
    for item in listed:
        name = getattr(item, key)
        if normalise_name(name) in known:
            made.left.append(name)
            continue
        known.add(normalise_name(name))
        made.entries.append(enter(item))


def _add_card(referral: Referral, patient: Patient, by: Any, now: datetime) -> None:
    ContactCard(
        patient=patient,
        referral=referral,
        phone=referral.phone,
        phone_key=referral.phone_key,
        email=referral.email,
        address=referral.address,
        doctor=referral.doctor,
        doctor_phone=referral.doctor_phone,
        insurance_last4=referral.insurance_last4,
        recorded_at=now,
        recorded_by=by,
    ).save(force_insert=True)


def _file_papers(referral: Referral, patient: Patient, by: Any, now: datetime) -> None:
    """File the letters that came, those of joined referrals too, and everything told as text."""
    from afterglow.clinic.referrals.models import ReferralPaper

    sources = [referral.pk, *referral.joined.values_list("pk", flat=True)]
    for paper in ReferralPaper.objects.filter(referral__in=sources).select_related("content"):
        file_document(
            patient=patient,
            kind="referral",
            title=paper.title,
            body=read_content(paper.content),
            media_type=paper.content.media_type,
            by=by,
            now=now,
        )
    day = referral.received_at.astimezone(ZoneInfo(referral.site.timezone)).date()
    file_document(
        patient=patient,
        kind="referral",
        title=f"Told in the referral of {day.isoformat()}",
        body=describe_answers(referral).encode("utf-8"),
        media_type="text/plain",
        by=by,
        now=now,
    )
