"""Acceptances of bookings become rows with what was seen; before, they were the rules' names alone."""

from typing import Any

from django.db import migrations


def convert(row: Any, word: str, names: dict[str, str]) -> dict[str, Any]:
    """Return the acceptance of a rule as far as the visit still says what was seen.

    Only a visit that waits and was not judged again since still has the findings of its booking; any other keeps the
    rule's name without what was seen, which covers nothing.
    """
    found = next((each for each in row.findings if each.get("rule") == word), None)
    is_known = row.session_id is None and row.expected_at is None and found is not None
    return {
        "rule": word,
        "severity": found["severity"] if found and is_known else "caution",
        "seen": found["seen"] if found and is_known else "",
        "threshold": found["threshold"] if found and is_known else "",
        "title": found.get("title", "") if found else "",
        "measure": None,
        "about": "",
        "by": row.booked_by_id if is_known else "",
        "by_name": names.get(row.booked_by_id, "") if is_known else "",
        "at": row.booked_at.isoformat() if is_known else None,
        "reason": "",
    }


def forward(apps: Any, schema_editor: Any) -> None:
    """Give each accepted rule what was seen with it."""
    rows = apps.get_model("scheduling", "Appointment").objects.exclude(accepted=[])
    names = dict(apps.get_model("people", "User").objects.values_list("pk", "display_name"))
    for row in rows.iterator():
        row.accepted = [convert(row, word, names) for word in row.accepted if isinstance(word, str)]
        row.save(update_fields=["accepted"])


def back(apps: Any, schema_editor: Any) -> None:
    """Keep the rules' names alone."""
    for row in apps.get_model("scheduling", "Appointment").objects.exclude(accepted=[]).iterator():
        row.accepted = sorted({each["rule"] for each in row.accepted})
        row.save(update_fields=["accepted"])


class Migration(migrations.Migration):
    """Rows only; no table changes."""

    dependencies = [("scheduling", "0001_begin"), ("people", "0002_say_what_was_asked")]

    operations = [migrations.RunPython(forward, back, elidable=True)]
