"""Telling every board of a site that something it shows has changed."""

from typing import Any

from afterglow.clinic.live.publish import LOOK_AGAIN, get_floor_topic, publish_after_commit

WATCHED = ("scheduling.Appointment", "tasks.Task", "checkins.CheckIn")


def tell_floor(site_id: str) -> None:
    """Ask every open board of a site to look again, if and when this transaction commits."""
    publish_after_commit(get_floor_topic(site_id), LOOK_AGAIN)


def tell_after_save(sender: Any, instance: Any, raw: bool = False, **_others: Any) -> None:
    """Tell the board about a saved row of another room (receiver of `post_save`)."""
    from afterglow.clinic import policy

    if not raw and (site_id := policy.find_site_id(instance)):
        tell_floor(site_id)
