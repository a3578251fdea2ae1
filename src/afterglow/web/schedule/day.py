"""One day as the page shows it: strip of the week, places, load, prescribers, series, waiting list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.clinic.floor.marks import load_people
from afterglow.clinic.scheduling.days import Span, find_held, get_bounds, load_span, short_name
from afterglow.clinic.scheduling.models import Appointment, WaitingEntry
from afterglow.clinic.scheduling.waiting import Offer, list_offers, list_waiting
from afterglow.clinicday.booking import Day, Lengths, Spans, Window, find_gaps, find_latest_dose
from afterglow.clinicday.staffing import calculate_load, find_most, find_overload, get_limit, list_visits, show
from afterglow.web.schedule.drawing import Box, Mark, Scale, draw_load, draw_places
from afterglow.web.schedule.words import (
    describe_day,
    describe_kind,
    describe_state,
    describe_time,
    describe_visit,
    describe_way,
    list_initials,
    surname,
)
from afterglow.web.templatetags.words import day as show_date
from afterglow.web.templatetags.words import weekday

OFFERS_SHOWN = 4
WEEK = 7
AHEAD = 13


@dataclass(slots=True)
class Asked:
    """What the booking panel adds to the picture: the time asked for and the one offered instead."""

    patient: Any
    words: str
    spans: Spans
    place: str = ""
    nurse: str = ""
    nurse_id: str = ""
    is_clear: bool = False
    ignoring: str = ""
    offered: Any = None
    offered_spans: Spans | None = None


def build_day(site: Any, on: date, *, now: datetime, may_book: bool, asked: Asked | None = None) -> dict[str, Any]:
    """Return everything the day's page shows; a fixed number of queries, however many visits there are."""
    monday = on - timedelta(days=on.weekday())
    span = load_span(site, monday, monday + timedelta(days=AHEAD), now=now)
    rows = sorted(_list_of_day(span, on), key=lambda row: (row.starts_at, row.pk))
    waiting = list_waiting(site)
    offers = list_offers(waiting[:OFFERS_SHOWN], span, now=now)
    people = [row.patient for row in rows] + [entry.patient for entry in waiting[:OFFERS_SHOWN]]
    of_day = load_people(site, on).get(on)
    initials = list_initials([*people, asked.patient] if asked else people, of_day)
    scale = find_scale(span, on, rows, asked)
    day = span.get_day(on)
    return {
        "site": site,
        "on": on,
        "title": describe_day(on),
        "span": span,
        "strip": build_strip(span, on, now),
        "before_url": _link(on - timedelta(days=1)),
        "after_url": _link(on + timedelta(days=1)),
        "places": _draw(span, on, rows, initials, scale, asked, may_book),
        "places_note": _describe_places(span, day, on),
        "load": _draw_load(span, on, scale, initials, asked),
        "load_note": _("pre-checks or dosing 1, observing 0.5, limit %(n)s. Site policy N-2")
        % {"n": show(get_limit())},
        "visits": [_describe_row(row, span, initials) for row in rows],
        "waiting": [_describe_offer(offer, span, initials, may_book) for offer in offers],
        "waiting_count": len(waiting),
        "foot": _describe_foot(span, day),
    }


def find_scale(span: Span, on: date, rows: Sequence[Appointment], asked: Asked | None) -> Scale:
    """Return the hours that a day's picture covers: opening hours and every visit, from hour to half hour."""
    day = span.get_day(on)
    begins, _ends = get_bounds(span.zone, on)
    edges = [(window.begins_at, window.ends_at) for window in day.open or ()]
    edges += [(row.starts_at, find_held(span, row).spans.ends_at) for row in rows]
    if asked is not None:
        edges.append((asked.spans.starts_at, asked.spans.ends_at))
    if not edges:
        return Scale(begins + timedelta(hours=8), begins + timedelta(hours=17, minutes=30))
    first, last = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
    first -= timedelta(minutes=first.astimezone(span.zone).minute)
    return Scale(first, last + timedelta(minutes=30))


def build_strip(span: Span, on: date, now: datetime) -> list[dict[str, Any]]:
    """Return the days of the week with their visits; days without hours or visits are left out at the weekend."""
    today = now.astimezone(span.zone).date()
    days = []
    for each in (span.first + timedelta(days=step) for step in range(WEEK)):
        count = len(_list_of_day(span, each))
        if each.weekday() > 4 and each != on and not count and not span.get_day(each).open:
            continue
        name = describe_day(each) if each == on else f"{weekday(each)} {each.day}"
        days.append(
            {
                "name": _("%(day)s, today") % {"day": name} if each == today else name,
                "count": ngettext("%(n)d visit", "%(n)d visits", count) % {"n": count},
                "url": _link(each),
                "on": each,
                "is_current": each == on,
            }
        )
    return days


def _list_of_day(span: Span, on: date) -> list[Appointment]:
    begins_at, ends_at = get_bounds(span.zone, on)
    return [row for row in span.visits if begins_at <= row.starts_at < ends_at]


def _link(on: date) -> str:
    return f"{reverse('web:schedule')}?on={on.isoformat()}"


def _draw(
    span: Span,
    on: date,
    rows: Sequence[Appointment],
    initials: Mapping[str, str],
    scale: Scale,
    asked: Asked | None,
    may_book: bool,
) -> Any:
    places = [place for place in span.places if place.is_active or any(row.place_id == place.pk for row in rows)]
    index = {place.pk: number for number, place in enumerate(places)}
    day = span.get_day(on)
    boxes = [
        _build_box(row, span, initials, index[find_held(span, row).place], may_book)
        for row in rows
        if find_held(span, row).place in index and not (asked and row.pk == asked.ignoring)
    ]
    boxes += _build_asked_boxes(asked, span, initials, index, on)
    blocks = [
        (number, window)
        for window in day.blocks
        for key, number in index.items()
        if window.place == key or (not window.place and not window.user)
    ]
    count = ngettext("%(n)d visit", "%(n)d visits", len(rows)) % {"n": len(rows)}
    label = _("%(day)s: %(places)d places, %(visits)s") % {
        "day": describe_day(on), "places": len(places), "visits": count,
    }  # fmt: skip
    return draw_places(
        [(place.pk, place.name) for place in places],
        boxes,
        scale=scale,
        blocks=blocks,
        gaps=_list_away(day, scale),
        marks=_list_marks(span, day, rows),
        no_prescriber=_("no prescriber"),
        label=label,
        clock=partial(describe_time, zone=span.zone),
        on=on,
    )


def _build_box(row: Appointment, span: Span, initials: Mapping[str, str], index: int, may_book: bool) -> Box:
    nurse = span.users.get(row.nurse_id or row.clinician_id or "")
    words = describe_visit(row, span.zone)
    clock = f"{describe_time(row.starts_at, span.zone)}–{describe_time(row.ends_at, span.zone)}"
    stay, clash = describe_stay(row, span), _find_clash(row, span)
    parts = (initials[row.patient_id], words, clock, surname(nurse.display_name) if nurse else "")
    return Box(
        spans=find_held(span, row).spans,
        row=index,
        initials=initials[row.patient_id],
        words=f"{words}, {_shorten_stay(row, span)}" if stay else words,
        nurse=surname(nurse.display_name) if nurse else "",
        label=", ".join(part for part in (*parts, describe_state(row.state), stay, clash) if part),
        url=reverse("web:visit", args=[row.pk]),
        kind="clash" if clash else "plain" if row.state in ("booked", "confirmed") else row.state,
        visit=row.pk,
        is_movable=may_book and row.state in ("booked", "confirmed"),
    )


def describe_stay(row: Appointment, span: Span) -> str:
    """Return how long a person whose session runs stays past the planned end: still there, or until when at least."""
    held = find_held(span, row)
    if held.planned_until is None or held.leaves_at is None or held.sits_until is None:
        return ""
    if held.leaves_at >= max(held.planned_until, held.sits_until):
        return _("until %(time)s at the earliest") % {"time": describe_time(held.leaves_at, span.zone)}
    return _("still there") if held.sits_until > held.planned_until else ""


def _shorten_stay(row: Appointment, span: Span) -> str:
    held = find_held(span, row)
    if held.leaves_at is None or held.sits_until is None or held.leaves_at < held.sits_until:
        return _("still there")
    return _("to %(time)s") % {"time": describe_time(held.leaves_at, span.zone)}


def _find_clash(row: Appointment, span: Span) -> str:
    """Return that somebody else will still be in the place of a visit that has not begun, or nothing."""
    if row.session_id or not span.occupied or row.state not in ("booked", "confirmed", "arrived"):
        return ""
    for held in span.get_day(row.starts_at.astimezone(span.zone).date()).held:
        if held.sits_until is None or held.place != row.place_id:
            continue
        if held.spans.overlaps(row.starts_at, row.ends_at):
            until = describe_time(held.spans.ends_at, span.zone)
            return _("place not free before %(time)s") % {"time": until}
    return ""


def _build_asked_boxes(
    asked: Asked | None, span: Span, initials: Mapping[str, str], index: Mapping[str, int], on: date
) -> list[Box]:
    if asked is None:
        return []
    found = []
    mark = initials[asked.patient.pk]
    if asked.place in index:
        kind = "asked" if asked.is_clear else "clash"
        label = _("%(who)s, asked for") % {"who": mark}
        found.append(Box(asked.spans, index[asked.place], mark, asked.words, asked.nurse, label, kind=kind))
    offered, spans = asked.offered, asked.offered_spans
    if offered is None or spans is None or offered.place is None or asked.is_clear:
        return found
    if offered.starts_at.astimezone(span.zone).date() == on and offered.place.pk in index:
        nurse = surname(offered.nurse.display_name) if offered.nurse else ""
        label = _("%(who)s, offered instead") % {"who": mark}
        found.append(Box(spans, index[offered.place.pk], mark, asked.words, nurse, label, kind="offered"))
    return found


def _list_away(day: Day, scale: Scale) -> list[tuple[datetime, datetime]]:
    """Return the times between the first prescriber's coming and the last one's leaving at which none is there."""
    if not day.prescribers:
        return []
    first = min(window.begins_at for window in day.prescribers)
    last = max(window.ends_at for window in day.prescribers)
    return find_gaps(day.prescribers, max(first, scale.begins_at), min(last, scale.ends_at))


def _list_marks(span: Span, day: Day, rows: Sequence[Appointment]) -> list[Mark]:
    """Return the latest first doses of the two longest ways of giving on the day, and when the prescriber leaves."""
    ways: dict[str, datetime] = {}
    for row in rows:
        if row.dose_at is None or row.dose_ends_at is None:
            continue
        minutes = int((row.dose_ends_at - row.dose_at).total_seconds() // 60)
        words = describe_way(row.protocol)
        words += f" {minutes} min" if words == "IV" else ""
        stay = int((row.ends_at - row.dose_ends_at).total_seconds() // 60)
        at = find_latest_dose(day, Lengths(0, minutes, stay))
        if at is not None:
            # one way has one line: that of its longest stay
            ways[words] = min(at, ways.get(words, at))
    latest: dict[datetime, list[str]] = {}
    for words, at in ways.items():
        latest.setdefault(at, []).append(words)
    marks = [Mark(at, f"{', '.join(sorted(latest[at]))} {describe_time(at, span.zone)}") for at in sorted(latest)[:2]]
    if marks:
        marks[0] = Mark(marks[0].at, _("latest first dose: %(what)s") % {"what": marks[0].words})
    if day.prescribers:
        leaves = max(window.ends_at for window in day.prescribers)
        words = _("prescriber leaves %(time)s") % {"time": describe_time(leaves, span.zone)}
        marks.append(Mark(leaves, words, is_end=True))
    return marks


def _draw_load(span: Span, on: date, scale: Scale, initials: Mapping[str, str], asked: Asked | None) -> Any:
    day, limit = span.get_day(on), get_limit()
    rows = []
    for nurse in span.nurses:
        booked = calculate_load(list_visits(day, nurse.pk, ignoring=asked.ignoring if asked else ""))
        name = short_name(nurse.display_name)
        with_asked, words = [], ""
        if asked is not None and asked.nurse_id == nurse.pk and not asked.is_clear:
            visits = [*list_visits(day, nurse.pk, ignoring=asked.ignoring), asked.spans]
            own = calculate_load(visits)
            with_asked = [step for step in own if asked.spans.overlaps(step.begins_at, step.ends_at)]
            words = _describe_over(with_asked, initials[asked.patient.pk], span)
        most = _("most %(n)s of %(limit)s") % {"n": show(find_most(booked)), "limit": show(limit)}
        rows.append((name, most, booked, with_asked, words))
    label = _("Load of %(n)d nurses against the limit of %(limit)s, and prescribers on site") % {
        "n": len(rows), "limit": show(limit),
    }  # fmt: skip
    return draw_load(rows, _list_presence(span, day), scale=scale, limit=limit, label=label)


def _describe_over(steps: Sequence[Any], mark: str, span: Span) -> str:
    over = find_overload(steps, get_limit())
    if over is None:
        return ""
    begins_at, ends_at, load = over
    return _("%(n)s with %(who)s, %(from)s to %(to)s") % {
        "n": show(load),
        "who": mark,
        "from": describe_time(begins_at, span.zone),
        "to": describe_time(ends_at, span.zone),
    }


def _list_presence(span: Span, day: Day) -> list[tuple[str, list[Window], list[tuple[datetime, datetime]], list[str]]]:
    found = []
    for user in dict.fromkeys(window.user for window in day.prescribers or ()):
        windows = sorted((each for each in day.prescribers or () if each.user == user), key=lambda each: each.begins_at)
        away = find_gaps(windows, windows[0].begins_at, windows[-1].ends_at)
        notes = [
            _("on site from %(time)s") % {"time": describe_time(windows[0].begins_at, span.zone)},
            _("to %(time)s") % {"time": describe_time(windows[-1].ends_at, span.zone)},
            *(
                _("away %(from)s to %(to)s")
                % {"from": describe_time(begin, span.zone), "to": describe_time(end, span.zone)}
                for begin, end in away
            ),
        ]
        found.append((span.names.users.get(user, ""), windows, away, notes))
    return found


def _describe_places(span: Span, day: Day, on: date) -> str:
    active = [place for place in span.places if place.is_active]
    _begins_at, ends_at = get_bounds(span.zone, on)
    blocked = [window for window in day.blocks if window.place]
    if not blocked:
        return ngettext("%(n)d place all day", "%(n)d places all day", len(active)) % {"n": len(active)}
    names = []
    for window in blocked:
        name = span.names.places.get(window.place, "")
        until = describe_time(window.ends_at, span.zone)
        is_rest = window.ends_at >= ends_at or (day.open and window.ends_at >= day.open[-1].ends_at)
        names.append(_("%(place)s blocked") % {"place": name} if is_rest else f"{name} {_('from')} {until}")
    free = len(active) - len({window.place for window in blocked})
    return _("%(free)d of %(all)d all day, %(others)s") % {
        "free": free, "all": len(active), "others": ", ".join(names),
    }  # fmt: skip


def _describe_row(row: Appointment, span: Span, initials: Mapping[str, str]) -> dict[str, Any]:
    nurse = span.users.get(row.nurse_id or row.clinician_id or "")
    return {
        "url": reverse("web:visit", args=[row.pk]),
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "initials": initials[row.patient_id],
        "words": describe_visit(row, span.zone),
        "place": span.names.places.get(row.place_id or "", "–"),
        "nurse": short_name(nurse.display_name) if nurse else "–",
        "state": ", ".join(
            part for part in (describe_state(row.state), describe_stay(row, span), _find_clash(row, span)) if part
        ),
        "row": row,
    }


def _describe_offer(offer: Offer, span: Span, initials: Mapping[str, str], may_book: bool) -> dict[str, Any]:
    entry = offer.entry
    url = f"{reverse('web:schedule')}?patient={entry.patient_id}&kind={entry.kind}&entry={entry.pk}"
    act = _("Find a day")
    if offer.opening is not None:
        at = offer.opening.starts_at.astimezone(span.zone)
        url += f"&on={at:%Y-%m-%d}&at={at:%H:%M}"
        url += f"&place={offer.opening.place.pk}" if offer.opening.place else ""
        url += f"&nurse={offer.opening.nurse.pk}" if offer.opening.nurse else ""
        act = _("Offer %(when)s") % {"when": f"{describe_day(at.date()).split(' ')[0]} {at:%H:%M}"}
    words, is_soon = describe_waiting(entry, offer.days_waited)
    way = describe_way(entry.protocol)
    return {
        "initials": initials[entry.patient_id],
        "words": ", ".join(part for part in (way, describe_kind(entry.kind).lower()) if part),
        "note": words,
        "is_soon": is_soon,
        "url": url if may_book else "",
        "act": act,
    }


def describe_waiting(entry: WaitingEntry, days: int) -> tuple[str, bool]:
    """Return how long somebody has waited and what they asked for, and whether it presses."""
    parts = [ngettext("%(n)d day waited", "%(n)d days waited", days) % {"n": days}]
    if entry.wanted_until is not None:
        until = show_date(entry.wanted_until, "short")
        parts.insert(0, _("by %(day)s") % {"day": until})
    part = {"morning": _("mornings only"), "afternoon": _("afternoons only")}.get(entry.preferences.get("part", ""))
    parts += [word for word in (part, entry.preferences.get("note")) if word]
    return ", ".join(parts), entry.urgency in ("crisis", "urgent")


def _describe_foot(span: Span, day: Day) -> str:
    if not day.open:
        return _("Opening hours of this day are not recorded.") if day.open is None else _("Closed on this day.")
    closing = describe_time(max(window.ends_at for window in day.open), span.zone)
    words = _("Closing %(time)s.") % {"time": closing}
    if day.prescribers:
        leaves = describe_time(max(window.ends_at for window in day.prescribers), span.zone)
        words += " " + _(
            "Latest first dose = closing or prescriber leaving %(time)s, whichever is first, minus the shortest stay "
            "from first dose to leaving, minus 30 min."
        ) % {"time": leaves}
    return words
