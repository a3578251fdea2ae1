"""Telling open streams about a committed change: the hub of this process, or NOTIFY through PostgreSQL."""

from django.db import DEFAULT_DB_ALIAS, connections, transaction

from afterglow.clinic.live.hub import hub

CHANNEL = "afterglow_live"


def publish_after_commit(topic: str, seq: int) -> None:
    """Tell every stream of a topic that it has reached a number, if and when this transaction commits."""
    connection = connections[DEFAULT_DB_ALIAS]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, f"{topic} {seq}"])
        return
    transaction.on_commit(lambda: hub.publish(topic, seq), robust=True)


def end_streams_of(owner: str) -> None:
    """End the streams of one sign-in in every process; `owner` is the key that names the sign-in, never its cookie."""
    publish_after_commit(f"end:{owner}", 0)
    hub.end_streams(owner)


def deliver(payload: str) -> None:
    """Hand a notice from PostgreSQL to the hub of this process."""
    topic, _, seq = payload.rpartition(" ")
    if topic.startswith("end:"):
        hub.end_streams(topic.removeprefix("end:"))
    elif seq.isdigit():
        hub.publish(topic, int(seq))
