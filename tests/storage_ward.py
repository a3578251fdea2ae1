"""Makes a demonstration clinic with a nurse and one open session: `storage_ward.py DIR`; prints the session's id."""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    from afterglow.clinic.setup import make_clinic

    make_clinic(sys.argv[1], is_demonstration=True)

    from afterglow.clinic.dosing_sessions.actions import open_session
    from afterglow.clinic.people.models import Patient
    from tests.storage_support import make_site, make_user

    now = datetime.now(UTC)
    site = make_site()
    nurse = make_user("nina", site)
    patient = Patient.objects.create(
        site=site,
        number="A-1",
        family_name="Example",
        given_name="Ada",
        birth_on=date(1980, 1, 1),
        created_at=now,
        created_by=nurse,
    )
    print(
        open_session(
            patient=patient, plan=None, site=site, place="Room 2", protocol_id="iv-racemic", by=nurse, now=now
        ).pk
    )
