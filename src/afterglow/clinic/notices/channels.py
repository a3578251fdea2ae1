"""Which senders a clinic has: the `[notices]` part of `clinic.toml`, with secrets in files of their own beside it.

Without that part a demonstration prints its messages, and any other clinic sends none.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from afterglow.clinic import secrets
from afterglow.clinic.config import CONFIG_FILE, LOOPBACK
from afterglow.clinic.errors import SetupError
from afterglow.clinic.notices.senders import Sender, Senders
from afterglow.clinic.notices.senders.console import ConsoleSender
from afterglow.clinic.notices.senders.sms import HttpSender
from afterglow.clinic.notices.senders.smtp import SmtpSender

SMTP_PASSWORD = "smtp.password"  # noqa: S105 - a file name
SMS_TOKEN = "sms.token"  # noqa: S105 - a file name
TLS = ("tls", "starttls", "none")
KNOWN = frozenset(
    {
        "mail", "sms", "smtp_host", "smtp_port", "smtp_tls", "smtp_user", "mail_from", "sms_url", "sms_from", "links",
        "forms",
    }
)  # fmt: skip
FORMS = ("off", "due")


Maker = Callable[[dict[str, Any], Path], Sender]


def read_part(data_dir: Path) -> dict[str, Any]:
    """Return the `[notices]` part of a data folder; nothing where it has none."""
    path = data_dir / CONFIG_FILE
    if not path.is_file():
        return {}
    try:
        part = tomllib.loads(path.read_text(encoding="utf-8")).get("notices", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}") from None
    if not isinstance(part, dict) or (unknown := sorted(set(part) - KNOWN)):
        named = ", ".join(unknown) if isinstance(part, dict) else "notices"
        raise SetupError(f"{path}: [notices] holds {named}; known are {', '.join(sorted(KNOWN))}")
    if part.get("forms", "off") not in FORMS:
        raise SetupError(f"{path}: [notices] forms = {part['forms']!r} is not known; use {' or '.join(FORMS)}")
    if part.get("forms") == "due" and not part.get("links"):
        raise SetupError(f'{path}: [notices] forms = "due" needs links, the address that a link begins with')
    return part


def load_senders() -> Senders:
    """Return the sender of each channel that this clinic uses."""
    data_dir = Path(settings.DATA_DIR)
    return build_senders(read_part(data_dir), data_dir, is_demonstration=bool(settings.IS_DEMONSTRATION))


def build_senders(part: dict[str, Any], data_dir: Path, *, is_demonstration: bool) -> Senders:
    """Return the senders that a `[notices]` part describes; a demonstration reaches nobody, whatever it says."""
    if is_demonstration:
        return {channel: ConsoleSender(channel, shows_words=True) for channel in ("mail", "sms")}
    senders: dict[str, Sender] = {}
    makers: dict[str, dict[str, Maker]] = {
        "mail": {"smtp": _build_smtp, "console": lambda *_: ConsoleSender("mail")},
        "sms": {"http": _build_sms, "console": lambda *_: ConsoleSender("sms")},
    }
    for channel, known in makers.items():
        chosen = part.get(channel, "off")
        if chosen == "off":
            continue
        if chosen not in known:
            raise SetupError(f"[notices] {channel} = {chosen!r} is not known; use {', '.join(known)} or off")
        senders[channel] = known[chosen](part, data_dir)
    return senders


def find_link_base(data_dir: Path | None = None) -> str:
    """Return the address that links to a patient's pages begin with, as set; empty where none is."""
    base = str(read_part(data_dir or Path(settings.DATA_DIR)).get("links", ""))
    return base.rstrip("/")


def find_form_base(data_dir: Path | None = None) -> str:
    """Return the address that links to due forms begin with; empty where the clinic lets none go out by itself."""
    part = read_part(data_dir or Path(settings.DATA_DIR))
    return str(part.get("links", "")).rstrip("/") if part.get("forms") == "due" else ""


def _build_smtp(part: dict[str, Any], data_dir: Path) -> SmtpSender:
    host, tls, sender = (str(part.get(name, "")) for name in ("smtp_host", "smtp_tls", "mail_from"))
    tls = tls or "starttls"
    if not host or "@" not in sender:
        raise SetupError('[notices] mail = "smtp" needs smtp_host and mail_from')
    if tls not in TLS:
        raise SetupError(f"[notices] smtp_tls = {tls!r} is not known; use {', '.join(TLS)}")
    if tls == "none" and not _is_here(host):
        raise SetupError("[notices] smtp_tls = none is for a mail server on this machine alone; use tls or starttls")
    user = str(part.get("smtp_user", ""))
    password = secrets.read_secret(data_dir, SMTP_PASSWORD) if user else ""
    port = int(part.get("smtp_port", {"tls": 465, "starttls": 587, "none": 25}[tls]))
    return SmtpSender(host, port, tls, sender, user, password)


def _build_sms(part: dict[str, Any], data_dir: Path) -> HttpSender:
    url = str(part.get("sms_url", ""))
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SetupError('[notices] sms = "http" needs sms_url, an address that begins with https://')
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise SetupError("[notices] sms_url must begin with https:// unless the adapter runs on this machine")
    token = secrets.read_secret(data_dir, SMS_TOKEN) if secrets.has_secret(data_dir, SMS_TOKEN) else ""
    return HttpSender(url, token, str(part.get("sms_from", "")))


def _is_here(host: str) -> bool:
    return host in {*LOOPBACK, "::1"}
