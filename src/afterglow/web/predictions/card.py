"""The card "What to expect": option A from the draft, option B beside it, drawn and in words, or why not yet."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.protocols.model import Protocol
from afterglow.web.predictions import words
from afterglow.web.predictions.asking import GLANCE_S, ask_comparison
from afterglow.web.predictions.comparing import SEEN, describe_comparison, draw_comparison
from afterglow.web.predictions.finding import build_finding, read_copied, read_goal
from afterglow.web.predictions.forms import OtherForm, describe_initial
from afterglow.web.predictions.options import (
    Option,
    build_option,
    describe_way,
    find_end_min,
    judge_use,
    propose_other,
)
from afterglow.web.predictions.own import build_own
from afterglow.web.predictions.people import describe_patient
from afterglow.web.predictions.problems import list_messages
from afterglow.web.predictions.reading import Comparison, Side, read_comparison

Card = dict[str, Any]
STEP_MIN, FINE_MIN = 1.0, 0.5
TABLE_STEP_MIN = 15


@dataclass(frozen=True, slots=True)
class Asked:
    """What the card is about: the protocol, the plan's values as they are typed, and the stay they ask for."""

    protocol: Protocol | None
    values: Mapping[str, Any]
    has_errors: bool = False

    @property
    def first(self) -> Option | None:
        """Option A, where the values make one."""
        if self.protocol is None or self.has_errors:
            return None
        return build_option(self.values, self.protocol)


def build_card(
    patient: Any, asked: Asked, now: datetime, *, user: Any, data: Any = None, timeout_s: float = GLANCE_S,
    may_use: bool = False,
) -> Card:  # fmt: skip
    """Return everything the card shows.

    Parameters
    ----------
    patient : Patient
    asked : Asked
    now : datetime
    user : User
        Who looks: only sessions that they may see speak of this patient.
    data : QueryDict, optional
        What was posted; B and the goal of a dose question are read from it where it names them.
    timeout_s : float
        How long the page waits for the worker.
    may_use : bool
        Whether B may take the place of A, as in a draft by who may draft.
    """
    first = asked.first
    form = OtherForm(data) if data is not None and "b-way" in data else None
    card: Card = {"state": "missing", "form": form or OtherForm(), "goal_form": read_goal(data), "first": first}
    if first is None or asked.protocol is None:
        text = _("Correct the draft first: its values cannot be used.") if asked.has_errors else describe_missing(asked)
        return card | {"missing": [text]}
    person = describe_patient(patient, now)
    copied = None
    if data is not None and "weight_kg" in person:
        copied = read_copied(str(data.get("act", "")), first, asked.protocol, Decimal(str(person["weight_kg"])))
    if copied is not None:
        form = OtherForm({f"b-{name}": value for name, value in describe_initial(copied).items()})
    if form is None:
        other = propose_other(first, asked.protocol)
        form = OtherForm(initial=describe_initial(other))
    elif form.is_valid():
        other = form.build_option()
    else:
        return card | {"missing": [_("Correct option B: it cannot be given like this.")], "is_open": True}
    card |= {
        "form": form,
        "other": other,
        "labels": _label(first, other),
        "refusal": judge_use(asked.protocol, other),
        "may_use": may_use,
    }
    if "weight_kg" not in person:
        return card | {"missing": [_("No weight on file: nothing is predicted for an assumed one. Weigh first.")]}
    card |= _ask(person, first, other, asked.protocol, asked.values, timeout_s)
    if card["state"] != "ready":
        return card
    return card | {
        "find": build_finding(card["goal_form"], person, first, asked.protocol, timeout_s),
        "own": build_own(user, person, patient, first, find_end_min(first), timeout_s),
    }


def describe_missing(asked: Asked) -> str:
    """Return what the draft lacks for a curve."""
    if asked.protocol is None:
        return _("The protocol cannot be read, so nothing is predicted.")
    if not asked.values.get("dose_mg_per_kg") and not asked.values.get("dose_mg"):
        return _("Write a dose to see what to expect.")
    if str(asked.protocol.pattern) == "infusion" and not asked.values.get("over_min"):
        return _("Write the minutes of the infusion to see what to expect.")
    return _("This dose cannot be given by its protocol's devices.")


def _label(first: Option, other: Option) -> dict[str, str]:
    is_apart = first.way != other.way
    return {"a": first.describe(with_way=is_apart), "b": other.describe(with_way=is_apart)}


def _ask(
    person: Mapping[str, Any],
    first: Option,
    other: Option,
    protocol: Protocol,
    values: Mapping[str, Any],
    timeout_s: float,
) -> Card:
    end = find_end_min(first, other)
    named = {"A": first, "B": other}
    edges = {key: [float(option.over_min)] for key, option in named.items() if option.over_min is not None}
    is_whole = all(edge.is_integer() for corners in edges.values() for edge in corners)
    payload = {
        "patient": dict(person),
        "a": first.to_payload(),
        "b": other.to_payload(),
        "until_min": end,
        "step_min": STEP_MIN if is_whole else FINE_MIN,
    }
    try:
        answer = ask_comparison(payload, timeout_s)
    except NotYet:
        return {"state": "later"}
    except GaveUp as gone:
        return {"state": "missing", "missing": [words.describe_giving_up(gone)]}
    if answer.get("status") != "ok":
        return {"state": "missing", "missing": list_messages(answer.get("problems", ()))}
    found = read_comparison(answer)
    trials = SEEN.get(first.way.key)
    return {
        "state": "ready",
        "chart": draw_comparison(found, edges=edges, trials=trials),
        "summary": describe_comparison(found),
        "seen_source": trials.source if trials else "",
        "rows": _build_rows(found, first, other, protocol, values.get("observe_min")),
        "models": [_build_model(side, option) for side, option in zip(found.sides, (first, other), strict=True)],
        "notes": _list_notes(found, first, other),
        "warnings": _list_warnings(found),
        "table": _build_table(found),
        "session_number": person.get("session_number", 1),
    }


def _build_rows(found: Comparison, first: Option, other: Option, protocol: Protocol, observe: int | None) -> list[Card]:
    """Return the table of rounded words, A and B beside each other; `lead` is what stands in bold."""
    sides, options = found.sides, (first, other)
    support = f"{sides[0].values['support_at']:g}"
    return [
        {"words": _("Peak, ng/mL"), "cells": [{"lead": words.write_ends(s.values["peak_ng_per_ml"])} for s in sides]},
        {"words": _("CADSS-6 reaches %(n)s") % {"n": support}, "cells": [_write_reaching(side) for side in sides]},
        {
            "words": _("Peak BP rise, mmHg"),
            "cells": [
                {"before": _("up to about"), "lead": words.write_rise(side.values["bp_rise_p95_mmhg"])}
                for side in sides
            ],
        },
        {
            "words": _("Minimum stay"),
            "note": _("leaving is not predicted"),
            "cells": [
                dict(zip(("lead", "after"), words.write_stay(option, first, observe), strict=True))
                for option in options
            ],
        },
        {
            "words": _("Evidence for this speed") if first.over_min is not None else _("Evidence"),
            "cells": [{"after": words.write_evidence(option, protocol)} for option in options],
        },
    ]


def _list_notes(found: Comparison, first: Option, other: Option) -> list[str]:
    """Return what must not be read into two options that differ in more than their dose."""
    notes = []
    bases = [side.basis for side in found.sides]
    if first.way != other.way:
        notes.append(_("Two drugs or routes are shown beside each other; neither dose is the other's equivalent."))
    if bases[0]["sampling_site"] != bases[1]["sampling_site"]:
        notes.append(
            _("Levels of A are %(a)s, of B %(b)s: they differ by that alone while drug goes in.")
            % {"a": words.write_site(bases[0]), "b": words.write_site(bases[1])}
        )
    if bases[0]["model"] != bases[1]["model"]:
        notes.append(_("A and B come from different published models; small differences mean nothing."))
    return notes


def _write_reaching(side: Side) -> dict[str, str]:
    return {
        "lead": words.write_share(side.values["cadss6_share"]),
        "after": _("of similar people"),
        "note": words.write_share_range(side.values.get("cadss6_share_range") or (0, 0)),
    }


def _build_model(side: Side, option: Option) -> Card:
    return {
        "key": side.key,
        "way": describe_way(option.way),
        "lines": words.write_basis(side.basis),
        "failures": list_messages([{"message": text} for text in side.basis.get("known_failures") or ()]),
    }


def _list_warnings(found: Comparison) -> list[Card]:
    """Return what was computed outside the studied range or with an assumption, each sentence once."""
    by_text: dict[str, list[str]] = {}
    for side in found.sides:
        for text in list_messages(side.problems):
            by_text.setdefault(text, []).append(side.key)
    return [{"keys": _(" and ").join(keys), "text": text} for text, keys in by_text.items()]


def _build_table(found: Comparison) -> list[Card]:
    """Return the chart as rows of bands every quarter of an hour."""
    rows = []
    for place, minute in enumerate(found.minutes):
        if minute % TABLE_STEP_MIN == 0:
            cells = []
            for side in found.sides:
                cells.append(words.write_band(side.concentration.low[place], side.concentration.high[place]))
                cells.append(words.write_band(side.cadss6.low[place], side.cadss6.high[place]))
            rows.append({"minute": f"{minute:g}", "cells": cells})
    return rows
