"""Questions that a process of its own may be asked: JSON text in (so that a question is a key), plain data out.

Refused input comes back as `{"status": "refused", "problems": [...]}`; an exception would not survive the way between
processes. The same text always has the same answer.
"""

from collections.abc import Callable
from typing import Any

from afterglow.pharmacology.finding.candidates import parse_mark, weigh_candidates
from afterglow.pharmacology.finding.compare import SUPPORT_AT, build_side, compare, list_minutes
from afterglow.pharmacology.finding.fields import read_json, read_numbers, refuse_unknown
from afterglow.pharmacology.finding.goals import parse_goal
from afterglow.pharmacology.finding.limits import parse_limits
from afterglow.pharmacology.finding.options import parse_option
from afterglow.pharmacology.finding.outlook import DEFAULT_N, DEFAULT_SEED, People, draw_people, parse_patient, predict
from afterglow.pharmacology.finding.search import find_dose
from afterglow.pharmacology.finding.session import parse_events, predict_recorded
from afterglow.pharmacology.updating.reading import parse_course, parse_observations
from afterglow.pharmacology.updating.update import DEFAULT_N as UPDATE_N
from afterglow.pharmacology.updating.update import update
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


def weigh_doses(payload_json: str) -> dict[str, Any]:
    """Return several doses of one way side by side: the share of people who reach a goal and who pass a limit.

    The payload holds `patient`, `options`, `goal` and `limit` (each `of`, `level`: the peak of a quantity), and may
    hold `n`, `seed`. The answer has a row for each option in `candidates`, and `basis`.
    """
    return _answer(payload_json, {"options", "goal", "limit"}, set(), _weigh)


def update_patient(payload_json: str) -> dict[str, Any]:
    """Return what a patient's readings say about this patient, and an option for people like that if one is given.

    The payload holds `patient`, `drug`, `route`, `sessions` (each `id`, `start_h`, `events`, and `number`, the two
    baselines, `has_attenuation` where known), `observations` (the fields of `Observation`), and may hold `model`,
    `has_new_antidepressant`, `is_robust`, `option`, `n`, `seed`, `until_min`, `step_min`, `support_at`. The answer is
    `Update.to_json`, with `similar` and, where there is an estimate, `patient` (sides of a comparison) for the option.
    """
    needed = {"drug", "route", "sessions", "observations"}
    return _answer(payload_json, needed, _WINDOW | {"model", "option", "has_new_antidepressant", "is_robust"}, _update)


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
    kinds: dict[str, type] = {"events": list, "drug": str, "route": str, "model": str, "vary": str}
    kinds |= {
        "options": list,
        "sessions": list,
        "observations": list,
        "has_new_antidepressant": bool,
        "is_robust": bool,
    }
    kinds |= dict.fromkeys(("patient", "a", "b", "goal", "option", "limits", "limit"), dict)
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


def _weigh(content: dict[str, Any]) -> dict[str, Any]:
    rows = content["options"]
    wrong = [
        build_error(f"options[{i}]", "not-an-object", str(row)[:80], "an object", f"options[{i}] is no object.")
        for i, row in enumerate(rows)
        if not isinstance(row, dict)
    ]
    if wrong:
        raise InvalidInput(wrong)
    candidates, basis = weigh_candidates(
        [parse_option(row, f"options[{i}]") for i, row in enumerate(rows)],
        parse_mark(content["goal"], "goal"),
        parse_mark(content["limit"], "limit"),
        parse_patient(content["patient"]),
        people=_draw(content),
    )
    return {"candidates": [one.to_json() for one in candidates], "basis": dict(basis)}


def _update(content: dict[str, Any]) -> dict[str, Any]:
    patient = parse_patient(content["patient"])
    course = parse_course(content, patient)
    n, seed = content.get("n"), content.get("seed")
    found = update(
        course,
        parse_observations(content["observations"]),
        n=UPDATE_N if n is None else n,
        seed=DEFAULT_SEED if seed is None else seed,
        is_robust=content.get("is_robust") or False,
    )
    answer = found.to_json()
    if content.get("option") is not None:
        window = _read_window(content, 150.0)
        option = parse_option(content["option"])
        minutes = list_minutes(window["until_min"], window["step_min"])
        sides = {"similar": draw_people(min(found.n, DEFAULT_N), found.seed)}
        if found.has_estimate:
            sides["patient"] = found.people
        for key, people in sides.items():
            outlook = predict(option, patient, people, until_min=window["until_min"], step_min=window["step_min"])
            answer[key] = build_side(key, outlook, patient, minutes, window["support_at"]).to_json()
    return answer


def _read_window(content: dict[str, Any], until_min: float) -> dict[str, float]:
    return {"until_min": until_min, "step_min": 2.5, "support_at": SUPPORT_AT} | read_numbers(
        "payload", content, _WINDOW
    )
