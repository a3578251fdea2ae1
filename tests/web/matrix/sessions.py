"""Requests of the routes of one session: a downtime sheet with nothing written, and one without a second person."""

from typing import Any

from tests.web.matrix.ask import Ask

# more rows on the screen, nothing stored
OWN = {("web:session-from-paper", "POST add"), ("web:session-from-paper", "POST look")}

ASKS: dict[tuple[str, str], Any] = {
    ("web:session-from-paper", "POST add"): lambda house: Ask({"act": "add", "kind": "record-note", "count": "2"}),
    ("web:session-from-paper", "POST look"): lambda house: Ask({"act": "look", "day": "2026-03-02"}),
    ("web:session-from-paper", "POST store"): lambda house: Ask(
        {"act": "store", "row": "1", "r1.kind": "record-note", "r1.time": "00:01", "r1.data.note": "A quiet night"}
    ),
}
