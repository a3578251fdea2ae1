"""Text messages by an HTTP adapter: one JSON post per message, with a key by which the other side knows a repetition.

The body is `{"to": ..., "from": ..., "text": ..., "id": ...}`, sent with `Authorization: Bearer TOKEN` and
`Idempotency-Key: ID`. Any 2xx answer means taken over.
"""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from afterglow.clinic.notices.senders import Delivery, NotSent

TIMEOUT_S = 20.0
# the other side says itself that nothing was done
NOT_DONE = frozenset({408, 425, 429, 503})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a token goes to the address it was given for, and nowhere else."""

    def redirect_request(self, *_args: Any, **_others: Any) -> None:
        """Refuse."""


@dataclass(frozen=True, slots=True)
class HttpSender:
    """One adapter: its address, its token, and the name or number shown as sender."""

    url: str
    token: str
    sender: str = ""

    def send(self, delivery: Delivery) -> str:
        """Deliver one text; an answer that does not come leaves it open whether it left."""
        body = {"to": delivery.to, "from": self.sender, "text": delivery.message.text, "id": delivery.id}
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.id}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
        opener = urllib.request.build_opener(_NoRedirect())
        try:
            with opener.open(request, timeout=TIMEOUT_S) as answer:
                return f"http-{answer.status}"
        except urllib.error.HTTPError as error:
            error.close()
            raise NotSent(_class_of(error.code), f"http-{error.code}") from None
        except urllib.error.URLError as error:
            raise NotSent(*_read_failure(error.reason)) from None
        except (OSError, http.client.HTTPException) as error:
            raise NotSent("unsure", type(error).__name__) from None


def _class_of(status: int) -> str:
    if status in NOT_DONE:
        return "transient"
    return "unsure" if status >= 500 else "permanent"


def _read_failure(reason: object) -> tuple[str, str]:
    """Return how sure it is that nothing left: no name, no connection and no trust mean that nothing did."""
    if isinstance(reason, ConnectionRefusedError | ssl.SSLError) or type(reason).__name__ == "gaierror":
        return "transient", type(reason).__name__
    return "unsure", type(reason).__name__
