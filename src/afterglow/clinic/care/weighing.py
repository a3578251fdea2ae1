"""By what weights a site's advice compares intervals: the defaults, until who may change them signs the site's own.

A version holds every weight, so that a later program's defaults change none of a site that has signed its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.care.models.weighing import AdviceWeights
from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.prepared import Prepared
from afterglow.clinic.sites.models import Site
from afterglow.outcomes.next_treatment import Loss, edit_loss, load_loss
from afterglow.terms import InvalidInput

READ, CHANGE = "protocol.read", "advice.weigh"
LONGEST = 600
LEAST_REASON = 20
_NEWEST = Prepared(lambda site: AdviceWeights.objects.filter(site=site).order_by("-number")[:1])


@dataclass(frozen=True, slots=True)
class Weighing:
    """The weights in force at a site: the loss, and the version that holds it (none before the first)."""

    loss: Loss
    version: AdviceWeights | None = None

    @property
    def number(self) -> int:
        """The number of the version, 0 before the first."""
        return 0 if self.version is None else self.version.number

    @property
    def weights(self) -> dict[str, float]:
        """The site's own weights as a question carries them, every one by name; empty where the defaults count."""
        return {} if self.version is None else dict(self.version.weights)


def read_weighing(site: Any) -> Weighing:
    """Return the weights in force at a site.

    Raises
    ------
    InvalidInput
        The stored weights are none that this version of the program accepts; nothing is put in their place.
    """
    version = find_version(site)
    return Weighing(read_loss(version), version)


def find_version(site: Any) -> AdviceWeights | None:
    """Return the newest version of a site's weights, or None where nobody has changed any."""
    return next(iter(_NEWEST.ask(site=site)), None)


def read_loss(version: AdviceWeights | None) -> Loss:
    """Return the loss of a version; the defaults where there is none, or where it put them back."""
    return load_loss() if version is None or not version.weights else edit_loss(version.weights)


def list_versions(site: Any) -> list[AdviceWeights]:
    """Return every version of a site's weights, newest first."""
    return list(AdviceWeights.objects.filter(site=site).select_related("recorded_by").order_by("-number"))


@action
def change_weights(
    *, site: Any, weights: Mapping[str, object], reason: str, by: Any, now: datetime, version: int
) -> AdviceWeights:
    """Store a new version of a site's weights; those that are not named stay as they are.

    The signing person proves who they are through `accounts.signers.reauthenticate` before this is called.

    Parameters
    ----------
    weights : mapping
        Name to number; `edit_loss` says what a number may be.
    version : int
        The number of the version that stood on the page, 0 before the first.

    Raises
    ------
    InvalidInput
        With every weight that cannot be, and a reason that is none.
    Conflict
        Somebody else has changed the weights meanwhile.
    Refused
        Nothing would change.
    """
    policy.require(by, CHANGE, site)
    before = _lock(site, version)
    checks = Checks()
    words = _read_reason(checks, reason)
    try:
        after = edit_loss(weights, _read_or_default(before))
    except InvalidInput as refused:
        checks.problems.extend(refused.problems)
    checks.raise_problems()
    return _keep(site, before, after, reason=words, by=by, now=now)


@action
def restore_weights(*, site: Any, reason: str, by: Any, now: datetime, version: int) -> AdviceWeights:
    """Put the defaults back, as a version of its own; proof, refusals and `version` as in `change_weights`."""
    policy.require(by, CHANGE, site)
    before = _lock(site, version)
    checks = Checks()
    words = _read_reason(checks, reason)
    checks.raise_problems()
    return _keep(site, before, load_loss(), reason=words, by=by, now=now)


def list_values(loss: Loss) -> dict[str, float]:
    """Return every weight by name."""
    return {one.name: one.value for one in loss.list_weights()}


def _lock(site: Any, version: int) -> AdviceWeights | None:
    """Return the version in force, so that no other change comes between; refuse one that was not on the page."""
    Site.objects.select_for_update().get(pk=site.pk)
    before = AdviceWeights.objects.filter(site=site).order_by("-number").first()
    if version != (0 if before is None else before.number):
        raise Conflict("the weights were changed meanwhile; look at them again")
    return before


def _read_reason(checks: Checks, reason: str) -> str:
    words = checks.text(reason, "reason", longest=LONGEST, is_required=True)
    if words and len(words) < LEAST_REASON:
        accepted = f"{LEAST_REASON} to {LONGEST} characters"
        checks.refuse("reason", "reason-too-short", len(words), accepted, "say why in a sentence")
    return words


def _read_or_default(version: AdviceWeights | None) -> Loss:
    """Return the loss to change: the defaults where the stored one is none that this program accepts."""
    try:
        return read_loss(version)
    except InvalidInput:
        return load_loss()


def _keep(
    site: Any, before: AdviceWeights | None, after: Loss, *, reason: str, by: Any, now: datetime
) -> AdviceWeights:
    """Write the version and its audit row; what comes to the defaults is written as their being put back."""
    new = list_values(after) if after.edited else {}
    stored = {} if before is None else dict(before.weights)
    if new == stored:
        raise Refused("nothing-changed", "these weights are in force already")
    row = AdviceWeights.objects.create(
        site=site,
        number=1 if before is None else before.number + 1,
        weights=new,
        reason=reason,
        recorded_at=now,
        recorded_by=by,
    )
    defaults = list_values(load_loss())
    was, will = {**defaults, **stored}, {**defaults, **new}
    changed = {name: [was.get(name), value] for name, value in will.items() if was.get(name) != value}
    detail = {"number": row.number, "changed": changed}
    name = "advice-weights.changed" if new else "advice-weights.restored"
    audit.record(by=by, action=name, subject=row, now=now, site=site, detail=detail)
    return row
