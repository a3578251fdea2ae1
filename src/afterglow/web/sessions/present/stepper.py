"""The phase stepper: done steps with time, the current one with a clock, later ones with what they wait for."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from afterglow.web.sessions.present.words import read_instant, write_hour, write_span

View = dict[str, Any]

NAMES = {
    "booked": gettext_lazy("Booked"),
    "arrived": gettext_lazy("Arrived"),
    "pre-checks": gettext_lazy("Pre-checks"),
    "ready": gettext_lazy("Ready"),
    "dosing": gettext_lazy("Dosing"),
    "paused": gettext_lazy("Paused"),
    "observing": gettext_lazy("Observing"),
    "released": gettext_lazy("Released"),
    "left": gettext_lazy("Left"),
    "ended": gettext_lazy("Ended"),
    "cancelled": gettext_lazy("Cancelled"),
}
LINE = ("arrived", "pre-checks", "ready", "dosing", "observing", "released", "left")
ENDED = frozenset({"left", "ended", "cancelled"})
WAITS = {
    "arrived": gettext_lazy("name, time, escort"),
    "pre-checks": gettext_lazy("every check asked"),
    "ready": gettext_lazy("order, drug, time-out"),
    "dosing": gettext_lazy("after time-out and consent"),
    "observing": gettext_lazy("from the real end"),
    "released": gettext_lazy("criteria, then release"),
    "left": gettext_lazy("after release"),
}


def build_steps(view: View) -> list[View]:
    """Return the steps; a view that names its own wins over the usual line."""
    phase = str(view.get("phase") or "booked")
    given = {str(step.get("phase") or step.get("id")): step for step in view.get("steps") or []}
    current = "dosing" if phase == "paused" else phase
    line = list(LINE)
    if current == "booked":
        line = [current, *line]
    if current not in line:
        line = [name for name in LINE if name != "left" and _is_shown(name, given, current)] + [current]
    here = line.index(current)
    return [_build_step(name, index, here, given.get(name) or {}, view) for index, name in enumerate(line)]


def _is_shown(name: str, given: dict[str, View], ending: str) -> bool:
    """Return whether a step stands in the line of a session that ended otherwise: reached, or the release it lacks."""
    is_dosed = bool(given.get("dosing", {}).get("at"))
    return bool(given.get(name, {}).get("at")) or (name == "released" and ending == "ended" and is_dosed)


def _find_state(name: str, index: int, here: int, at: Any, phase: str) -> str:
    """Return now, done, later, or `skipped`: nobody released a person who is gone."""
    if index == here and phase not in ENDED:
        return "now"
    if name == "released" and not at and phase in ENDED:
        return "skipped"
    return "done" if index <= here or at else "later"


def _build_step(name: str, index: int, here: int, given: View, view: View) -> View:
    """Return one step in words."""
    phase = str(view.get("phase") or "booked")
    at = given.get("at") or given.get("started_at")
    state = _find_state(name, index, here, at, phase)
    is_now = state == "now"
    step: View = {
        "key": name,
        "name": _("Not released") if state == "skipped" else NAMES.get(phase if is_now else name, name),
        "state": state,
        "note": write_hour(at) if at else "",
        "detail": str(given.get("text") or given.get("detail") or ""),
        "waits": str(given.get("waits_for") or WAITS.get(name, "")),
    }
    if is_now:
        step.update(_build_timer(view))
    return step


def _build_timer(view: View) -> View:
    """Return the running clock of the current phase: the run while dosing, the stay while observed."""
    clock = view.get("clock") or {}
    phase = view.get("phase")
    if phase in {"dosing", "paused"} and clock.get("run_s") is not None:
        planned = clock.get("planned_s")
        length = _measure_pause(view) if phase == "paused" else clock.get("run_s")
        return {
            "timer_s": length,
            "timer": write_span(length),
            "runs": True,
            "of": _("of %(time)s") % {"time": write_span(planned)} if planned and phase == "dosing" else "",
            "from": _("from %(time)s") % {"time": write_hour(_find_begin(view), seconds=True)},
            "share": _share(clock.get("run_s"), planned),
        }
    if phase == "observing":
        earliest = (view.get("discharge") or {}).get("earliest_at")
        at, now = read_instant(earliest), read_instant(view.get("now"))
        is_ahead = at is not None and (now is None or at > now)
        note = _("not before %(time)s") % {"time": write_hour(earliest)} if is_ahead else _("gates below")
        observed = clock.get("observed_s")
        return {"timer_s": observed, "timer": write_span(observed), "runs": observed is not None, "from": note}
    return {"from": ""}


def _find_begin(view: View) -> Any:
    """Return from when the clock of giving runs: the start, or while paused the pause."""
    clock = view.get("clock") or {}
    return (clock.get("paused_at") if view.get("phase") == "paused" else None) or clock.get("started_at")


def _measure_pause(view: View) -> Any:
    """Return the seconds of the pause that lasts, which begins where the step says."""
    clock = view.get("clock") or {}
    at, now = read_instant(clock.get("paused_at")), read_instant(view.get("now"))
    return clock.get("paused_s") if at is None or now is None else max(0, int((now - at).total_seconds()))


def _share(part: Any, whole: Any) -> int | None:
    """Return whole percents, held between 0 and 100."""
    if not part or not whole:
        return None
    return max(0, min(100, round(float(part) / float(whole) * 100)))
