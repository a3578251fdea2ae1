"""Who acts: an identifier, the roles held at the site, and whether the person is a licensed clinician."""

from dataclasses import dataclass

PRESCRIBERS = frozenset({"prescriber", "medical-director"})


@dataclass(frozen=True, slots=True)
class Actor:
    """A person acting in a session. `id` is opaque; names stay outside the events."""

    id: str
    roles: frozenset[str] = frozenset()
    is_licensed: bool = False

    @property
    def is_prescriber(self) -> bool:
        """Whether the person may give the acts of a prescriber."""
        return bool(self.roles & PRESCRIBERS)

    @property
    def is_director(self) -> bool:
        """Whether the person is the medical director."""
        return "medical-director" in self.roles


SYSTEM = Actor("system", frozenset({"system"}))
