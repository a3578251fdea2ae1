"""Requests of care: a goal, a talk's note, an outside clinician, a change of a medicine, a draft letter, a plan."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from afterglow.clinic.care import actions as care
from afterglow.clinic.care.models import Letter, MedicationChange, OutsideClinician, TherapyNote
from afterglow.clinic.sites.models import Place
from tests.factories import PASSWORD
from tests.web.matrix.ask import Ask

OBJECTS = {"note_id", "letter_id"}
STEPS = {"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "0"}
PLAN = {
    "plan-kind": "stop",
    "plan-reason": "No response",
    "plan-relapse_signs": "Sleeps badly",
    "plan-what_to_do": "Call",
}


def furnish(house: Any) -> None:
    """Add what the pages show; the letter is a draft, the plan of stepping down too."""
    patient, nurse, now = house.alder, house.cast.nurse, house.now
    care.add_goal(patient=patient, kind="goal", words="Sleep through the night", by=nurse, now=now)
    care.write_note(patient=patient, text="Spoke about the mother", by=house.users["therapist"], now=now)
    doctor = care.add_clinician(
        patient=patient, fields={"name": "Dr. Ada Fieldworth", "profession": "family-doctor"}, by=nurse, now=now
    )
    care.propose_change(
        patient=patient, medicine="Lorazepam", proposal="Halve", outside_owner=doctor, by=nurse, now=now
    )
    agreed = care.propose_change(
        patient=patient, medicine="Zopiclone", proposal="Leave out", owner=nurse, by=nurse, now=now
    )
    care.agree_change(change=agreed, words="Spoken", by=nurse, now=now)
    care.draft_letter(patient=patient, kind="update", addressee=doctor, by=nurse, now=now)
    signed = care.draft_letter(patient=patient, kind="stopping", addressee=doctor, by=nurse, now=now)
    care.sign_letter(letter=signed, by=house.cast.owner, now=now)
    steps = [{"on": timezone.localdate(), "what": "Last session", "watched_by": "The clinic"}]
    fields = {name.removeprefix("plan-"): value for name, value in PLAN.items()}
    care.store_step_down(patient=patient, fields=fields, steps=steps, by=nurse, now=now)


def build_parts(house: Any) -> dict[str, str]:
    """Return the note and the draft that the addresses name."""
    note, letter = TherapyNote.objects.first(), Letter.objects.filter(state="draft").first()
    return {"note_id": note.pk if note else "0" * 20, "letter_id": letter.pk if letter else "0" * 20}


def _act(act: str, **fields: Any) -> Any:
    return lambda house: Ask({"act": act, **fields})


def _review(house: Any) -> Ask:
    goal = house.alder.goals.get()
    return Ask({"act": "review", "goal": goal.pk, f"review-{goal.pk}-outcome": "partly"})


def _book(house: Any) -> Ask:
    today = timezone.localtime()
    # a Wednesday three weeks ahead, when the house is open
    begin = today + timedelta(days=21 + (2 - today.weekday()) % 7)
    place = Place.objects.filter(site=house.cast.site).first()
    fields = {"starts_at": begin.strftime("%Y-%m-%dT15:00"), "place": place.pk if place else ""}
    return Ask({"act": "book", "kind": "preparation", **{f"preparation-{name}": each for name, each in fields.items()}})


def _withdraw(house: Any) -> Ask:
    version = TherapyNote.objects.get().versions.get()
    return Ask({"act": "withdraw", "version": version.pk, f"withdraw-{version.pk}-reason": "Wrong chart"})


def _name(house: Any) -> Ask:
    return Ask({"act": "name", "therapist-user": house.cast.therapist.pk})


def _outside(act: str, prefix: str, **fields: str) -> Any:
    def build(house: Any) -> Ask:
        key = OutsideClinician.objects.get().pk
        return Ask({"act": act, "clinician": key, **{f"{prefix}-{key}-{name}": each for name, each in fields.items()}})

    return build


def _step(act: str) -> Any:
    def build(house: Any) -> Ask:
        change = MedicationChange.objects.get(state="agreed" if act == "done" else "proposed")
        return Ask({"act": act, "change": change.pk, f"step-{change.pk}-words": "By phone"})

    return build


def _hand(house: Any) -> Ask:
    key = MedicationChange.objects.get(state="proposed").pk
    fields = {"owner": f"here:{house.cast.nurse.pk}", "words": "The family doctor asked us to"}
    return Ask({"act": "hand", "change": key, **{f"hand-{key}-{name}": each for name, each in fields.items()}})


def _propose(house: Any) -> Ask:
    fields = {"medicine": "Sertraline", "proposal": "Keep", "owner": f"here:{house.cast.nurse.pk}"}
    return Ask({"act": "propose", **{f"propose-{name}": each for name, each in fields.items()}})


def _draft(house: Any) -> Ask:
    return Ask({"act": "draft", "draft-kind": "after-induction", "draft-addressee": OutsideClinician.objects.get().pk})


def _deliver(house: Any) -> Ask:
    signed = Letter.objects.get(state="signed")
    return Ask({"act": "deliver", "deliver-way": "printed"}, parts={"letter_id": signed.pk})


DOCTOR = {"name": "Dr. Other", "profession": "psychiatrist"}
ASKS = {
    ("web:patient-care", "POST add"): _act("add", **{"goal-kind": "goal", "goal-words": "Work again"}),
    ("web:patient-care", "POST review"): _review,
    ("web:patient-care", "POST book"): _book,
    ("web:care-notes", "POST write"): _act(
        "write", **{"note-talked_on": timezone.localdate().isoformat(), "note-text": "Spoke"}
    ),
    ("web:care-notes", "POST name"): _name,
    ("web:care-note", "POST revise"): _act("revise", **{"revise-text": "Spoke about the father"}),
    ("web:care-note", "POST withdraw"): _withdraw,
    ("web:care-shared", "POST add"): _act("add", **{f"clinician-{name}": each for name, each in DOCTOR.items()}),
    ("web:care-shared", "POST change"): _outside("change", "change", **DOCTOR),
    ("web:care-shared", "POST sharing"): _outside("sharing", "sharing", answer="allowed"),
    ("web:care-shared", "POST end"): _outside("end", "end"),
    ("web:care-shared", "POST propose"): _propose,
    ("web:care-shared", "POST agree"): _step("agree"),
    ("web:care-shared", "POST done"): _step("done"),
    ("web:care-shared", "POST drop"): _step("drop"),
    ("web:care-shared", "POST hand"): _hand,
    ("web:care-letters", "POST draft"): _draft,
    ("web:care-letter", "POST store"): _act("store", **{"body-body": "Dear colleague,", "body-version": "1"}),
    ("web:care-letter", "POST sign"): _act("sign", **{"sign-secret": PASSWORD, "sign-version": "1"}),
    ("web:care-letter", "POST discard"): _act("discard"),
    ("web:care-letter", "POST deliver"): _deliver,
    ("web:care-stepping-down", "POST store"): _act(
        "store",
        **PLAN,
        **STEPS,
        **{"plan-version": "1", "steps-0-on": "", "steps-0-what": "", "steps-0-watched_by": ""},
    ),
    ("web:care-stepping-down", "POST sign"): _act("sign", **{"sign-secret": PASSWORD, "sign-version": "1"}),
}
