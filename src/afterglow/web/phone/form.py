"""The pages of a form's link: what it is, one question a page, a look at the answers, thanks with the score."""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.errors import Conflict, Refused
from afterglow.clinic.measures import actions
from afterglow.clinic.measures.alerts import speaks_of_suicide
from afterglow.clinic.measures.late import find_known, find_told_at, save_late
from afterglow.clinic.measures.models import OPEN, SUBMITTED, MeasureForm
from afterglow.clinic.measures.wordings import describe_item, list_languages, read_wording
from afterglow.instruments import Instrument, get_instrument
from afterglow.terms import InvalidInput
from afterglow.terms.conditions import check_condition
from afterglow.web.phone.links import refuse_unknown
from afterglow.web.phone.offline import is_script, list_questions, name_on_device
from afterglow.web.phone.pages import (
    GONE,
    UNUSABLE,
    allow_script,
    get_words,
    patient_page,
    set_language,
    show,
    show_calm,
)
from afterglow.web.phone.result import describe_result
from afterglow.web.phone.signing import read_form, sign_form

BOTH = ("GET", "HEAD", "POST")
# the result of a form that was sent can be read on its link for this long
READ_AFTER = timedelta(hours=1)
View = Callable[..., HttpResponse]
Late = Callable[..., HttpResponse | None]


def form_page(
    *, methods: tuple[str, ...] = ("GET", "HEAD"), is_after: bool = False, late: Late | None = None
) -> Callable[[View], View]:
    """Return a decorator for a page of a form's link.

    `is_after` pages also open for a while once the form was sent; `late` answers in the place of a page of a form that
    is closed, or of a link that a new one has replaced, unless it returns None.
    """

    def decorate(view: View) -> View:
        @patient_page(methods=methods)
        @functools.wraps(view)
        def opened(request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponse:
            (form, is_former), now = find_known(token), timezone.now()
            if form is None:
                return refuse_unknown(request, token)
            set_language(request, form.language.partition("-")[0])
            is_posted, is_sent = request.method == "POST", _was_sent_lately(form, now) and not is_former
            is_open = actions.is_usable(form, now) and not is_former
            if (
                is_posted
                and (is_open or late or (is_sent and is_after))
                and read_form(request, _purpose(token)) is None
            ):
                return show_calm(request, 403, "form", site=form.patient.site)
            if late and not is_open and (answer := late(request, form, token, *args, is_former=is_former, **kwargs)):
                return answer
            if is_open or (is_sent and is_after):
                return view(request, form, token, *args, **kwargs)
            return HttpResponseRedirect(_url("done", token)) if is_sent else _show_ended(request, form, token)

        return opened

    return decorate


def _was_sent_lately(form: MeasureForm, now: datetime) -> bool:
    return form.state == SUBMITTED and form.submitted_at is not None and now - form.submitted_at < READ_AFTER


def _show_ended(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Say that a link has ended; what a device still keeps of its answers is sent from this page."""
    allow_script(request)
    words = get_words(request)
    context: dict[str, Any] = {
        "title": words.say("calm.ended_title"),
        "lead": words.say("form.ended"),
        "switch": "link",
        "device_key": name_on_device(form),
        "form_field": sign_form(request, _purpose(token)),
    }
    return show(request, "calm", site=form.patient.site, status=GONE, **context)


def take_late(
    request: HttpRequest, form: MeasureForm, token: str, item: str, *, is_former: bool = False
) -> HttpResponse | None:
    """Keep an answer about suicide that came after the form was closed, and lead to help; refuse every other one."""
    if request.method != "POST":
        return None
    if _read(form)[0].find_item(item) is None:
        return show_calm(request, 404, "missing", site=form.patient.site)
    value = None if request.POST.get("declined") else request.POST.get("choice", "").strip()
    given: dict[str, Any] = {"item": item, "value": value, "key": request.POST.get("key", ""), "is_former": is_former}
    try:
        kept = save_late(form=form, now=timezone.now(), **given)
    except (Conflict, InvalidInput):
        return _refuse_late(request)
    except Refused as error:
        if error.code == "answers-too-many":
            raise
        return _refuse_late(request)
    is_alert = kept is not None or speaks_of_suicide(form, item)
    place = _url("crisis" if is_alert else "start", token)
    if is_script(request):
        return JsonResponse({"stored": True, "crisis": is_alert, "next": place})
    return HttpResponseRedirect(place)


def _refuse_late(request: HttpRequest) -> HttpResponse | None:
    """Tell a script that the form is closed and nothing was stored; a page is shown as it is to everybody."""
    return JsonResponse({"stored": False, "late": True}, status=GONE) if is_script(request) else None


def show_late_crisis(
    request: HttpRequest, form: MeasureForm, token: str, *, is_former: bool = False
) -> HttpResponse | None:
    """Return help at once after an answer that came too late for its form, for as long as a result can be read."""
    now = timezone.now()
    told_at = find_told_at(form)
    if told_at is None or now - told_at >= READ_AFTER:
        return None
    is_sent = _was_sent_lately(form, now) and not is_former
    told = get_words(request).say("form.told_late")
    context: dict[str, Any] = {"told": told, "next_url": _url("done", token) if is_sent else "", "is_closed": True}
    return _show(request, form, token, "crisis", page_name="crisis", **context)


@form_page()
def show_start(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Return what the form is, and the way into its questions or back to where it was left."""
    definition, pack = _read(form)
    open_item, given = _find_open(form, definition), _list_given(form)
    context: dict[str, Any] = {
        "title": pack.title if pack is not None else definition.title,
        "instructions": pack.instructions if pack is not None else "",
        "lead": get_words(request).say("form.lead", count=len(definition.items)),
        "is_begun": bool(given),
        "next_url": _url("ask", token, open_item) if open_item else _url("review", token),
    }
    return _show(request, form, token, "form_start", **context)


@form_page(methods=BOTH, late=take_late)
def ask(request: HttpRequest, form: MeasureForm, token: str, item: str) -> HttpResponse:
    """Ask one question; store its answer and lead on, or to help at once."""
    definition, _pack = _read(form)
    if definition.find_item(item) is None:
        return show_calm(request, 404, "missing", site=form.patient.site)
    if request.method != "POST":
        return _show_question(request, form, token, item)
    value, is_declined = request.POST.get("choice", "").strip(), bool(request.POST.get("declined"))
    if not value and not is_declined:
        return _refuse(request, form, token, item, "form.no_answer")
    given = None if is_declined else value
    try:
        actions.save_answer(form=form, item=item, value=given, now=timezone.now(), key=request.POST.get("key", ""))
    except (Conflict, InvalidInput):
        return _refuse(request, form, token, item, "errors.other")
    except Refused as error:
        # sent or ended a moment ago, on another device
        late = None if error.code == "answers-too-many" else take_late(request, form, token, item)
        if late is None:
            raise
        return late
    is_alert = speaks_of_suicide(form, item)
    following = "" if request.POST.get("from") == "review" else _find_next(form, definition, item)
    leads_on = _url("ask", token, following) if following else _url("review", token)
    place = _url("crisis", token) if is_alert else leads_on
    if is_script(request):
        return JsonResponse({"stored": True, "crisis": is_alert, "next": place})
    return HttpResponseRedirect(place)


def _refuse(request: HttpRequest, form: MeasureForm, token: str, item: str, key: str) -> HttpResponse:
    """Ask again, with what was wrong; a script is told that nothing was stored."""
    if is_script(request):
        return JsonResponse({"stored": False}, status=UNUSABLE)
    return _show_question(request, form, token, item, error=get_words(request).say(key), status=UNUSABLE)


@form_page(is_after=True, late=show_late_crisis)
def show_crisis(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Return help at once, and what happens next."""
    definition = _read(form)[0]
    open_item = _find_open(form, definition)
    context: dict[str, Any] = {
        "told": get_words(request).say("form.told") if form.is_crisis else "",
        "next_url": _url("ask", token, open_item) if open_item else _url("review", token),
    }
    return _show(request, form, token, "crisis", page_name="crisis", **context)


@form_page(methods=BOTH)
def review(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Show every answer to be looked at once more, and send them."""
    definition, pack = _read(form)
    open_item, given = _find_open(form, definition), _list_given(form)
    if request.method == "POST":
        if open_item:
            return HttpResponseRedirect(_url("ask", token, open_item))
        actions.submit_form(form=form, submission_id=f"link-{form.pk}", now=timezone.now())
        return HttpResponseRedirect(_url("done", token))
    rows = []
    for each in definition.items:
        if not _is_asked(definition, each.id, given):
            continue
        shown = describe_item(definition, each.id, pack, form.language)
        value = given.get(each.id)
        rows.append(
            {
                "text": shown["text"],
                "answer": _say_answer(shown, value),
                "is_declined": each.id in given and value is None,
                "is_open": each.id not in given,
                "url": _url("ask", token, each.id) + "?from=review",
            }
        )
    context: dict[str, Any] = {"rows": rows, "open_url": _url("ask", token, open_item) if open_item else ""}
    return _show(request, form, token, "review", page_name="review", **context)


@form_page(is_after=True)
def show_done(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Return thanks, the score in plain words, and how it went so far."""
    if form.state != SUBMITTED:
        return HttpResponseRedirect(_url("review", token))
    definition, words = get_instrument(form.instrument, form.version), get_words(request)
    context = describe_result(form, definition, words)
    return _show(request, form, token, "form_done", needs_talk=form.is_crisis, **context)


@form_page(methods=("POST",))
def choose_language(request: HttpRequest, form: MeasureForm, token: str) -> HttpResponse:
    """Keep the language and go back to the page the choice was made on."""
    actions.choose_language(form=form, language=request.POST.get("language", ""), now=timezone.now())
    name, _, item = request.POST.get("page", "").partition(" ")
    if name == "ask" and _read(form)[0].find_item(item) is not None:
        return HttpResponseRedirect(_url("ask", token, item))
    return HttpResponseRedirect(_url(name if name in ("crisis", "review") else "start", token))


def _show_question(
    request: HttpRequest, form: MeasureForm, token: str, item: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    definition, pack = _read(form)
    words, given = get_words(request), _list_given(form)
    asked = [each.id for each in definition.items if _is_asked(definition, each.id, given) or each.id == item]
    place = asked.index(item)
    from_review = "review" in (request.GET.get("from"), request.POST.get("from"))
    back = _url("ask", token, asked[place - 1]) if place else _url("start", token)
    every = list_questions(form, definition, pack, words, given, asked)
    context: dict[str, Any] = {
        **every[place],
        "questions": every,
        "errors": {"choice": error} if error else {},
        "instructions": pack.instructions if pack is not None else "",
        "back_url": _url("review", token) if from_review else back,
        "from": "review" if from_review else "",
    }
    return _show(request, form, token, "form_ask", status=status, page_name=f"ask {item}", **context)


def _read(form: MeasureForm) -> tuple[Instrument, Any]:
    return get_instrument(form.instrument, form.version), read_wording(form.wording)


def _list_given(form: MeasureForm) -> dict[str, Decimal | None]:
    """Return the last answer of each item, None for one that was declined."""
    last = {row.item: row.value for row in form.answers.order_by("number")}
    return {item: None if value is None else value.normalize() for item, value in last.items()}


def _is_asked(definition: Instrument, item: str, given: Mapping[str, Decimal | None]) -> bool:
    """Return whether an item is asked after the answers so far; one they rule out, or let be left out, is not."""
    found = definition.find_item(item)
    values = {name: value for name, value in given.items() if value is not None}
    if found is None or (found.asked_when is not None and check_condition(found.asked_when, values) is False):
        return False
    return found.may_skip_when is None or check_condition(found.may_skip_when, values) is not True


def _find_open(form: MeasureForm, definition: Instrument) -> str:
    given = _list_given(form)
    return next((e.id for e in definition.items if e.id not in given and _is_asked(definition, e.id, given)), "")


def _find_next(form: MeasureForm, definition: Instrument, item: str) -> str:
    """Return the item that follows in order and is asked, or the empty text at the end."""
    given, order = _list_given(form), [each.id for each in definition.items]
    after = order[order.index(item) + 1 :]
    return next((each for each in after if _is_asked(definition, each, given)), "")


def _say_answer(shown: Mapping[str, Any], value: Decimal | None) -> str:
    if value is None:
        return ""
    text = f"{value:f}"
    return next((each["text"] for each in shown["answers"] if Decimal(each["value"]) == value), text)


def _show(
    request: HttpRequest, form: MeasureForm, token: str, template: str, *, status: int = 200, **context: Any
) -> HttpResponse:
    allow_script(request)
    frame: dict[str, Any] = {
        "device_key": name_on_device(form),
        "form_field": sign_form(request, _purpose(token)),
        "start_url": _url("start", token),
        "switch": "form" if form.state == OPEN and not context.get("is_closed") and _can_switch(form) else "",
        "switch_url": _url("language", token),
        "is_official": form.wording_id is not None,
    }
    return show(request, template, site=form.patient.site, status=status, **frame, **context)


def _can_switch(form: MeasureForm) -> bool:
    """Return whether the form is there in another language too."""
    return len(list_languages(_read(form)[0], site=form.patient.site)) > 1


def _purpose(token: str) -> str:
    return f"form.{actions.hash_token(token)}"


def _url(name: str, token: str, item: str = "") -> str:
    if name == "start":
        return reverse("phone:form", args=[token])
    return reverse(f"phone:form-{name}", args=[token, item] if item else [token])
