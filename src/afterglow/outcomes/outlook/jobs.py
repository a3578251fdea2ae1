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
from afterglow.terms import Citation, FrequencyLimit, Grade, IntervalEdge, InvalidInput, build_error


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
        policy = None if content.get("policy") is None else parse_policy(content["policy"])
        kept = content.get("calibration")
        calibration = NOT_CALIBRATED if kept is None else parse_calibration(kept)
        found = render_outlook(
            make_outlook(read_request(content.get("course")), policy=policy, calibration=calibration)
        )
    except InvalidInput as refused:
        return {"status": "refused", "problems": [problem.to_json() for problem in refused.problems]}
    return {**found, "status": "ok", "outcome": found["status"]}


def render_policy(policy: IntervalPolicy) -> dict[str, Any]:
    """Return a policy as plain data; `parse_policy` is the inverse."""
    return {
        "protocol": policy.protocol,
        "phase": policy.phase,
        "choices_d": list(policy.choices_d),
        "default_d": policy.default_d,
        "text": policy.text,
        **_cite(policy.citation),
        "has_choice": policy.has_choice,
        "shortest": _render_edge(policy.lowest),
        "longest": _render_edge(policy.highest),
        "limits": [
            {"shortest_d": one.shortest_d, "is_hard": one.is_hard, "text": one.text, **_cite(one.citation)}
            for one in policy.limits
        ],
    }


def parse_policy(content: Mapping[str, Any]) -> IntervalPolicy:
    """Return the policy of `render_policy`.

    Raises
    ------
    InvalidInput
        The content is none.
    """
    try:
        return IntervalPolicy(
            content["protocol"], content["phase"], tuple(content["choices_d"]), content["default_d"], content["text"],
            _parse_citation(content), content["has_choice"], _parse_edge(content["shortest"]),
            _parse_edge(content["longest"]), tuple(_parse_limit(row) for row in content["limits"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        text = f"The policy cannot be read: {error!r}."
        raise InvalidInput([build_error("policy", "malformed", str(content)[:80], "a rendered policy", text)]) from None


def _render_edge(edge: IntervalEdge) -> dict[str, Any]:
    return {"days": edge.days, **_cite(edge.citation)}


def _cite(citation: Citation) -> dict[str, str]:
    return {"source": citation.source, "locator": citation.locator, "grade": str(citation.grade)}


def _parse_edge(row: Mapping[str, Any]) -> IntervalEdge:
    return IntervalEdge(row["days"], _parse_citation(row))


def _parse_limit(row: Mapping[str, Any]) -> FrequencyLimit:
    return FrequencyLimit(row["shortest_d"], row["is_hard"], row["text"], _parse_citation(row))


def _parse_citation(row: Mapping[str, Any]) -> Citation:
    return Citation(row["source"], row["locator"], Grade(row["grade"]))
