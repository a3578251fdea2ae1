"""Questions that a process of its own may be asked: JSON text in (so that a question is a key), plain data out.

Refused input comes back as `{"status": "refused", "problems": [...]}`; the same text always has the same answer.
"""

import json
from collections.abc import Mapping
from typing import Any

from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, parse_calibration
from afterglow.outcomes.next_treatment import IntervalPolicy
from afterglow.outcomes.outlook.build import make_outlook
from afterglow.outcomes.outlook.reading import read_request
from afterglow.outcomes.outlook.render import render_outlook
from afterglow.terms import Citation, Grade, InvalidInput, build_error


def forecast_course(payload_json: str) -> dict[str, Any]:
    """Return forecast and advice for one course.

    The payload holds `course` (a course file with `as_of`, `drug` and `route`), and may hold `policy` (from
    `render_policy`) and `calibration` (from `render_calibration`). The answer is `render_outlook` with `status` ok and
    the forecast's own status as `outcome`.
    """
    try:
        content = json.loads(payload_json)
        if not isinstance(content, Mapping) or not set(content) <= {"course", "policy", "calibration"}:
            accepted = "course, policy, calibration"
            raise InvalidInput(
                [build_error("payload", "not-an-object", payload_json[:80], accepted, "No such question.")]
            )
        policy = None if content.get("policy") is None else _parse_policy(content["policy"])
        kept = content.get("calibration")
        calibration = NOT_CALIBRATED if kept is None else parse_calibration(kept)
        found = render_outlook(
            make_outlook(read_request(content.get("course")), policy=policy, calibration=calibration)
        )
    except InvalidInput as refused:
        return {"status": "refused", "problems": [problem.to_json() for problem in refused.problems]}
    return {**found, "status": "ok", "outcome": found["status"]}


def render_policy(policy: IntervalPolicy) -> dict[str, Any]:
    """Return a policy as plain data; the inverse stands in this module."""
    return {
        "protocol": policy.protocol,
        "phase": policy.phase,
        "choices_d": list(policy.choices_d),
        "default_d": policy.default_d,
        "text": policy.text,
        "source": policy.citation.source,
        "locator": policy.citation.locator,
        "grade": str(policy.citation.grade),
        "has_choice": policy.has_choice,
    }


def _parse_policy(content: Mapping[str, Any]) -> IntervalPolicy:
    try:
        citation = Citation(content["source"], content["locator"], Grade(content["grade"]))
        return IntervalPolicy(
            content["protocol"], content["phase"], tuple(content["choices_d"]), content["default_d"], content["text"],
            citation, content["has_choice"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        text = f"The policy cannot be read: {error!r}."
        raise InvalidInput([build_error("policy", "malformed", str(content)[:80], "a rendered policy", text)]) from None
