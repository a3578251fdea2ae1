"""The lines of the log as people read them: checks by their titles, alarms with how long nobody answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.events import Event
from afterglow.web.sessions.present.alarms import write_counted
from afterglow.web.sessions.present.details import write_details
from afterglow.web.sessions.present.words import mend_words, write_span

View = dict[str, Any]


def mend_log(
    log: Sequence[View], events: Sequence[Event], protocol: Any, names: Mapping[str, str] | None = None
) -> list[View]:
    """Return the log with the words of each entry as the screens and the paper say them; nothing is left out.

    `more` says what was entered beside those words, people by `names`.
    """
    known = {event.seq: event for event in events}
    titles = _name_checks(protocol)
    return [
        {
            **_mend_line(line, known.get(line.get("seq") or 0), events, titles),
            "more": write_details(line.get("details") or (), names or {}),
        }
        for line in log
    ]


def _mend_line(line: View, event: Event | None, events: Sequence[Event], titles: Mapping[str, str]) -> View:
    mended = {**line, "text": mend_words(line.get("text"))}
    if event is None:
        return mended
    if event.type == "check-recorded":
        mended["text"] = _write_check(event.data, titles)
    elif event.type == "access-recorded":
        mended["text"] = write_access(event.data)
    elif event.type == "alarm-raised":
        mended["text"] = write_counted(str(event.data.get("priority") or ""), str(event.data.get("title") or ""))
    elif event.type == "alarm-escalated":
        mended["text"] = _write_unanswered(event, events)
    elif event.type == "alarm-cleared":
        mended["note"] = None
    return mended


def _name_checks(protocol: Any) -> dict[str, str]:
    """Return the titles of the protocol's checks, and of the gates that are met by looking."""
    titles = {
        str(gate.params["what"].value): str(gate.title)
        for gate in getattr(protocol, "gates", ())
        if gate.kind == "observed" and "what" in gate.params
    }
    return titles | {str(check.id): str(check.title) for check in getattr(protocol, "checks", ())}


def _write_check(data: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    name = str(data.get("check") or "")
    title = mend_words(titles.get(name) or name.replace("-", " ").capitalize())
    return f"{title}: {_('yes') if data.get('passed') else _('no')}"


def write_site(site: Any) -> str:
    """Return the place of a line in words, however it was typed."""
    return str(site or "").replace("-", " ")


def write_access(data: Mapping[str, Any]) -> str:
    """Return what was seen of the line: `IV site left forearm, 22 G: placed`."""
    where = ", ".join(
        part for part in (write_site(data.get("site")), f"{data['gauge']} G" if data.get("gauge") else "") if part
    )
    words = {"site": where, "state": data.get("state") or ""}
    return _("IV site %(site)s: %(state)s") % words if where else _("IV site: %(state)s") % words


def _write_unanswered(event: Event, events: Sequence[Event]) -> str:
    """Return how long an alarm had gone unanswered; it names nobody, since nobody was reached."""
    raised = next(
        (each for each in events if each.type == "alarm-raised" and each.data.get("alarm") == event.data.get("alarm")),
        None,
    )
    row = event.data.get("row") or ""
    if raised is None:
        return _("Alarm unanswered (%(row)s)") % {"row": row}
    span = write_span((event.occurred_at - raised.occurred_at).total_seconds())
    return _("Alarm unanswered for %(span)s (%(row)s)") % {"span": span, "row": row}
