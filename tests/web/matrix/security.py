"""Requests of sign-ins, passkeys, emergency openings and their review."""

from datetime import timedelta
from typing import Any

from afterglow.clinic.accounts import emergency
from afterglow.clinic.accounts.models import EmergencyAccess
from tests.web.matrix.ask import Ask

OBJECTS = {"access_id"}
OWN = {("web:awake", "POST")}
WORDS = "Brought here unconscious, no other record at hand"


def furnish(house: Any) -> None:
    """Add an emergency opening that ended an hour ago: a running one would open the chart in every other row."""
    access = emergency.open_emergency(
        patient=house.alder,
        reason="danger-to-life",
        words=WORDS,
        by=house.users["far-prescriber"],
        now=house.now - timedelta(hours=2),
    )
    assert not emergency.is_running(access, house.now)


def build_parts(house: Any) -> dict[str, str]:
    """Return the emergency opening and the passkey that the addresses name; nobody has a passkey yet."""
    access = EmergencyAccess.objects.first()
    return {"pk": "1", "access_id": access.pk if access else "0" * 20}


def _open(house: Any) -> Ask:
    alder = house.alder
    fields = {"family_name": alder.family_name, "given_name": alder.given_name, "birth_on": alder.birth_on.isoformat()}
    return Ask({**fields, "reason": "danger-to-life", "words": WORDS})


ASKS = {
    ("web:sign-ins", "POST others"): lambda house: Ask({"act": "others"}),
    ("web:staff-sign-ins", "POST end"): lambda house: Ask({"user": house.users["nurse"].pk}),
    ("web:emergency", "POST open"): _open,
    ("web:emergency-review", "POST judge"): lambda house: Ask({"outcome": "justified"}),
}
