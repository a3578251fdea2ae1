"""The forecast of a chart: asked of the worker, never waited for long; ready, late, not enough data, or failed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from afterglow.clinic.care.calibrating import read_calibration
from afterglow.clinic.care.forecasts import Question, may_ask, read_question
from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.clinicday.surveillance import Due
from afterglow.web.predictions.asking import NO_WAIT_S, ask_outlook, write_question
from afterglow.web.predictions.problems import list_messages
from afterglow.web.predictions.words import describe_giving_up

READY, LATER, TOO_LITTLE, FAILED = "ready", "later", "not-enough-data", "failed"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked and what came of it; `reason` says why there is no forecast, `answer` holds what was worked out.

    An answer is kept by the worker under the whole text of its question: the day, every score and session, what bounds
    the advice, and the intervals of the protocol.
    """

    state: str
    question: Question
    reason: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    calibrated_at: datetime | None = None
    is_demonstration: bool = False

    @property
    def digest(self) -> str:
        """The digest of the question, by which a page and the chart are told apart."""
        return hashlib.sha256(write_question(self.question.payload).encode()).hexdigest()

    @property
    def advice(self) -> dict[str, Any]:
        """The advice, empty where none was worked out."""
        return dict(self.answer.get("next_treatment") or {})


def ask(
    user: Any, patient: Any, now: datetime, *, timeout_s: float = NO_WAIT_S, dues: Sequence[Due] | None = None
) -> Asked | None:
    """Return the forecast of a chart, or None for who may not read scores and sessions."""
    if not may_ask(user, patient):
        return None
    question = read_question(patient=patient, by=user, now=now, dues=dues)
    if question.code:
        return Asked(TOO_LITTLE, question, question.reason)
    own = read_calibration(patient)
    if own.content:
        question = replace(question, payload={**question.payload, "calibration": own.content})
    try:
        answer = ask_outlook(question.payload, timeout_s)
    except NotYet:
        return Asked(LATER, question)
    except GaveUp as gone:
        return Asked(FAILED, question, describe_giving_up(gone))
    if answer.get("status") != "ok":
        return Asked(FAILED, question, " ".join(list_messages(answer.get("problems", ()))))
    if answer["outcome"] != "forecast":
        return Asked(TOO_LITTLE, question, str(answer["reason"] or ""), answer)
    return Asked(
        READY, question, answer=answer, calibrated_at=own.made_at, is_demonstration=patient.site.is_demonstration
    )
