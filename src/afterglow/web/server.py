"""The server: uvicorn inside our own process, with TLS, and an end that open streams cannot hold up."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

GRACE_S = 3
APPLICATION = "afterglow.web.asgi:application"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen, and with which certificate."""

    host: str = "127.0.0.1"
    port: int = 8000
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int = 1

    @property
    def address(self) -> str:
        """Return the address a browser would open."""
        scheme = "https" if self.tls_cert else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/"


class Server(uvicorn.Server):
    """A uvicorn server that says when its door is open."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        """Keep what to call when the door is open."""
        super().__init__(config)
        self._when_ready = when_ready

    async def startup(self, sockets: list[Any] | None = None) -> None:
        """Open the door, then say so."""
        await super().startup(sockets)
        if not self.should_exit:
            self._when_ready()


def serve(listener: Listener, when_ready: Callable[[], None]) -> bool:
    """Serve until a signal; return whether the door ever opened."""
    config = build_config(listener)
    if listener.workers > 1:
        sockets = [config.bind_socket()]
        when_ready()
        Multiprocess(config, sockets=sockets).run()
        return True
    server = Server(config, when_ready)
    server.run()
    return server.started


def build_config(listener: Listener) -> uvicorn.Config:
    """Return uvicorn's configuration: no proxy header is believed, no request line is logged."""
    return uvicorn.Config(
        APPLICATION,
        host=listener.host,
        port=listener.port,
        ssl_certfile=str(listener.tls_cert) if listener.tls_cert else None,
        ssl_keyfile=str(listener.tls_key) if listener.tls_key else None,
        workers=listener.workers,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=GRACE_S,
    )
