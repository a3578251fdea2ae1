"""Telling open streams about a committed change: the hub of this process, or NOTIFY through PostgreSQL."""

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from afterglow.clinic.chain import calculate_digest
from afterglow.clinic.live.hub import hub

CHANNEL = "afterglow_live"
END = "end:"
# the number that asks every screen of a topic to look again, without a new event
LOOK_AGAIN = 0


def publish_after_commit(topic: str, seq: int) -> None:
    """Tell every stream of a topic that it has reached a number, if and when this transaction commits."""
    hub.note(topic)
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{topic} {seq}"])
        return
    transaction.on_commit(lambda: hub.publish(topic, seq), robust=True)


def get_floor_topic(site_id: str) -> str:
    """Return the topic under which everything that a site's floor board shows is published."""
    return f"floor:{site_id}"


def end_streams_of(owner: str) -> None:
    """End the streams that a sign-in holds open, in every process."""
    name = name_owner(owner)
    hub.end_streams(name)
    publish_after_commit(f"{END}{name}", 0)


def name_owner(owner: str) -> str:
    """Return a name for a sign-in from which its cookie cannot be told."""
    return calculate_digest(f"stream {owner}".encode()) if owner else ""


def deliver(payload: str) -> None:
    """Hand a notice from PostgreSQL to the hub of this process."""
    topic, _, seq = payload.rpartition(" ")
    if topic.startswith(END):
        hub.end_streams(topic.removeprefix(END))
    elif seq.isdigit():
        hub.publish(topic, int(seq))
