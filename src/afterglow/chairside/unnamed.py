"""That nobody has the chair: said before the dose, and kept with the start of a dose that went ahead."""

from afterglow.chairside.nursing import find_nurse
from afterglow.chairside.state import SessionState
from afterglow.terms import Citation, Finding, Grade, Override, Severity

NAMED = Citation("SITE", "row N-1, one named nurse per chair", Grade.P)


def find_unnamed(state: SessionState) -> Finding | None:
    """Return the finding that nobody has the chair, or None where somebody has.

    It holds nothing up. Who recorded something, or opened the session, is not thereby the nurse of the chair.
    """
    if find_nurse(state):
        return None
    return Finding(
        "N-1",
        Severity.CAUTION,
        "No named nurse",
        "one named nurse for each chair",
        "Name the nurse of this chair before the dose.",
        Override.NONE,
        NAMED.text,
        NAMED.grade,
    )
