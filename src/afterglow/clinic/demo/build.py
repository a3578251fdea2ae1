"""Builds the demonstration: site, staff, then every step of every story in the order of time, through the actions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from afterglow.clinic.demo.cast import add_staff
from afterglow.clinic.demo.people import ROOMS, tell_all
from afterglow.clinic.demo.story import Act
from afterglow.clinic.sites.actions import add_place, create_site
from afterglow.clinic.sites.models import Site

FOUNDED_D = 200
# steps stored together; one commit each would wait for the disk a thousand times
BATCH = 60


def build_demonstration(*, password: str, now: datetime) -> Site:
    """Make the demonstration's site, staff and patients, as if they had come over the last months."""
    founded = now - timedelta(days=FOUNDED_D)
    with transaction.atomic():
        site = create_site(
            name="Demonstration clinic",
            timezone="America/New_York",
            address="1 Nowhere Street, Anytown",
            phone="555-0100",
            emergency_number="911",
            crisis_line="988",
            paper="letter",
            jurisdiction="us",
            is_demonstration=True,
            can_resuscitate=True,
            by=None,
            now=founded,
        )
        for name in ROOMS:
            add_place(site=site, name=name, by=None, now=founded)
        cast = add_staff(site=site, password=password, now=founded)
    stories = tell_all(cast=cast, site=site, now=now)
    steps = [step for story in stories for step in story.steps]
    _run_in_order(steps)
    return site


def _run_in_order(steps: Sequence[tuple[datetime, Act]]) -> None:
    ordered = sorted(steps, key=lambda step: step[0])
    for first in range(0, len(ordered), BATCH):
        with transaction.atomic():
            for instant, act in ordered[first : first + BATCH]:
                act(instant)
