"""The session page, its live parts and its commands; each view reads, asks one action, and chooses a template."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.template.context_processors import csrf
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.accounts.idle import LOCKED
from afterglow.clinic.dosing_sessions.actions import PERMISSIONS, RECORD
from afterglow.clinic.dosing_sessions.fold import load_notes, load_protocol, load_state
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, Session
from afterglow.clinic.prepared import Prepared
from afterglow.web.access import staff_page
from afterglow.web.predictions.session import predict_session
from afterglow.web.sessions.about import build_about, build_order, list_goals_for, name_people
from afterglow.web.sessions.acts import build_acts
from afterglow.web.sessions.assessed import describe_assessed
from afterglow.web.sessions.correcting import bind_correction, is_correction
from afterglow.web.sessions.forms import bind_form, get_form
from afterglow.web.sessions.forms.reading import WHOLE
from afterglow.web.sessions.lookup import build_view, find_session, read_view, record_page_read
from afterglow.web.sessions.present import build_parts
from afterglow.web.sessions.present.page import build_page
from afterglow.web.sessions.present.record import read_undo
from afterglow.web.sessions.sheets import draw_sheets, draw_taps
from afterglow.web.sessions.submit import Outcome, carry_out
from afterglow.web.sessions.taps import build_vitals_form

Context = dict[str, Any]
LOCKED_PARTS = ("alarms",)
CHANGING = tuple(field.attname for field in Session._meta.concrete_fields if not field.is_relation)
_CHANGED = Prepared(lambda pk: Session.objects.filter(pk=pk).values_list(*CHANGING))


@staff_page("session.read", methods=("GET", "HEAD"))
def show_session(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the page of one session."""
    session, now = find_session(request, session_id), timezone.now()
    record_page_read(request, session, "session", now)
    context = build_context(request, session, now)
    number = request.GET.get("correct", "")
    if context["can"]["correct"] and WHOLE.match(number):
        context["correction"] = bind_correction(session, int(number), now)
        context["correction_missing"] = "" if context["correction"] else number
    return render(request, "web/sessions/page.html", context)


@staff_page("session.read", methods=("GET", "HEAD"))
def show_view(request: HttpRequest, session_id: str) -> HttpResponse:
    """Return the derived view as JSON; `?parts=1` returns the page's live parts instead."""
    session, now = find_session(request, session_id), timezone.now()
    if request.session.get(LOCKED):
        return _answer_locked(request, session, now)
    if "X-Afterglow-Background" not in request.headers:
        record_page_read(request, session, "session view", now)
    return _answer(request, session, now, {})


@staff_page("session.read", methods=("POST",))
def post_command(request: HttpRequest, session_id: str) -> HttpResponse:
    """Carry out one command and answer as asked: JSON for scripts, the page for a posted form."""
    session, now = find_session(request, session_id), timezone.now()
    outcome = carry_out(request, session, now)
    # what a command may change; the people and the protocol that were read with the row stay as they are
    _refresh(session)
    if _wants_json(request):
        return _answer(request, session, timezone.now(), outcome.to_json(), outcome.status)
    if outcome.is_stored:
        at = timezone.localtime(outcome.recorded_at or now).strftime("%H:%M:%S")
        messages.success(request, _("Stored %(at)s") % {"at": at})
        return redirect("web:session", session_id=session.pk)
    context = build_context(request, session, timezone.now(), outcome)
    return render(request, "web/sessions/page.html", context, status=outcome.status)


def _refresh(session: Session) -> None:
    for name, value in zip(CHANGING, _CHANGED.ask(pk=session.pk)[0], strict=True):
        setattr(session, name, value)


def build_context(request: HttpRequest, session: Session, now: datetime, outcome: Outcome | None = None) -> Context:
    """Return everything the page shows, with the typed values and problems of a refused form."""
    context = build_live_context(request, session, now)
    typed = outcome.entry.typed if outcome and outcome.entry else {}
    problems = {
        problem.path.removeprefix("data."): problem.message for problem in (outcome.problems if outcome else [])
    }
    is_vitals = bool(outcome and outcome.entry and outcome.entry.type == "record-vitals")
    context.update(
        vitals_form=build_vitals_form(typed if is_vitals else {}, problems if is_vitals else {}),
        undo=read_undo(context["view"], str(request.user.pk), now),
        **(_draw_forms(request, context) if context["can"]["record"] else {}),
        user_id=str(request.user.pk),
        **_bind_refused(session, outcome, problems, now),
        problem_message=outcome.message if outcome and is_vitals else "",
    )
    return context


def _draw_forms(request: HttpRequest, context: Context) -> Context:
    address, token = context["urls"]["commands"], get_token(request)
    return {
        "taps": draw_taps(address=address, token=token),
        "sheets": draw_sheets(context, address=address, token=token),
    }


def build_live_context(request: HttpRequest, session: Session, now: datetime) -> Context:
    """Return what the live parts show."""
    protocol = load_protocol(session)
    notes = load_notes(session)
    view = build_view(session, now, protocol, notes)
    about = build_about(session, protocol, now, notes)
    predicted = predict_session(session, load_state(session), protocol, str(view.get("phase") or ""), now)
    context = build_page(view, protocol=protocol, order=build_order(session), about=about, predicted=predicted)
    _name_authors(context)
    for row in context["log"]:
        row["correct_url"] = f"{reverse('web:session', args=[session.pk])}?correct={row['correct_seq']}#correction"
    context.update(
        session_id=session.pk,
        seq=session.last_seq,
        urls=list_urls(session),
        is_closed=session.is_closed,
        goals=list_goals_for(session, request.user),
        assessed=describe_assessed(session, request.user),
        can={name: policy.allow(request.user, f"session.{name}", session) for name in ("record", "sign", "correct")},
    )
    context["can"]["assign"] = _is_named_now(session) and policy.allow(request.user, "floor.assign", session)
    context["held"] = frozenset(
        name for name in {RECORD, *PERMISSIONS.values()} if policy.allow(request.user, name, session)
    )
    role = (view.get("discharge") or {}).get("release_role")
    context["can"]["release"] = role != "prescriber" or policy.allow(request.user, "order.sign", session)
    context.update(build_acts(context))
    return context


def _is_named_now(session: Session) -> bool:
    """Return whether somebody may still be named for the chair: nobody is once the person has left."""
    return session.phase in (*LIVE_PHASES, "booked")


def _answer_locked(request: HttpRequest, session: Session, now: datetime) -> JsonResponse:
    """Return what a locked screen may go on showing of its session: the alarms, no value and no name."""
    context = build_live_context(request, session, now)
    for strip in (*context["alarms"]["strips"], *context["alarms"]["hidden"]):
        strip.update(seen="", shown_limit="")
    parts = build_parts({**context, **csrf(request)}, request)
    shown = {name: html for name, html in parts.items() if name in LOCKED_PARTS}
    answer = {"now": now.isoformat(), "seq": session.last_seq, "parts": shown}
    return JsonResponse(answer, headers={"Cache-Control": "no-store"})


def _name_authors(context: Context) -> None:
    """Put names where events and alarms hold keys; a key nobody has stays away from the screen."""
    strips = [*context["alarms"]["strips"], *context["alarms"]["hidden"]]
    rows = (*context["log"], *strips, *context["orders"])
    names = name_people({str(row.get(who) or "") for row in rows for who in ("by", "second")})
    for row in rows:
        row["by_name"] = names.get(str(row.get("by") or ""), _("Afterglow"))
        if second := names.get(str(row.get("second") or "")):
            row["by_name"] = _("%(by)s and %(second)s") % {"by": row["by_name"], "second": second}
        if "mark" in row:
            row["by"] = row["by_name"]


def list_urls(session: Session) -> dict[str, str]:
    """Return the addresses the page links to; those of rooms that are not open yet are left out."""
    key = session.pk
    urls = {
        "view": reverse("web:session-view", args=[key]),
        "stream": reverse("web:session-stream", args=[key]),
        "commands": reverse("web:session-commands", args=[key]),
        "handoff": reverse("web:session-handoff", args=[key]),
        "downtime": reverse("web:downtime"),
        "nurse": reverse("web:floor-nurse", args=[key]),
    }
    for name, route, argument in (
        ("record", "web:session-record", key),
        ("order", "web:session-order", key),
        ("identity", "web:patient-identity", session.patient_id),
        ("risk", "web:patient-risk", session.patient_id),
        ("protocol", "web:protocol", session.protocol.protocol.split("@")[0]),
    ):
        try:
            urls[name] = reverse(route, args=[argument])
        except NoReverseMatch:
            continue
    return urls


def _answer(
    request: HttpRequest, session: Session, now: datetime, answer: dict[str, Any], status: int = 200
) -> JsonResponse:
    """Return the answer with the view as it is now, or with the page's parts instead where it asks for them."""
    if request.GET.get("parts"):
        context = build_live_context(request, session, now)
        answer.update(parts=build_parts({**context, **csrf(request)}, request))
    else:
        answer["view"] = read_view(session, now, load_protocol(session))
    answer.update(seq=session.last_seq, now=now.isoformat())
    return JsonResponse(answer, status=status, headers={"Cache-Control": "no-store"})


def _bind_problem(outcome: Outcome, problems: dict[str, str]) -> Any:
    """Return the refused form with what was typed into it, to be shown at the top of the page."""
    entry = outcome.entry
    form = get_form(entry.type if entry else "", entry.sheet if entry else "")
    message = outcome.message if outcome.code != "unusable" else ""
    return bind_form(form, entry.typed if entry else {}, problems, message=message, findings=outcome.findings)


def _bind_refused(session: Session, outcome: Outcome | None, problems: dict[str, str], now: datetime) -> Context:
    """Return the refused form of a posted command: a correction below the alarms, anything else at the top."""
    entry = outcome.entry if outcome else None
    if outcome is None or entry is None or entry.type == "record-vitals":
        return {"problem_form": _bind_problem(outcome, problems) if outcome and entry is None else None}
    if is_correction(entry):
        message = outcome.message if outcome.code != "unusable" else ""
        number, findings = str(entry.typed.get("data.seq") or ""), outcome.findings
        seq = int(number) if WHOLE.match(number) else 0
        if bound := bind_correction(session, seq, now, entry.typed, problems, message, findings):
            return {"problem_form": None, "correction": bound}
    return {"problem_form": _bind_problem(outcome, problems)}


def _wants_json(request: HttpRequest) -> bool:
    """Return whether a script sent this."""
    return request.content_type == "application/json" or "application/json" in request.headers.get("Accept", "")
