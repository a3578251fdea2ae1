"""What a patient's own recorded sessions say about this patient, beside similar people; or why nothing yet."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.dosing import find_start
from afterglow.chairside.readings import find_baseline, list_readings
from afterglow.chairside.state import SessionState
from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.fold import load_protocol, load_state
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.web.predictions import words
from afterglow.web.predictions.asking import ask_update
from afterglow.web.predictions.given import list_given
from afterglow.web.predictions.options import Option, find_way
from afterglow.web.predictions.own_chart import draw_own
from afterglow.web.predictions.people import count_sessions
from afterglow.web.predictions.problems import list_messages
from afterglow.web.predictions.reading import Side, read_side

OVER = ("released", "left", "ended")
MOST_SESSIONS = 4  # the latest ones; each costs the worker about a second
FOLLOWED_MIN = 240
STEP_MIN = 2.5
Own = dict[str, Any]


def build_own(user: Any, person: Mapping[str, Any], patient: Any, first: Option, end_min: int, timeout_s: float) -> Own:
    """Return the band that this patient's own readings leave, or why there is none; empty where nothing may be read."""
    if not policy.allow(user, "session.read", patient):
        return {}
    sessions = list_own_sessions(user, patient, first)
    if not sessions:
        return {"state": "none", "reason": _("No session of this drug and route with readings is recorded yet.")}
    payload = build_payload(person, first, sessions, end_min)
    try:
        answer = ask_update(payload, timeout_s)
    except NotYet:
        return {"state": "later"}
    except GaveUp as gone:
        return {"state": "none", "reason": words.describe_giving_up(gone)}
    if answer.get("status") != "ok":
        return {"state": "none", "reason": " ".join(list_messages(answer.get("problems", ())))}
    return _describe(answer, len(sessions), first, end_min)


def list_own_sessions(user: Any, patient: Any, first: Option) -> list[tuple[Session, SessionState, list[Any]]]:
    """Return the latest sessions by the option's drug and route that the user may see, oldest first, with the given."""
    rows = policy.scope(user, Session.objects.filter(patient=patient, phase__in=OVER)).select_related("protocol")
    found: list[tuple[Session, SessionState, list[Any]]] = []
    for session in rows.order_by("-opened_at", "-pk")[: 4 * MOST_SESSIONS]:
        protocol = load_protocol(session)
        if find_way(protocol) != first.way or len(found) == MOST_SESSIONS:
            continue
        state = load_state(session)
        given = list_given(state, protocol)
        if given and list_observations(session, state):
            found.append((session, state, given))
    return found[::-1]


def list_observations(session: Session, state: SessionState) -> list[dict[str, Any]]:
    """Return the readings of a session after its first drug: pressures where one before it is known, and CADSS-6."""
    started = find_start(state)
    if started is None:
        return []
    found: list[dict[str, Any]] = []

    def add(kind: str, value: Any, at: datetime) -> None:
        minute = (at - started).total_seconds() / 60
        if 0 < minute <= FOLLOWED_MIN:
            found.append({"kind": kind, "value": float(value), "session": session.pk, "at_min": round(minute, 2)})

    if find_baseline(state, "bp") is not None:
        for reading in list_readings(state, "bp"):
            add("systolic_mmhg", reading.value["systolic"], reading.at)
            add("diastolic_mmhg", reading.value["diastolic"], reading.at)
    for reading in list_readings(state, "cadss6"):
        add("cadss6", reading.value, reading.at)
    return found


def build_payload(
    person: Mapping[str, Any], first: Option, sessions: list[tuple[Session, SessionState, list[Any]]], end_min: int
) -> dict[str, Any]:
    """Return the question: what was given and seen in each session, and the option for people like that."""
    begin = find_start(sessions[0][1])
    rows, observations = [], []
    for place, (session, state, given) in enumerate(sessions):
        started = find_start(state)
        name = f"s{place + 1}"  # the other process learns no number of the chart
        row: dict[str, Any] = {
            "id": name,
            "start_h": round((started - begin).total_seconds() / 3600, 3) if started and begin else 0.0,
            "number": count_sessions(session.patient, session.opened_at) + 1,
            "events": given,
        }
        before = find_baseline(state, "bp")
        if before is not None:
            row |= {f"baseline_{side}_mmhg": float(before.value[side]) for side in ("systolic", "diastolic")}
        rows.append(row)
        observations += [{**one, "session": name} for one in list_observations(session, state)]
    return {
        "patient": dict(person),
        "drug": first.way.drug,
        "route": first.way.route,
        "sessions": rows,
        "observations": observations,
        "option": first.to_payload(),
        "until_min": end_min,
        "step_min": STEP_MIN,
    }


def _describe(answer: Mapping[str, Any], count: int, first: Option, end_min: int) -> Own:
    n = len(answer["checks"])
    told = _("Effective sample size %(ess)s of %(n)s virtual people, from %(readings)s readings of %(count)s sessions.")
    words = told % {"ess": f"{answer['ess']:.0f}", "n": answer["n"], "readings": n, "count": count}
    before = answer.get("prior_ess")
    if before is not None and before < answer["ess"]:
        moved = _("Before they were moved towards the readings, %(before)s of them counted.")
        words = f"{words} {moved % {'before': _('fewer than 1') if before < 1 else f'{before:.0f}'}}"
    shown: Own = {
        "ess": words,
        "warnings": list_messages(answer.get("problems", ())),
    }
    if answer["outcome"] != "updated":
        return shown | {"state": "none", "reason": describe_outcome(str(answer["code"])), "is_judged": True}
    similar, own = (read_side(answer[key]) for key in ("similar", "patient"))
    minutes = [place * STEP_MIN for place in range(int(end_min / STEP_MIN) + 1)]
    corners = [float(first.over_min)] if first.over_min is not None else []
    return shown | {
        "state": "ready",
        "chart": draw_own(similar, own, minutes, corners),
        "rows": _build_rows(similar, own),
    }


def _build_rows(*sides: Side) -> list[dict[str, Any]]:
    """Return the words of similar people and of this patient beside each other."""
    support = f"{sides[0].values['support_at']:g}"
    return [
        {
            "words": _("CADSS-6 reaches %(n)s") % {"n": support},
            "cells": [words.write_share(side.values["cadss6_share"]) for side in sides],
        },
        {
            "words": _("CADSS-6, highest"),
            "cells": [words.write_ends(side.values["cadss6_peak"]) for side in sides],
        },
        {
            "words": _("Peak BP rise, mmHg"),
            "cells": [
                _("up to about %(high)s") % {"high": words.write_rise(side.values["bp_rise_p95_mmhg"])}
                for side in sides
            ],
        },
    ]


def describe_outcome(code: str) -> str:
    """Return why nothing is learnt from the readings, in words."""
    return {
        "no-observations": _("Not enough data: no reading of these sessions can be used."),
        "uninformative": _(
            "Not enough data: the readings are as expected and too uncertain to tell this patient from similar people."
        ),
        "conflict": _("Nothing is learnt: the readings contradict each other or the model."),
        "stuck": _("Not enough data: too few virtual people fit these readings."),
        "impossible": _("Nothing is learnt: no virtual person can show these readings."),
    }.get(code, _("Not enough data."))
