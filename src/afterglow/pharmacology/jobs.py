"""Questions that a process of its own may be asked: JSON text in (so that a question is a key), plain data out.

Refused input comes back as `{"status": "refused", "problems": [...]}`; an exception would not survive the way between
processes. The same text always has the same answer.
"""

from collections.abc import Callable
from typing import Any

from afterglow.pharmacology.finding.compare import SUPPORT_AT, compare
from afterglow.pharmacology.finding.fields import read_json, read_numbers, refuse_unknown
from afterglow.pharmacology.finding.goals import parse_goal
from afterglow.pharmacology.finding.limits import parse_limits
from afterglow.pharmacology.finding.options import parse_option
from afterglow.pharmacology.finding.outlook import DEFAULT_N, DEFAULT_SEED, People, draw_people, parse_patient
from afterglow.pharmacology.finding.search import find_dose
from afterglow.pharmacology.finding.session import parse_events, predict_recorded
from afterglow.terms import InvalidInput, build_error

_SHARED = {"patient", "n", "seed"}
_WINDOW = {"until_min", "step_min", "support_at"}


def compare_options(payload_json: str) -> dict[str, Any]:
    """Return two options side by side.

    The payload holds `patient`, `a`, `b`, and may hold `n`, `seed`, `until_min`, `step_min`, `support_at`. The answer
    is `Comparison.to_json` with `status` ok.
    """
    return _answer(payload_json, {"a", "b"}, _WINDOW, _compare)


def predict_session(payload_json: str) -> dict[str, Any]:
    """Return the predicted band of a session from its recorded events.

    The payload holds `patient`, `drug`, `route`, `events`, and may hold `model`, `n`, `seed`, `until_min`, `step_min`,
    `support_at`. The answer has no value for this moment and no time of leaving.
    """
    return _answer(payload_json, {"drug", "route", "events"}, _WINDOW | {"model"}, _predict)


def find_dose_job(payload_json: str) -> dict[str, Any]:
    """Return the dose, duration or schedule that reaches a goal.

    The payload holds `patient`, `goal`, `option`, `limits`, and may hold `vary`, `n`, `seed`. The answer is
    `Answer.to_json`.
    """
    return _answer(payload_json, {"goal", "option", "limits"}, {"vary"}, _find)


def _answer(
    payload_json: str, needed: set[str], extra: set[str], job: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    try:
        content = read_json(payload_json)
        refuse_unknown("payload", content, needed | extra | _SHARED)
        missing = [name for name in sorted(needed | {"patient"}) if content.get(name) is None]
        if missing:
            raise InvalidInput(
                [build_error(name, "missing", None, "a value", f"{name} is missing.") for name in missing]
            )
        _require_objects(content)
        return {"status": "ok", **job(content)}
    except InvalidInput as refused:
        return {"status": "refused", "problems": [problem.to_json() for problem in refused.problems]}


def _require_objects(content: dict[str, Any]) -> None:
    kinds = {"events": list, "drug": str, "route": str, "model": str, "vary": str}
    kinds |= dict.fromkeys(("patient", "a", "b", "goal", "option", "limits"), dict)
    problems = [
        build_error(name, "wrong-kind", str(content[name])[:80], kind.__name__, f"{name} must be a {kind.__name__}.")
        for name, kind in kinds.items()
        if content.get(name) is not None and not isinstance(content[name], kind)
    ]
    if problems:
        raise InvalidInput(problems)


def _draw(content: dict[str, Any]) -> People:
    n, seed = content.get("n", DEFAULT_N), content.get("seed", DEFAULT_SEED)
    return draw_people(DEFAULT_N if n is None else n, DEFAULT_SEED if seed is None else seed)


def _compare(content: dict[str, Any]) -> dict[str, Any]:
    found = compare(
        parse_option(content["a"], "a"),
        parse_option(content["b"], "b"),
        parse_patient(content["patient"]),
        people=_draw(content),
        **_read_window(content, 150.0),
    )
    return found.to_json()


def _predict(content: dict[str, Any]) -> dict[str, Any]:
    return predict_recorded(
        parse_events(content["events"]),
        content["drug"],
        content["route"],
        parse_patient(content["patient"]),
        model=content.get("model"),
        people=_draw(content),
        **_read_window(content, 180.0),
    )


def _find(content: dict[str, Any]) -> dict[str, Any]:
    answer = find_dose(
        parse_goal(content["goal"]),
        parse_option(content["option"]),
        parse_patient(content["patient"]),
        parse_limits(content["limits"]),
        vary=content.get("vary") or "dose",
        people=_draw(content),
    )
    return answer.to_json()


def _read_window(content: dict[str, Any], until_min: float) -> dict[str, float]:
    return {"until_min": until_min, "step_min": 2.5, "support_at": SUPPORT_AT} | read_numbers(
        "payload", content, _WINDOW
    )
