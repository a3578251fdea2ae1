"""Asking the workers: a question is JSON text, an answer is read once, and a page never waits long for either.

Plans and the chairside ask processes of their own, so that nothing a plan asks for delays a running session.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from afterglow.clinic.worker import CHAIRSIDE, PLANS, Worker
from afterglow.outcomes.outlook.jobs import forecast_course
from afterglow.pharmacology import jobs

# a page that is opened shows what is ready; one that was asked to look again may wait a little
GLANCE_S, PATIENT_S, NO_WAIT_S = 0.4, 6.0, 0.0

Job = Callable[[str], dict[str, Any]]


def write_question(payload: Mapping[str, Any]) -> str:
    """Return a question as the text that is its key: all that an answer depends on, and nothing else."""
    return json.dumps(payload, sort_keys=True, allow_nan=False)


def ask_comparison(payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return two options side by side as the worker answers them.

    Raises
    ------
    NotYet
        The answer is not there yet, or the process was lost.
    GaveUp
        There will be none.
    """
    return _ask(PLANS, jobs.compare_options, write_question(payload), timeout_s)


def ask_doses(payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return several doses of one way with their shares.

    Raises
    ------
    NotYet, GaveUp
        As `ask_comparison`.
    """
    return _ask(PLANS, jobs.weigh_doses, write_question(payload), timeout_s)


def ask_update(payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return what a patient's own sessions say about this patient.

    Raises
    ------
    NotYet, GaveUp
        As `ask_comparison`.
    """
    return _ask(PLANS, jobs.update_patient, write_question(payload), timeout_s)


def ask_outlook(payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return forecast and advice of a course as the worker answers them.

    Raises
    ------
    NotYet, GaveUp
        As `ask_comparison`.
    """
    return _ask(PLANS, forecast_course, write_question(payload), timeout_s)


def ask_session(question: str, timeout_s: float = NO_WAIT_S) -> dict[str, Any]:
    """Return the band of a session as the worker answers it; the page of a session waits for nothing.

    Raises
    ------
    NotYet, GaveUp
        As `ask_comparison`.
    """
    return _ask(CHAIRSIDE, jobs.predict_session, question, timeout_s)


def _ask(worker: Worker, job: Job, question: str, timeout_s: float) -> dict[str, Any]:
    return dict(worker.ask(job, question, timeout_s=timeout_s))
