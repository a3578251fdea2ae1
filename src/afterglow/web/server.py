"""The server: uvicorn inside our own process, with TLS, and an end that open streams cannot hold up."""

import errno
import os
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.supervisors import Multiprocess

from afterglow.terms import InvalidInput, build_error
from afterglow.web.phone.listener import PORT_VARIABLE

GRACE_S = 3
APPLICATION = "afterglow.web.asgi:application"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where to listen, and with which certificate; `patient_port` is a second door for the patients' pages alone.

    A patient port of 0 is none, and of -1 any free one, which `open_patient_sockets` then names.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    tls_cert: Path | None = None
    tls_key: Path | None = None
    workers: int = 1
    patient_host: str = "127.0.0.1"
    patient_port: int = 0

    @property
    def address(self) -> str:
        """Return the address a browser would open."""
        return self._write(self.host, self.port)

    @property
    def patient_address(self) -> str:
        """Return the address of the patients' pages: their own door, or the one door there is."""
        return self._write(self.patient_host, self.patient_port) if self.patient_port > 0 else self.address

    def _write(self, host: str, port: int) -> str:
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


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


def serve(listener: Listener, when_ready: Callable[[Listener], None]) -> bool:
    """Serve the clinic that Django is set up for until a signal; return whether the door ever opened.

    `when_ready` is told the listener as it is: a free port that was asked for has its number.

    Raises
    ------
    InvalidInput
        The port cannot be had.
    SetupError
        Another server holds the folder, or the clinic is not fit to be served.
    """
    from django.conf import settings

    from afterglow.clinic.readiness import check_ready
    from afterglow.clinic.server_lock import hold_server_lock

    with ExitStack() as stack:
        if settings.CONFIG.database.is_sqlite:
            stack.enter_context(hold_server_lock(settings.DATA_DIR))
        check_ready()
        sockets = open_sockets(listener)
        for each in sockets:
            stack.callback(each.close)
        patient_sockets, opened = open_patient_sockets(listener)
        for each in patient_sockets:
            stack.callback(each.close)
        os.environ[PORT_VARIABLE] = str(opened.patient_port) if patient_sockets else ""
        return _run(build_config(opened), [*sockets, *patient_sockets], lambda: when_ready(opened))


def _run(config: uvicorn.Config, sockets: list[socket.socket], when_ready: Callable[[], None]) -> bool:
    if config.workers > 1:
        when_ready()
        Multiprocess(config, sockets=sockets).run()
        return True
    server = Server(config, when_ready)
    try:
        server.run(sockets)
    except SystemExit:  # how uvicorn ends when the application cannot start, after that was logged
        return False
    return server.started


def open_sockets(listener: Listener) -> list[socket.socket]:
    """Return a bound socket for each address that the host's name stands for; refuse a port that cannot be had."""
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(listener.host, listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            each = socket.socket(family, kind, protocol)
            opened.append(each)
            if sys.platform != "win32":
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                each.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            each.bind(address)
            each.listen()
            each.set_inheritable(listener.workers > 1)
            if listener.port == 0:
                break
    except OSError as error:
        for each in opened:
            each.close()
        raise _refuse_address(listener, error) from None
    return opened


def open_patient_sockets(listener: Listener) -> tuple[list[socket.socket], Listener]:
    """Return the sockets of the patients' door, none where there is none, and the listener with the port they have."""
    if listener.patient_port == 0:
        return [], listener
    second = replace(listener, host=listener.patient_host, port=max(listener.patient_port, 0))
    try:
        opened = open_sockets(second)
    except InvalidInput as error:
        raise InvalidInput(replace(each, path=f"patient-{each.path}") for each in error.problems) from None
    return opened, replace(listener, patient_port=opened[0].getsockname()[1])


def _refuse_address(listener: Listener, error: OSError) -> InvalidInput:
    message = f"cannot listen on {listener.host}, port {listener.port}: {error.strerror or error}"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return InvalidInput(
            [build_error("host", "host-unusable", listener.host, "an address of this machine", message)]
        )
    return InvalidInput([build_error("port", "port-unusable", listener.port, "a free port, 1024 to 65535", message)])


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
