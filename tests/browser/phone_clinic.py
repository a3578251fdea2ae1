"""Makes a clinic with one visit to come in a folder, prints the token of its check-in link, and ends."""

import sys
from datetime import timedelta
from pathlib import Path

from afterglow.clinic.setup import make_clinic

SCORES = (22, 21, 13, 9, 5, 9, 3, 7, 3, 6)


def build() -> str:
    """Return the token of a link: a dosing visit tomorrow, of somebody with scores, an escort and medicines."""
    from django.utils import timezone

    from afterglow.clinic.checkins.actions import send_checkin
    from afterglow.clinic.people import actions as people
    from afterglow.clinic.sites.models import Site
    from tests.factories import NOW, make_cast, make_plan
    from tests.support.checking_in import make_appointment

    now, cast = timezone.now(), make_cast()
    Site.objects.update(phone="555-0100", emergency_number="911", crisis_line="988, call or text")
    cast.site.refresh_from_db()
    plan = make_plan(cast)
    whose = {"patient": plan.patient, "by": cast.owner}
    people.add_escort(name="Ivy Demo", phone="555-0142", relation="sister", now=now, **whose)
    for number, score in enumerate(SCORES, start=1):
        people.record_history(facts={"scales.phq9.total": score}, now=NOW + timedelta(days=20 * number), **whose)
    starts_at = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    visit = make_appointment(cast, plan.patient, plan, starts_at=starts_at)
    _, token = send_checkin(appointment=visit, by=cast.desk, now=now)
    return token


if __name__ == "__main__":
    make_clinic(Path(sys.argv[1]), is_demonstration=False)
    print(build())
