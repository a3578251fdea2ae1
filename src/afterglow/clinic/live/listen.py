"""One dedicated connection per process that waits for notices of PostgreSQL and comes back after every loss."""

import asyncio
import logging

from django.db import DEFAULT_DB_ALIAS, connections

from afterglow.clinic.live.hub import hub
from afterglow.clinic.live.publish import CHANNEL, deliver

logger = logging.getLogger("afterglow.live")
RETRY_S = 1.0


async def listen_forever() -> None:
    """Listen until cancelled; after each reconnect every stream looks again, for notices may have been missed."""
    import psycopg

    while True:
        try:
            await _listen_once()
        except psycopg.Error as error:
            logger.warning("live notices interrupted: %s", type(error).__name__)
        await asyncio.sleep(RETRY_S)


async def _listen_once() -> None:
    import psycopg

    parameters = connections[DEFAULT_DB_ALIAS].get_connection_params()
    wanted = {"dbname", "user", "password", "host", "port", "options", "sslmode", "sslrootcert", "passfile", "service"}
    known = {name: value for name, value in parameters.items() if name in wanted}
    connection = await psycopg.AsyncConnection.connect(**known, autocommit=True)
    async with connection:
        await connection.execute(f"LISTEN {CHANNEL}")
        hub.publish_all()
        async for notice in connection.notifies():
            deliver(notice.payload)
