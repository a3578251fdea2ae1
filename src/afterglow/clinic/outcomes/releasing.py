"""A release: figures that leave the clinic, counted whole and hidden by the stricter rule, with a line in the log."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.outcomes.choosing import RELEASED, read_choice
from afterglow.clinic.outcomes.counting import Figures, count_figures
from afterglow.outcomes.suppression import RELEASE


@action
def release_figures(*, given: Mapping[str, Any], file_format: str, by: Any, now: datetime) -> Figures:
    """Return the figures of a release; who took them, of which scale and as of when, is written down.

    Raises
    ------
    Denied
        Somebody may not release.
    InvalidInput
        The scale is not known.
    """
    policy.require(by, RELEASED)
    choice = read_choice(given, user=by, now=now, rule=RELEASE)
    figures = count_figures(choice, now)
    detail = {
        "score": choice.score,
        "format": file_format,
        "rule": RELEASE.id,
        "as_of": figures.as_of.isoformat(),
        "sites": choice.site_keys,
    }
    site = choice.sites[0] if choice.sites else None
    audit.record(
        by=by, action="outcomes.released", subject=("outcomes", choice.score), now=now, detail=detail, site=site
    )
    return figures
