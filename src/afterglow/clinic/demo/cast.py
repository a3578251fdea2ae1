"""The staff of the demonstration, one account per role, and a second nurse and prescriber for acts that need two."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterglow.clinic.people import accounts
from afterglow.clinic.people.models import User

# sign-in name, role, display name, letters after the name
STAFF: tuple[tuple[str, str, str, str], ...] = (
    ("frontdesk", "frontdesk", "F. Sample", ""),
    ("nurse", "nurse", "P. Nadkarni", "RN"),
    ("nurse2", "nurse", "J. Exemplar", "RN"),
    ("nurse3", "nurse", "K. Fictive", "RN"),
    ("nurse4", "nurse", "W. Pretence", "RN"),
    ("prescriber", "prescriber", "Dr. M. Ferreira", "MD"),
    ("prescriber2", "prescriber", "Dr. O. Specimen", "MD"),
    ("therapist", "therapist", "L. Template", "PsyD"),
    ("manager", "manager", "R. Placeholder", ""),
    ("medical-director", "medical-director", "Dr. A. Archetype", "MD"),
    ("researcher", "researcher", "S. Dataset", ""),
    ("auditor", "auditor", "T. Ledger", ""),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who acts in the demonstration."""

    by_name: dict[str, User]

    def __getitem__(self, name: str) -> User:
        """Return the account of a sign-in name; where an older demonstration lacks it, the first of that role."""
        return self.by_name.get(name) or self.by_name[name.rstrip("0123456789")]


def add_staff(*, site: Any, password: str, now: datetime) -> Cast:
    """Add the accounts with the demonstration's one password."""
    users: dict[str, User] = {}
    for username, role, display_name, credentials in STAFF:
        users[username] = accounts.create_user(
            username=username,
            display_name=display_name,
            credentials=credentials,
            site=site,
            roles=[role],
            password=None if users else password,
            by=None,
            now=now,
        )
    first = next(iter(users.values()))
    for user in users.values():
        # one slow hash for all of them: they share one printed password
        user.password = first.password
        user.save(update_fields=["password"])
    return Cast(users)


def find_cast(site: Any) -> Cast:
    """Return the staff of a demonstration that stands."""
    names = [row[0] for row in STAFF]
    users = User.objects.filter(username__in=names, practitioner_roles__site=site).distinct()
    return Cast({user.username: user for user in users})
