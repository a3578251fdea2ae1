"""Reads a session from the clinic and puts its printed sheets together: record and hand-off."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model
from django.utils import formats
from django.utils.translation import gettext as _

from afterglow.clinic.dosing_sessions.fold import list_events, load_notes, load_protocol, load_state
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.web.record.drug_log import build_drug, build_orders, build_pump, build_release
from afterglow.web.record.sheet import (
    DASH,
    Source,
    build_chart,
    build_corrections,
    build_events,
    build_measurements,
    get_page_language,
)
from afterglow.web.sessions.lookup import read_view
from afterglow.web.sessions.present.ending import build_ending
from afterglow.web.sessions.present.words import mend_words

LAST_EVENTS = 14
_PERSONS = ("prescriber", "nurse", "to", "from")
_ROUTES = {"iv": "IV", "im": "IM", "sc": "SC", "intranasal": "nasal", "sublingual": "sublingual", "oral": "oral"}


def read_source(session: Session, now: datetime) -> Source:
    """Return everything the sheets of a session need, as it stands at `now` or at its end."""
    state, events, protocol = load_state(session), list_events(session), load_protocol(session)
    ids = {event.by for event in events} | {event.second for event in events}
    ids |= {str(event.data[name]) for event in events for name in _PERSONS if event.data.get(name)}
    return Source(
        state=state,
        protocol=protocol,
        view=read_view(session, find_instant(state, now), protocol),
        events=events,
        names=find_names(ids),
        zone=ZoneInfo(session.site.timezone),
    )


def find_instant(state: Any, now: datetime) -> datetime:
    """Return the instant a record speaks of: the departure once there is one, so that ages stop there."""
    left = state.find_last("patient-left", "ending-recorded", "session-cancelled")
    return now if left is None else left.occurred_at


def find_names(ids: Iterable[str]) -> dict[str, str]:
    """Return signature names by account, and by sign-in name for orders given by word of mouth."""
    wanted = [each for each in ids if each]
    users = get_user_model().objects.all()
    found = {str(user.pk): user.signature_name for user in users.filter(pk__in=wanted)}
    found.update({user.username: user.signature_name for user in users.filter(username__in=wanted)})
    found["system"] = _("the program")
    return found


def build_record(session: Session, *, now: datetime, by: Any) -> dict[str, Any]:
    """Return the data of the printed record."""
    source = read_source(session, now)
    protocol, patient = source.protocol, session.patient
    title = _("Session record, %(route)s %(drug)s") % {
        "route": _ROUTES.get(str(protocol.route), str(protocol.route)),
        "drug": _("esketamine") if str(protocol.drug) == "esketamine" else _("ketamine"),
    }
    return {
        **_build_frame(session, source, now=now, by=by, title=title),
        "identity": _build_identity(session, source),
        "chart": build_chart(source),
        "measurements": build_measurements(source),
        "drug": build_drug(source),
        "orders": build_orders(source),
        "events": build_events(source),
        "pump": build_pump(source),
        "release": build_release(source),
        "findings": _build_findings(source),
        "corrections": build_corrections(source),
        "signatures": _build_signatures(source),
        "patient": str(patient.pk),
    }


def _build_frame(session: Session, source: Source, *, now: datetime, by: Any, title: str) -> dict[str, Any]:
    """Return what stands around every sheet of a session: clinic, identity, verification."""
    site, patient = session.site, session.patient
    day = source.local(session.opened_at)
    number = source.state.header.get("number")
    subtitle = ", ".join(
        part
        for part in (
            _("Session %(n)s") % {"n": number} if number else "",
            formats.date_format(day, "l j F Y"),
            session.place,
        )
        if part
    )
    printed = formats.date_format(source.local(now), "j M Y") + source.local(now).strftime(" %H:%M:%S")
    head = " ".join(session.head_hash[start : start + 8] for start in range(0, len(session.head_hash), 8))
    born = formats.date_format(patient.birth_on, "j M Y")
    return {
        "title": title,
        "subtitle": subtitle,
        "language": get_page_language(),
        "paper": site.paper,
        "demonstration": _("Invented person, demonstration data") if site.is_demonstration else None,
        "clinic": {"name": site.name, "address": ". ".join(part for part in (site.address, site.phone) if part)},
        "running": {
            "identity": _("%(name)s, born %(born)s, no. %(number)s")
            % {"name": patient.display_name, "born": born, "number": patient.number},
            "clinic": f"{site.name}, {formats.date_format(day, 'j M Y')}",
        },
        "footer": {
            "left": _("%(n)s events. Head of the keyed chain (HMAC-SHA-256)") % {"n": session.last_seq},
            "printed": _("Printed %(at)s by %(who)s.") % {"at": printed, "who": getattr(by, "signature_name", str(by))},
            "page": _("Page"),
            "of": _("of"),
            "lines": [
                head,
                _("Verify with: afterglow audit verify %(id)s. A paper copy is valid only if the hash matches.")
                % {"id": session.pk},
            ],
        },
    }


def _build_identity(session: Session, source: Source) -> list[list[list[str]]]:
    patient, dose = session.patient, source.view["dose"]
    born = formats.date_format(patient.birth_on, "j M Y")
    age = _find_age(patient.birth_on, source.local(session.opened_at).date())
    weight = DASH
    if dose["weight_kg"]:
        weight = _("%(kg)s kg, weighed %(at)s") % {
            "kg": dose["weight_kg"],
            "at": formats.date_format(source.local(dose["weighed_at"]), "j M H:i"),
        }
    ordered, given = source.state.find_last("order-signed"), source.state.find_first(*_GIVEN)
    plan = session.plan
    return [
        [
            [_("Patient"), f"{patient.display_name}{f' ({patient.pronouns})' if patient.pronouns else ''}"],
            [_("Born"), _("%(born)s, %(age)s y") % {"born": born, "age": age}],
            [_("Number"), patient.number],
        ],
        [
            [_("Weight"), weight],
            [_("Allergy"), _describe_allergies(patient)],
            [_("Diagnosis"), _describe_problems(patient)],
        ],
        [
            [_("Ordered by"), source.name(ordered.by) if ordered else DASH],
            [_("Given by"), source.name(given.by) if given else DASH],
            [
                _("Protocol"),
                f"{source.protocol.title} v{source.protocol.version}"
                + (_(", plan v%(n)s") % {"n": plan.number} if plan else ""),
            ],
        ],
    ]


_GIVEN = ("dosing-started", "injection-given", "device-given")


def _find_age(born: Any, on: Any) -> int:
    return int(on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


def _describe_allergies(patient: Any) -> str:
    listed = [
        f"{row.substance.upper()}{f', {row.reaction}' if row.reaction else ''}"
        for row in patient.allergy_set.filter(ended_at__isnull=True)
    ]
    if listed:
        return "; ".join(listed)
    return _("none known") if patient.has_no_known_allergies else _("not asked")


def _describe_problems(patient: Any) -> str:
    listed = [f"{row.code} {row.display}".strip() for row in patient.problementry_set.filter(ended_at__isnull=True)[:2]]
    return "; ".join(listed) or DASH


def _build_findings(source: Source) -> dict[str, Any]:
    rows = []
    for finding in source.view["deviations"]:
        label = finding.get("grade_label", "")
        words = f"{finding['seen']} ({finding['threshold']}; {finding['source']}, {label})"
        rows.append(mend_words(words))
    return {"title": _("Findings and deviations"), "note": "", "rows": list(dict.fromkeys(rows))}


def _build_signatures(source: Source) -> list[dict[str, Any]]:
    """Return who signed what, the release first among equals by its heavier line."""
    acts = {
        "release-signed": _("release to leave"),
        "time-out-signed": _("time-out"),
        "reconciliation-recorded": _("drug reconciled"),
        "record-closed": _("record closed"),
    }
    found = []
    for event in source.state.list(*acts):
        when = formats.date_format(source.local(event.occurred_at), "j M Y") + source.local(event.occurred_at).strftime(
            " %H:%M:%S"
        )
        strong = event.type == "release-signed"
        found.append({"name": source.name(event.by), "act": acts[event.type], "when": when, "strong": strong})
        if event.second:
            words = _("second signer, %(act)s") % {"act": acts[event.type]}
            found.append({"name": source.name(event.second), "act": words, "when": when, "strong": False})
    return found or [{"name": _("Not signed"), "act": _("record open"), "when": "", "strong": False}]


def build_handoff(session: Session, *, now: datetime, by: Any) -> dict[str, Any]:
    """Return the data of the sheet that goes with a transferred person."""
    source = read_source(session, now)
    events = build_events(source)["rows"]
    measurements = build_measurements(source)
    drugs = [line for line in source.view["log"] if line["type"] in ("drug-given", *_GIVEN)]
    ending = build_ending(source.state, load_notes(session), partial(source.clock, seconds=True))
    parts = [
        *([_part(ending["title"], [f"{name}: {value}" for name, value in ending["rows"]])] if ending else []),
        _part(_("What was given"), [f"{source.clock(line['occurred_at'])} {_say(line)}" for line in drugs]),
        _part(_("Dose"), build_drug(source)["lines"]),
        {
            "title": _("Last readings"),
            "note": "",
            "columns": measurements["columns"],
            "rows": measurements["rows"][-6:],
            "lines": [],
        },
        {
            **_part(_("Alarms and events"), [f"{row['time']} {row['text']}" for row in events[-LAST_EVENTS:]]),
            "note": _("the last %(n)s of %(all)s; all of them stand in the session record")
            % {"n": LAST_EVENTS, "all": len(events)}
            if len(events) > LAST_EVENTS
            else "",
        },
        _part(_("Findings"), _build_findings(source)["rows"]),
    ]
    return {
        **_build_frame(session, source, now=now, by=by, title=_("Hand-off sheet")),
        "identity": _build_identity(session, source),
        "parts": parts,
        "signatures": [
            {"name": getattr(by, "signature_name", str(by)), "act": _("handed over"), "when": "", "strong": False},
            {"name": _("Received by"), "act": _("name, time"), "when": "", "strong": False},
        ],
    }


def _say(line: Mapping[str, Any]) -> str:
    """Return a line of the log with all that was entered with it."""
    words = ". ".join(str(part) for part in (line["text"], line["more"], line["note"]) if part)
    return words + (_(" (corrected by entry %(n)s)") % {"n": line["corrected_by"]} if line["corrected_by"] else "")


def _part(title: str, lines: list[str]) -> dict[str, Any]:
    return {"title": title, "note": "", "columns": [], "rows": [], "lines": lines or [_("Nothing recorded.")]}
