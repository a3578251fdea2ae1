"""Makes a clinic with a session before its dose and a form sent to the phone; prints the address parts and cookies."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from afterglow.clinic.setup import make_clinic


def build() -> dict[str, str]:
    """Return the form's token, the patient, the session, and a signed-in cookie of nurse and prescriber."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from afterglow.clinic.dosing_sessions.actions import open_session
    from afterglow.clinic.measures import actions
    from afterglow.clinic.sites.models import Site
    from tests.factories import make_cast, make_patient, make_plan
    from tests.support.measuring import CALM, enter, install_wording

    now, cast = timezone.now(), make_cast()
    Site.objects.update(phone="555-0100", emergency_number="911", crisis_line="988, call or text")
    cast.site.refresh_from_db()
    plan = make_plan(cast)
    install_wording()
    enter(plan.patient, cast.nurse, "phq9", {**CALM, "1": 3}, "before", now=now - timedelta(days=7))
    session = open_session(patient=plan.patient, plan=plan, site=cast.site, by=cast.nurse, now=now)
    _, token = actions.ask_form(patient=plan.patient, instrument="phq9", by=cast.nurse, now=now)
    other = make_patient(cast, given_name="Birch", family_name="Example")
    away, away_token = actions.ask_form(patient=other, instrument="phq9", by=cast.nurse, now=now)

    def sign_in(user: Any) -> str:
        client = Client()
        client.force_login(user)
        return str(client.cookies[settings.SESSION_COOKIE_NAME].value)

    return {
        "token": token,
        "away": away.pk,
        "away_token": away_token,
        "patient": plan.patient.pk,
        "session": session.pk,
        "cookie": settings.SESSION_COOKIE_NAME,
        "nurse": sign_in(cast.nurse),
        "prescriber": sign_in(cast.owner),
    }


if __name__ == "__main__":
    # a demonstration asks for no second factor
    make_clinic(Path(sys.argv[1]), is_demonstration=True)
    print(json.dumps(build()))
