"""Serves a clinic until Ctrl-C: pages, live streams, and the ticker that lets time pass for its sessions."""

import argparse
import os
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from afterglow.commands import BAD_INPUT, DONE
from afterglow.terms import InvalidInput, Problem, build_error

if TYPE_CHECKING:
    from afterglow.web.server import Listener

HELP = "serve a clinic"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `serve` takes."""
    parser.add_argument("--data", required=True, metavar="DIR", help="the clinic's data folder")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000, help="port of the pages (default: 8000)")
    parser.add_argument(
        "--patient-port", type=int, default=0, help="second port that knows the patients' pages alone; 0 turns it off"
    )
    parser.add_argument("--patient-host", default="", help="address of the patients' port (default: that of --host)")
    parser.add_argument("--mllp-port", type=int, default=0, help="port of bedside monitors; 0 turns it off (default)")
    parser.add_argument("--tls-cert", metavar="FILE", help="certificate chain in PEM; turns TLS on")
    parser.add_argument("--tls-key", metavar="FILE", help="its private key in PEM")
    parser.add_argument("--workers", type=int, default=1, help="processes; more than one needs PostgreSQL")


def run(args: argparse.Namespace) -> int:
    """Check the call, then serve."""
    from afterglow.clinic.setup import set_up_clinic, tell_troubles

    check_call(args)
    if args.tls_cert:
        os.environ["AFTERGLOW_TLS"] = "1"
    with tell_troubles(args.data):
        set_up_clinic(args.data)
        check_workers(args.workers)
        return serve_clinic(args)


def serve_clinic(args: argparse.Namespace) -> int:
    """Serve the clinic that Django is set up for, and say when its door is open."""
    from afterglow.web.server import Listener, serve

    listener = Listener(
        host=args.host,
        port=args.port,
        tls_cert=Path(args.tls_cert) if args.tls_cert else None,
        tls_key=Path(args.tls_key) if args.tls_key else None,
        workers=args.workers,
        patient_host=args.patient_host or args.host,
        patient_port=args.patient_port,
    )
    return DONE if serve(listener, print_doors) else BAD_INPUT


def print_doors(listener: "Listener") -> None:
    """Print one line for each door that is open."""
    print(f"web ready at {listener.address}", flush=True)
    if listener.patient_port:
        print(f"patients ready at {listener.patient_address}", flush=True)


def check_call(args: argparse.Namespace) -> None:
    """Refuse ports that do not exist, half a TLS pair, files that cannot be read, and a listener that is not there."""
    problems = []
    problems += check_ports(args.port, args.patient_port)
    if args.mllp_port != 0:
        message = "this version has no listener for bedside monitors"
        problems.append(build_error("mllp-port", "mllp-absent", args.mllp_port, "0", message))
    if bool(args.tls_cert) != bool(args.tls_key):
        message = "TLS needs both the certificate and its key"
        problems.append(build_error("tls-cert", "tls-half", args.tls_cert, "--tls-cert and --tls-key", message))
    problems += check_tls(args.tls_cert, args.tls_key)
    if args.workers < 1:
        problems.append(build_error("workers", "workers-too-few", args.workers, "1 or more", "at least one process"))
    if problems:
        raise InvalidInput(problems)


def check_ports(port: int, patient_port: int) -> list[Problem]:
    """Return what is wrong with the ports of the pages: none that exists, or one for both."""
    named = (("port", port), ("patient-port", patient_port))
    problems = [
        build_error(name, "port-unusable", number, "0 to 65535", f"{number} is no port")
        for name, number in named
        if not 0 <= number <= 65535
    ]
    if patient_port and patient_port == port:
        message = "the patients' pages need a port of their own; without one they answer on the first"
        problems.append(build_error("patient-port", "port-twice", patient_port, "another port, or 0", message))
    return problems


def check_tls(certificate: str | None, key: str | None) -> list[Problem]:
    """Return what is wrong with a certificate and its key: not readable, not PEM, encrypted, not of one another."""
    found = [
        *_check_pem("tls-cert", certificate, "CERTIFICATE"),
        *_check_pem("tls-key", key, "PRIVATE KEY"),
    ]
    if found or not certificate or not key:
        return found
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (ssl.SSLError, OSError) as error:
        reason = (error.reason or "").replace("_", " ").lower() if isinstance(error, ssl.SSLError) else error.strerror
        message = f"{certificate} and {key} cannot be used together: {reason or error}"
        return [build_error("tls-key", "tls-unusable", key, "the private key of the certificate", message)]
    return []


def _check_pem(field: str, name: str | None, what: str) -> list[Problem]:
    if not name:
        return []
    accepted = "a readable PEM file"
    try:
        text = Path(name).read_bytes()
    except OSError as error:
        return [build_error(field, "file-unreadable", name, accepted, f"{name} cannot be read: {error.strerror}")]
    if b"ENCRYPTED" in text:
        message = f"{name} is encrypted; nobody is there to type its passphrase when the server starts"
        return [build_error(field, "tls-encrypted", name, "a key without a passphrase", message)]
    if f"{what}-----".encode() not in text:
        return [build_error(field, "tls-unusable", name, accepted, f"{name} holds no {what.lower()} in PEM")]
    return []


def check_workers(workers: int) -> None:
    """Refuse several processes on the embedded database."""
    from django.conf import settings

    if workers > 1 and settings.CONFIG.database.is_sqlite:
        message = "SQLite serves one process; several need PostgreSQL (`afterglow init --database URL`)"
        raise InvalidInput([build_error("workers", "workers-need-postgresql", workers, "1 on SQLite", message)])
