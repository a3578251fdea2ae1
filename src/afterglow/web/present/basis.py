"""What a finding rests on: when each value was measured, asked or answered, and where it came from."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.people.actions.measurements import KINDS
from afterglow.web.templatetags.words import day, hour, plain

# readings of one visit count together, as the screening reads them
TOGETHER = timedelta(hours=2)
_KIND_OF = {declared.fact: kind for kind, declared in KINDS.items()}
_BMI = ("weight", "height")


class Basis:
    """The rows of a chart as they stood when it was screened, asked by the facts of a finding."""

    def __init__(self, patient: Any, at: datetime) -> None:
        """Read what was recorded until then and not ended by then."""
        standing = Q(recorded_at__lte=at) & (Q(ended_at__isnull=True) | Q(ended_at__gt=at))
        self._at, self._patient = at, patient
        self._measured = list(patient.measurement_set.filter(standing).order_by("observed_at", "recorded_at", "pk"))
        rows = patient.historyfact_set.filter(standing).order_by("recorded_at", "pk")
        self._answers = {row.name: row for row in rows}

    def describe(self, facts: list[str]) -> str:
        """Return when and where the first known of these facts was seen, or nothing."""
        for name in facts:
            if words := self._describe_fact(name):
                return words
        return ""

    def _describe_fact(self, name: str) -> str:
        if name in self._answers:
            return self._describe_answer(self._answers[name])
        if name.startswith("bp."):
            return self._describe_pressure()
        if name.startswith("bmi."):
            return self._describe_bmi()
        if name in _KIND_OF and (row := self._find_last(_KIND_OF[name])) is not None:
            return _("%(when)s, %(origin)s") % {"when": self._write_when(row.observed_at), "origin": row.origin}
        asked = self._patient.medicines_asked_at
        if name.startswith("medication.") and asked is not None and asked <= self._at:
            return _("Medication list, asked %(day)s") % {"day": day(asked)}
        return ""

    def _find_last(self, kind: str) -> Any:
        return next((row for row in reversed(self._measured) if row.kind == kind), None)

    def _describe_answer(self, row: Any) -> str:
        return _("Answered %(day)s") % {"day": day(row.observed_on or row.recorded_at)}

    def _describe_pressure(self) -> str:
        last = self._find_last("blood-pressure")
        if last is None:
            return ""
        rows = [
            row
            for row in self._measured
            if row.kind == "blood-pressure" and last.observed_at - row.observed_at <= TOGETHER
        ]
        count = ngettext("%(n)d reading", "%(n)d readings", len(rows)) % {"n": len(rows)}
        lowest = min(rows, key=lambda row: (row.value, row.second_value or 0))
        shown = f"{plain(lowest.value)}/{plain(lowest.second_value)}"
        parts = [count, _("lowest %(bp)s") % {"bp": shown} if len(rows) > 1 else ""]
        parts += [str((last.detail or {}).get("position") or ""), self._write_when(last.observed_at), last.origin]
        return ", ".join(part for part in parts if part)

    def _describe_bmi(self) -> str:
        rows = [row for kind in _BMI if (row := self._find_last(kind)) is not None]
        units = {"weight": "kg", "height": "cm"}
        return ", ".join(f"{plain(row.value)} {units[row.kind]} ({self._write_when(row.observed_at)})" for row in rows)

    def _write_when(self, at: datetime) -> str:
        return f"{day(at)} {hour(at)}"
