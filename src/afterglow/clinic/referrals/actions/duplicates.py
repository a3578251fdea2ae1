"""Who may be the same person: found by what was told, shown with its working, decided by a person, never by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.models import Patient, normalise_name
from afterglow.clinic.referrals import events
from afterglow.clinic.referrals.models import JOINED, LIVE_STATES, ContactCard, PossibleMatch, Referral
from afterglow.clinicday.matching import Comparison, Identity, compare, get_phone_key

EDIT = "referral.edit"
MOST_COMPARED = 200
MOST_SHOWN = 5
_LAST_DIGITS = 4
# an old referral that came to nothing still tells of a person who asks again
_REMEMBERED = timedelta(days=365 * 3)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record compared with a referral."""

    patient: Patient | None
    other: Referral | None
    identity: Identity
    comparison: Comparison


def find_duplicates(referral: Referral, *, now: datetime) -> list[Candidate]:
    """Return the patients and referrals that may tell of the same person, the likeliest first; reads only."""
    found = [*_compare_patients(referral), *_compare_referrals(referral, now)]
    likely = [candidate for candidate in found if candidate.comparison.is_possible]
    return sorted(likely, key=_order)[:MOST_SHOWN]


def refresh_matches(referral: Referral, *, now: datetime) -> list[PossibleMatch]:
    """Store what `find_duplicates` finds; a decision stays, and an undecided row that is no longer alike goes."""
    kept = {(row.patient_id, row.other_id): row for row in referral.matches.all()}
    found = {
        (getattr(item.patient, "pk", None), getattr(item.other, "pk", None)): item
        for item in find_duplicates(referral, now=now)
    }
    for key, candidate in found.items():
        working = candidate.comparison.to_json()
        row = kept.get(key)
        if row is None:
            row = PossibleMatch(referral=referral, patient=candidate.patient, other=candidate.other, found_at=now)
        elif (row.score, row.working) == (candidate.comparison.score, working):
            continue
        row.score, row.working = candidate.comparison.score, working
        row.save()
    gone = [row.pk for key, row in kept.items() if key not in found and row.state == PossibleMatch.UNDECIDED]
    PossibleMatch.objects.filter(pk__in=gone).delete()
    return list(referral.matches.select_related("patient", "other"))


@action
def compare_again(*, referral: Referral, now: datetime) -> list[PossibleMatch]:
    """Compare with everybody on file as of now: somebody may have been registered since the referral came."""
    return refresh_matches(events.lock(referral, must_be_live=False), now=now)


@action
def mark_different(*, match: PossibleMatch, by: Any, now: datetime, text: str = "") -> PossibleMatch:
    """Say that a possible match is another person; the row stays with who said so."""
    policy.require(by, EDIT, match)
    row = _lock_match(match)
    events.lock(row.referral)
    _decide(row, PossibleMatch.DIFFERENT, by, now)
    events.note(row.referral, "marked-different", by=by, now=now, text=text, codes=_describe(row))
    return row


@action
def ask_if_same(*, match: PossibleMatch, by: Any, now: datetime) -> PossibleMatch:
    """Ask the person themselves: a task, and the row waits for what they say."""
    policy.require(by, EDIT, match)
    row = _lock_match(match)
    row.asked_at = now
    row.save(update_fields=["asked_at"])
    words = "Ask whether the person came before, and under which name"
    events.open_task(row.referral, events.ASK, by=by, now=now, about=row.pk, detail=words)
    events.note(row.referral, "asked", by=by, now=now, text=words, codes=_describe(row))
    return row


@action
def join_to_patient(*, referral: Referral, patient: Patient, by: Any, now: datetime) -> Referral:
    """Say that a referral tells of a patient on file; nothing is merged until it is accepted, and then nothing lost."""
    policy.require(by, EDIT, referral)
    policy.require(by, "patient.find", patient)
    row = events.lock(referral)
    if patient.site_id != row.site_id:
        raise Refused("patient-elsewhere", "this patient belongs to another site")
    if row.patient_id not in (None, patient.pk):
        raise Conflict("this referral was joined to another patient; say first that they are two people")
    match, _ = PossibleMatch.objects.get_or_create(
        referral=row, patient=patient, defaults={"score": 0, "found_at": now, "working": {}}
    )
    _decide(match, PossibleMatch.SAME, by, now)
    row.patient = patient
    events.keep(row, referral)
    events.note(row, "joined", by=by, now=now, codes=_describe(match))
    return row


@action
def separate_from_patient(*, referral: Referral, by: Any, now: datetime, reason: str) -> Referral:
    """Take back that a referral tells of a patient on file, while nothing was accepted."""
    policy.require(by, EDIT, referral)
    row = events.lock(referral)
    if row.patient_id is None:
        raise Conflict("this referral is joined to nobody")
    match = PossibleMatch.objects.get(referral=row, patient=row.patient_id)
    match.state, match.decided_by, match.decided_at = PossibleMatch.UNDECIDED, None, None
    match.save()
    row.patient = None
    events.keep(row, referral)
    events.note(row, "separated", by=by, now=now, text=reason, codes=_describe(match))
    return row


@action
def join_referrals(*, referral: Referral, into: Referral, by: Any, now: datetime) -> Referral:
    """Close one referral into another of the same person: both texts stay, the earlier deadline and urgency count."""
    policy.require(by, EDIT, referral)
    policy.require(by, EDIT, into)
    first, second = sorted((referral, into), key=lambda each: each.pk)
    locked = {each.pk: events.lock(each) for each in (first, second)}
    row, target = locked[referral.pk], locked[into.pk]
    if row.pk == target.pk or row.site_id != target.site_id:
        raise Refused("join-not-possible", "a referral is joined to another one of the same site")
    if row.patient_id and target.patient_id and row.patient_id != target.patient_id:
        raise Conflict("the two are joined to different patients; say first who is who")
    _merge_into(target, row)
    row.state, row.joined_to, row.decided_by, row.decided_at = JOINED, target, by, max(now, row.received_at)
    match, _ = PossibleMatch.objects.get_or_create(
        referral=row, other=target, defaults={"score": 0, "found_at": now, "working": {}}
    )
    _decide(match, PossibleMatch.SAME, by, now)
    PossibleMatch.objects.filter(referral=target, other=row, state=PossibleMatch.UNDECIDED).update(
        state=PossibleMatch.SAME, decided_by=by, decided_at=now
    )
    events.keep(row, referral)
    events.keep(target, into)
    for each, other in ((row, target), (target, row)):
        events.note(each, "joined", by=by, now=now, codes={"other": other.pk})
    _move_tasks(row, target, by=by, now=now)
    return target


def _merge_into(target: Referral, row: Referral) -> None:
    """Give the one that stays what only the other told, and the more pressing of both times."""
    from afterglow.clinic.referrals.actions.receiving import _set_answers

    _set_answers(target, {**row.answers, **target.answers})
    if row.urgency_rank < target.urgency_rank:
        target.urgency, target.urgency_reason = row.urgency, row.urgency_reason
    target.reply_due_at = min(target.reply_due_at, row.reply_due_at)
    target.received_at = min(target.received_at, row.received_at)
    target.patient_id = target.patient_id or row.patient_id


def _move_tasks(row: Referral, target: Referral, *, by: Any, now: datetime) -> None:
    """Let a crisis call and the C-SSRS go on under the referral that stays; a reply is that one's own already."""
    for task in events.list_tasks(row, events.CRISIS):
        events.open_task(target, events.CRISIS, by=by, now=now, due_at=task.due_at, detail=task.detail)
    if events.find_last_task(target, events.RISK) is None:
        for task in events.list_tasks(row, events.RISK):
            events.open_task(target, events.RISK, by=None, now=now, due_at=task.due_at, detail=task.detail)
    for kind in (events.REPLY, events.CRISIS, events.RISK):
        events.settle_task(row, kind, by=by, now=now, outcome="joined")
    events.retime_reply(target, by=by, now=now)


def _compare_patients(referral: Referral) -> list[Candidate]:
    cards = _list_cards(referral)
    near = Q(pk__in=[card.patient_id for card in cards])
    if referral.birth_on:
        near |= Q(birth_on=referral.birth_on)
    digits = "".join(letter for letter in referral.phone if letter.isdigit())
    if len(digits) >= _LAST_DIGITS:
        near |= Q(phone__endswith=digits[-_LAST_DIGITS:])
    if referral.family_name:
        near |= Q(search_key__startswith=f"{normalise_name(referral.family_name)} ")
    patients = list(Patient.objects.filter(near, site=referral.site_id).order_by("pk")[:MOST_COMPARED])
    newest = {card.patient_id: card for card in ContactCard.objects.filter(patient__in=patients)}
    return [_judge(referral, describe_patient(row, newest.get(row.pk)), patient=row) for row in patients]


def _compare_referrals(referral: Referral, now: datetime) -> list[Candidate]:
    near = Q()
    if referral.birth_on:
        near |= Q(birth_on=referral.birth_on)
    if referral.phone_key:
        near |= Q(phone_key=referral.phone_key)
    if referral.family_name:
        near |= Q(search_key__startswith=f"{normalise_name(referral.family_name)} ")
    if not near:
        return []
    is_known = Q(state__in=LIVE_STATES) | Q(state="declined", received_at__gte=now - _REMEMBERED)
    rows = Referral.objects.filter(near, is_known, site=referral.site_id).exclude(pk=referral.pk)
    return [_judge(referral, row.identity, other=row) for row in rows.order_by("pk")[:MOST_COMPARED]]


def _list_cards(referral: Referral) -> list[ContactCard]:
    near = Q()
    if referral.phone_key:
        near |= Q(phone_key=referral.phone_key)
    if referral.insurance_last4 and referral.family_name:
        near |= Q(insurance_last4=referral.insurance_last4)
    if not near:
        return []
    return list(ContactCard.objects.filter(near, patient__site=referral.site_id)[:MOST_COMPARED])


def describe_patient(patient: Patient, card: ContactCard | None) -> Identity:
    """Return what is compared of a patient: the chart's identity, and contact as the last referral told it."""
    return Identity(
        patient.family_name,
        patient.given_name,
        patient.birth_on,
        patient.phone or (card.phone if card else ""),
        card.address if card else "",
        card.doctor if card else "",
        card.insurance_last4 if card else "",
    )


def _judge(
    referral: Referral, identity: Identity, *, patient: Patient | None = None, other: Referral | None = None
) -> Candidate:
    return Candidate(patient, other, identity, compare(referral.identity, identity))


def _order(candidate: Candidate) -> tuple[int, str]:
    return -candidate.comparison.score, (candidate.patient or candidate.other).pk  # type: ignore[union-attr]


def _lock_match(match: PossibleMatch) -> PossibleMatch:
    return PossibleMatch.objects.select_for_update(of=("self",)).select_related("referral__site").get(pk=match.pk)


def _decide(row: PossibleMatch, state: str, by: Any, now: datetime) -> None:
    if row.state not in (PossibleMatch.UNDECIDED, state):
        raise Conflict("somebody decided about this pair meanwhile; read it again")
    row.state, row.decided_by, row.decided_at = state, by, now
    row.save()


def _describe(row: PossibleMatch) -> dict[str, Any]:
    return {"patient": row.patient_id or "", "other": row.other_id or "", "score": row.score}


def list_undecided(matches: Iterable[PossibleMatch]) -> list[PossibleMatch]:
    """Return the rows about which nobody has said whether they are the same person."""
    return [row for row in matches if row.state == PossibleMatch.UNDECIDED and not _is_closed(row)]


def _is_closed(row: PossibleMatch) -> bool:
    """Return whether the other referral of a pair was joined or accepted, so that its patient is compared instead."""
    return row.other is not None and row.other.state in (JOINED, "accepted")


__all__ = [
    "ask_if_same",
    "compare_again",
    "describe_patient",
    "find_duplicates",
    "get_phone_key",
    "join_referrals",
    "join_to_patient",
    "list_undecided",
    "mark_different",
    "refresh_matches",
    "separate_from_patient",
]
