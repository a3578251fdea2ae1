"""Adds to a demonstration what its pages need to be full, beside the server that serves it; prints address parts.

The parts are those of the table of addresses, as JSON. Every row is made by the clinic's own actions. With the call for
help that it added as a second word, it closes that call.
"""

import json
import sys
from datetime import timedelta
from typing import Any

from afterglow.clinic.setup import set_up_clinic

WORDS = "Brought here unconscious, no other record at hand"
STEPPING = {"kind": "stop", "reason": "No response", "relapse_signs": "Sleeps badly", "what_to_do": "Call the clinic"}


def add_care(patient: Any, people: dict[str, Any], now: Any) -> dict[str, str]:
    """Add a goal, a note, an outside clinician, a change, a draft letter and a draft of stepping down."""
    from afterglow.clinic.care import actions as care

    nurse, asked = people["nurse"], {"patient": patient, "now": now}
    care.add_goal(kind="goal", words="Sleep through the night", by=nurse, **asked)
    note = care.write_note(text="Spoke about the sister", by=people["therapist"], **asked)
    doctor = care.add_clinician(fields={"name": "Dr. B. Specimen", "profession": "family-doctor"}, by=nurse, **asked)
    care.propose_change(medicine="Clonazepam", proposal="Halve", outside_owner=doctor, by=nurse, **asked)
    letter = care.draft_letter(kind="update", addressee=doctor, by=nurse, **asked)
    steps = [{"on": now.date() + timedelta(days=7), "what": "Last session", "watched_by": "The clinic"}]
    care.store_step_down(fields=STEPPING, steps=steps, by=nurse, **asked)
    return {"note_id": note.pk, "letter_id": letter.pk}


def add_measures(patient: Any, people: dict[str, Any], now: Any) -> dict[str, str]:
    """Add a form sent to the phone, one entered, and a safety plan; an open alert has a clinic of its own."""
    from afterglow.clinic.measures import actions, risk

    nurse = people["nurse"]
    actions.ask_form(patient=patient, instrument="gad7", by=nurse, now=now)
    answers = {str(item): 1 for item in range(1, 9)} | {"9": 0}
    result = actions.enter_form(
        patient=patient, instrument="phq9", answers=answers, submission_id="table-1", by=nurse, now=now
    )
    risk.write_safety_plan(patient=patient, parts={"means": "Tablets with a neighbour"}, by=nurse, now=now)
    return {"result_id": result.pk}


def add_emergency(patient: Any, now: Any) -> dict[str, str]:
    """Add another site, whose nurse has opened the chart in an emergency."""
    from afterglow.clinic.accounts.emergency import open_emergency
    from afterglow.clinic.people.accounts import create_user
    from afterglow.clinic.sites.actions import create_site

    far = create_site(name="Far clinic", timezone="UTC", is_demonstration=True, jurisdiction="us", by=None, now=now)
    stranger = create_user(
        username="far-nurse", display_name="N. Elsewhere", site=far, roles=["nurse"], password=None, by=None, now=now
    )
    access = open_emergency(patient=patient, reason="danger-to-life", words=WORDS, by=stranger, now=now)
    return {"access_id": access.pk}


def add_paper(by: Any, now: Any) -> dict[str, str]:
    """Keep a letter with the first open referral; return those that the addresses name."""
    from afterglow.clinic.referrals.actions import keep_paper
    from afterglow.clinic.referrals.models import Referral

    rows = Referral.objects.order_by("received_at")
    first, accepted = rows.filter(state="open").exclude(urgency="crisis")[0], rows.filter(state="accepted")[0]
    more = {"title": "Letter", "body": b"%PDF-1.7", "media_type": "application/pdf"}
    paper = keep_paper(referral=first, by=by, now=now, **more)
    return {"referral_id": first.pk, "paper_id": paper.pk, "told_id": accepted.patient_id, "accepted_id": accepted.pk}


def find_standing(patient: Any) -> dict[str, str]:
    """Return rows that the demonstration has already."""
    from afterglow.clinic.dosing_sessions.models import Session
    from afterglow.clinic.scheduling.models import Appointment
    from afterglow.clinic.sites.models import Place
    from afterglow.clinic.tasks.models import Task

    running = Session.objects.filter(patient=patient, place="Room 2").latest("opened_at")
    return {
        "patient_id": patient.pk,
        "session_id": running.pk,
        "consent_id": patient.consents.first().pk,
        "visit_id": Appointment.objects.filter(state="booked").earliest("starts_at").pk,
        "task_id": Task.objects.filter(state="open", patient__isnull=False).earliest("due_at").pk,
        "place_id": Place.objects.get(site=patient.site, name="Chair 8").pk,
    }


def add() -> dict[str, str]:
    """Add everything and return the parts."""
    from django.db import transaction
    from django.utils import timezone

    from afterglow.clinic.floor.actions import raise_help, record_code_step, start_code
    from afterglow.clinic.people.models import Patient, User

    people, now = {user.username: user for user in User.objects.all()}, timezone.now()
    patient = Patient.objects.get(family_name="Demo", given_name="Alder")
    nurse, place = people["nurse"], patient.site.places.get(name="Room 3")
    with transaction.atomic():
        call = raise_help(site=patient.site, place=place, by=nurse, now=now)
        start_code(call=call, by=nurse, now=now)
        record_code_step(call=call, step="oxygen-on", by=nurse, now=now)
        return {
            "call_id": call.pk,
            **find_standing(patient),
            **add_care(patient, people, now),
            **add_measures(patient, people, now),
            **add_emergency(patient, now),
            **add_paper(nurse, now),
        }


def close(call_id: str) -> None:
    """Close the call for help that was added."""
    from django.utils import timezone

    from afterglow.clinic.floor.actions import close_call
    from afterglow.clinic.floor.models import HelpCall
    from afterglow.clinic.people.models import User

    call, nurse = HelpCall.objects.get(pk=call_id), User.objects.get(username="nurse")
    close_call(call=call, by=nurse, now=timezone.now())


if __name__ == "__main__":
    set_up_clinic(sys.argv[1])
    if len(sys.argv) > 2:
        close(sys.argv[2])
    else:
        print(json.dumps(add()))
