"""A downtime sheet entered afterwards: rows with their times, looked at first, stored all together or not at all."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from afterglow.chairside.commands import COMMANDS
from afterglow.chairside.details import list_details
from afterglow.chairside.log import describe_event, find_note
from afterglow.clinic.accounts.signers import is_at_site, verify_second_signer
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.dosing_sessions.several import (
    Entry,
    Judged,
    Sent,
    find_sent,
    judge_several,
    submit_several,
)
from afterglow.clinic.errors import Denied, Refused, TryLater
from afterglow.clinic.ids import make_id
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import get_address, sentence
from afterglow.web.sessions.forms.paper import ALREADY, KINDS, MOST_ROWS, Row, add_rows, read_rows
from afterglow.web.sessions.lookup import find_session, record_page_read
from afterglow.web.sessions.present.details import write_details
from afterglow.web.sessions.present.words import mend_words
from afterglow.web.sessions.submit import mend_problem, render_finding
from afterglow.web.templatetags.words import moment

RECORD = "session.record"
# the refusal of a key that other entries were stored under
USED = "request-key-used"
ENTERED = frozenset(COMMANDS[form.command].event for form in KINDS.values())
FIRST_ROWS = 4
ACTS = ("add", "look", "store")


@staff_page(RECORD)
def show_from_paper(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the form of rows, judge what was written, or store all of it."""
    session, now = find_session(request, session_id, RECORD), timezone.now()
    zone = ZoneInfo(session.site.timezone)
    if request.method != "POST":
        record_page_read(request, session, "downtime sheet", now)
        rows: list[Row] = []
        add_rows(rows, "vitals", str(FIRST_ROWS))
        return _show(request, session, {"rows": rows, "day": session.opened_at.astimezone(zone).date()})
    act = "add" if request.POST.get("drop") else request.POST.get("act", "")
    if act not in ACTS:
        raise Http404
    day = _read_day(request.POST.get("day", ""))
    rows = read_rows(request.POST, day or now.astimezone(zone).date(), session.opened_at.astimezone(zone), now)
    page: dict[str, Any] = {"rows": rows, "day": day, "day_error": "" if day else _("Give the day of the sheet.")}
    if act == "add":
        for row in rows:
            row.problems.clear()
        if not request.POST.get("drop"):
            add_rows(rows, request.POST.get("kind", ""), request.POST.get("count", ""))
        return _show(request, session, {**page, "day_error": ""})
    return _enter(request, session, page, now, is_final=act == "store")


def _enter(
    request: HttpRequest, session: Session, page: dict[str, Any], now: datetime, *, is_final: bool
) -> HttpResponse:
    """Judge what was written, and store it where that was asked for and nothing stands against it."""
    written = [row for row in page["rows"] if not row.is_blank]
    second, page["second_error"] = _find_second(request, session, now, is_final=is_final)
    entries = _list_entries(written, request.user, second, now)
    key = _read_key(request.POST)
    if (sent := _find_sent(session, entries, key)) is not None:
        if is_final and sent.is_same and len(entries) == len(written):
            return _say_stored(request, session, sent.events, is_repeated=True)
        return _show_sent(request, session, page, entries, sent)
    _judge(session, entries)
    if page["day_error"] or page["second_error"] or not written or any(row.is_refused for row in written):
        page["refused"] = _describe_refusal(written)
        return _show(request, session, page, status=STATUS_UNUSABLE)
    if not is_final:
        return _show(request, session, {**page, "ready": _describe_ready(written)})
    try:
        answer = submit_several(session=session, entries=[entry for _, entry in entries], now=now, request_key=key)
    except (InvalidInput, Refused, Denied) as error:
        # the same sheet may have been stored by another sending while this one was judged
        if getattr(error, "code", "") == USED and (sent := _find_sent(session, entries, key)) is not None:
            return _show_sent(request, session, page, entries, sent)
        # somebody else wrote to the session in between
        page["refused"] = sentence(str(error))
        return _show(request, session, page, status=STATUS_UNUSABLE)
    return _say_stored(request, session, answer.events, is_repeated=answer.is_repeated)


def _say_stored(request: HttpRequest, session: Session, events: Iterable[Any], *, is_repeated: bool) -> HttpResponse:
    """Say how many entries are stored, counted in the record itself, and go to the session."""
    count = sum(event.type in ENTERED for event in events)
    words = (
        ngettext(
            "Stored already: %(n)d entry from paper, once.", "Stored already: %(n)d entries from paper, once.", count
        )
        if is_repeated
        else ngettext("Stored: %(n)d entry from paper.", "Stored: %(n)d entries from paper.", count)
    )
    messages.success(request, words % {"n": count})
    return redirect("web:session", session.pk)


def _find_sent(session: Session, entries: list[tuple[Row, Entry]], key: str) -> Sent | None:
    """Return what a sheet stored that was sent from this very page before, or None where it was not."""
    return find_sent(session=session, entries=[entry for _, entry in entries], request_key=key)


def _show_sent(
    request: HttpRequest, session: Session, page: dict[str, Any], entries: list[tuple[Row, Entry]], sent: Sent
) -> HttpResponse:
    """Return the form without the rows that an earlier sending stored, under a fresh key: what is left can be stored.

    That sending's answer was lost on the way, or the page was gone back to and changed.
    """
    stored = {id(row) for (row, _entry), place in zip(entries, sent.found, strict=True) if place is not None}
    record_page_read(request, session, "downtime sheet", timezone.now())
    left = [row for row in page["rows"] if id(row) not in stored]
    rest = [pair for pair in entries if id(pair[0]) not in stored]
    _judge(session, rest)
    said = {
        "code": USED,
        "rows": [_describe_stored(event) for event in sent.events if event.type in ENTERED],
        "left": sum(not row.is_blank for row in left),
    }
    context = {**page, "rows": left, "sent": said, "request_key": make_id()}
    return _show(request, session, context, status=STATUS_UNUSABLE)


def _describe_stored(event: Any) -> dict[str, Any]:
    parts = (mend_words(describe_event(event)), find_note(event.data), write_details(list_details(event), {}))
    return {"at": event.occurred_at, "words": ". ".join(str(part) for part in parts if part), "seq": event.seq}


def _list_entries(written: list[Row], by: Any, second: Any, now: datetime) -> list[tuple[Row, Entry]]:
    """Return the entries of the rows that could be read, in the order in which they happened."""
    readable = [row for row in written if row.at is not None and not row.is_refused]
    made = []
    for row in sorted(readable, key=lambda row: (row.at, row.number)):
        data = dict(row.data)
        if any(item.name == ALREADY for item in row.form.fields):
            data[ALREADY] = True
        made.append((row, Entry(row.form.command, by, now, data, row.at, second)))
    return made


def _judge(session: Session, entries: list[tuple[Row, Entry]]) -> None:
    """Write onto each row what it would come to."""
    found = judge_several(session=session, entries=[entry for _, entry in entries])
    for (row, _entry), judged in zip(entries, found, strict=True):
        _note(row, judged)


def _note(row: Row, judged: Judged) -> None:
    error = judged.error
    if error is None:
        row.is_fine, row.findings = True, [render_finding(item) for item in judged.findings]
    elif isinstance(error, InvalidInput):
        _note_problems(row, error)
    else:
        row.message = sentence(str(error)) if str(error) else _("You may not enter this.")
        row.findings = [render_finding(item) for item in getattr(error, "findings", ())]


def _note_problems(row: Row, error: InvalidInput) -> None:
    """Put each problem at its field; what has no field on the sheet is said of the row."""
    names = {item.name for item in row.form.fields}
    rest = []
    for problem in map(mend_problem, error.problems):
        path = "time" if problem.path == "occurred_at" else problem.path.removeprefix("data.")
        if path in names or path == "time":
            row.problems[path] = problem.message
        else:
            rest.append(problem.message)
    row.message = " ".join(rest)


def _find_second(request: HttpRequest, session: Session, now: datetime, *, is_final: bool) -> tuple[Any, str]:
    """Return the second person of the sheet, who signs when it is stored and is named when it is looked at."""
    name, secret = request.POST.get("second.username", "").strip()[:150], request.POST.get("second.secret", "")
    if not is_final:
        user = get_user_model().objects.filter(username=name.replace("\x00", ""), is_active=True).first()
        is_other = user is not None and user.pk != request.user.pk and is_at_site(user, session.site)
        if not name or is_other:
            return user, ""
        return None, _("Nobody else here signs in by that name.")
    if not name or not secret:
        return None, _("A second person signs the sheet: their sign-in name and PIN.")
    try:
        address = get_address(request)
        return verify_second_signer(name, secret, first=request.user, site=session.site, now=now, address=address), ""
    except (Refused, TryLater) as error:
        return None, sentence(str(error))


def _describe_refusal(written: list[Row]) -> str:
    bad = sum(row.is_refused for row in written)
    if not written:
        return _("Nothing is written in any row.")
    if not bad:
        return _("Nothing was stored.")
    words = ngettext(
        "%(n)d of %(all)d rows cannot be stored as it stands, so nothing was.",
        "%(n)d of %(all)d rows cannot be stored as they stand, so nothing was.",
        bad,
    )
    return words % {"n": bad, "all": len(written)}


def _describe_ready(written: list[Row]) -> str:
    instants = sorted(row.at for row in written if row.at is not None)
    words = ngettext(
        "%(n)d row can be stored: %(from)s.", "All %(n)d rows can be stored: %(from)s to %(to)s.", len(written)
    )
    return words % {"n": len(written), "from": moment(instants[0]), "to": moment(instants[-1])}


def _read_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _read_key(posted: QueryDict) -> str:
    key = posted.get("request_key", "")[:40]
    return f"paper-{key}" if key.isalnum() else f"paper-{make_id()}"


def _show(request: HttpRequest, session: Session, page: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    posted = request.POST
    context = {
        "session": session,
        "about": session.patient,
        "kinds": [(key, form.title) for key, form in KINDS.items()],
        "chosen": posted.get("kind", ""),
        "second_name": posted.get("second.username", ""),
        "request_key": posted.get("request_key") or make_id(),
        "is_full": len(page["rows"]) >= MOST_ROWS,
        **page,
    }
    return render(request, "web/sessions/from_paper.html", context, status=status)
