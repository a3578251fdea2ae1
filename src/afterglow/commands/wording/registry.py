"""Fetches one pinned file from the Python package registry; the mirror and proxy variables are those of pip and uv."""

import hashlib
import html
import json
import os
import re
import urllib.request
from urllib.parse import urljoin, urlsplit

from afterglow.instruments.camcops import Release
from afterglow.terms import InvalidInput, build_error

TIMEOUT_S = 60
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"


def fetch_release(release: Release) -> bytes:
    """Return the bytes of a pinned release; refuse any file but the one with its hash.

    Raises
    ------
    InvalidInput
        The registry cannot be reached, lacks the file, or answers with other bytes.
    """
    index = os.environ.get("PIP_INDEX_URL") or os.environ.get("UV_DEFAULT_INDEX") or "https://pypi.org/simple"
    page = f"{index.rstrip('/')}/{release.package.replace('_', '-')}/"
    address = find_link(_fetch(page, _ACCEPT).decode("utf-8"), page, release.file)
    if address is None:
        message = f"the registry has no {release.file}"
        raise InvalidInput([build_error("registry", "file-absent", page, release.file, message)])
    content = _fetch(address, "*/*")
    actual = hashlib.sha256(content).hexdigest()
    if actual != release.sha256:
        message = f"{release.file} is not the file that was pinned"
        raise InvalidInput([build_error("wheel", "hash-wrong", actual, release.sha256, message)])
    return content


def find_link(text: str, page: str, file: str) -> str | None:
    """Return the address of a file on the registry's page, JSON or HTML."""
    if text.lstrip().startswith("{"):
        links = [str(entry["url"]) for entry in json.loads(text)["files"]]
    else:
        links = [html.unescape(link).partition("#")[0] for link in re.findall(r'href="([^"]+)"', text)]
    return next((urljoin(page, link) for link in links if urlsplit(link).path.rpartition("/")[2] == file), None)


def _fetch(address: str, accept: str) -> bytes:
    if urlsplit(address).scheme not in ("https", "http"):
        message = f"{address} is not a web address"
        raise InvalidInput([build_error("registry", "address-refused", address, "https://...", message)])
    request = urllib.request.Request(address, headers={"Accept": accept, "User-Agent": "afterglow"})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            return bytes(answer.read())
    except OSError as error:
        message = f"{urlsplit(address).netloc} cannot be reached: {error}"
        accepted = "a network; set PIP_INDEX_URL for a mirror, SSL_CERT_FILE behind an inspecting proxy"
        raise InvalidInput([build_error("registry", "registry-unreachable", address, accepted, message)]) from None
