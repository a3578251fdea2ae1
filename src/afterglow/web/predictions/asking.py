"""Asking the worker: a question is JSON text, an answer is read once, and a page never waits long for either."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from afterglow.clinic.errors import NotYet
from afterglow.clinic.worker import WORKER
from afterglow.pharmacology import jobs

# a page that is opened shows what is ready; one that was asked to look again may wait a little
GLANCE_S, PATIENT_S, NO_WAIT_S = 0.4, 6.0, 0.0

Job = Callable[[str], dict[str, Any]]


def ask_comparison(payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    """Return two options side by side as the worker answers them.

    Raises
    ------
    NotYet
        The answer is not there yet, or the process was lost.
    """
    return _ask(jobs.compare_options, payload, timeout_s)


def ask_session(payload: Mapping[str, Any], timeout_s: float = NO_WAIT_S) -> dict[str, Any]:
    """Return the band of a session as the worker answers it; the page of a session waits for nothing.

    Raises
    ------
    NotYet
        The answer is not there yet, or the process was lost.
    """
    return _ask(jobs.predict_session, payload, timeout_s)


def _ask(job: Job, payload: Mapping[str, Any], timeout_s: float) -> dict[str, Any]:
    text = json.dumps(payload, sort_keys=True, allow_nan=False)
    try:
        answer = WORKER.ask(job, text, timeout_s=timeout_s)
    except NotYet:
        raise
    except Exception as error:
        # whatever broke in the other process: the page goes on without this part, and nothing of the question is told
        raise NotYet("the calculation failed; look again") from error
    return dict(answer)
