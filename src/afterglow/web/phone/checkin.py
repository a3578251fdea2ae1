"""The pages of a check-in link: what to keep in mind, one question a page, a look at the answers, thanks."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.checkins import actions
from afterglow.clinic.checkins.facts import list_asked, read_answers
from afterglow.clinic.checkins.models import SUBMITTED, CheckIn
from afterglow.clinic.errors import Refused
from afterglow.clinicday.checkin import describe_answer, find_question, is_crisis, load_checkin
from afterglow.clinicday.checkin_reading import DECLINED, Question
from afterglow.terms import InvalidInput
from afterglow.web.phone.before import list_items, say_lead, say_when
from afterglow.web.phone.links import link_page, purpose_of
from afterglow.web.phone.pages import UNUSABLE, get_words, localise, show, show_calm
from afterglow.web.phone.signing import sign_form
from afterglow.web.phone.words import Words

BOTH = ("GET", "HEAD", "POST")


@link_page()
def show_start(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Return what to keep in mind before the visit, and the way into the questions."""
    words, now = get_words(request), timezone.now()
    asked, answers = list_asked(checkin.appointment), read_answers(checkin)
    open_question = _find_first_open(asked, answers)
    context: dict[str, Any] = {
        "title": say_when(checkin.appointment, words, now),
        "lead": say_lead(checkin.appointment, words),
        "is_crisis": checkin.is_crisis,
        "told": _say_told(checkin, words),
        "items": list_items(checkin, asked, answers, words),
        "is_done": checkin.state == SUBMITTED,
        "is_begun": bool(answers),
        "is_unsent": not open_question,
        "next_url": _url("ask", token, open_question) if open_question else _url("review", token),
        "review_url": _url("review", token),
        "mine_url": _url("mine", token),
    }
    return _show(request, checkin, token, "start", **context)


def take_late(request: HttpRequest, checkin: CheckIn, token: str, question: str) -> HttpResponse | None:
    """Keep an answer about suicide that came after its link had ended, and show help at once; None for every other."""
    found = find_question(list_asked(checkin.appointment), question)
    if found is None:
        return None
    try:
        actions.answer_late(checkin=checkin, question=question, value=_list_given(request, found), now=timezone.now())
    except (InvalidInput, Refused):
        return None
    told = get_words(request).say("crisis.told_late")
    return _show(request, checkin, token, "crisis", told=told, next_url="", switch="")


@link_page(methods=BOTH, late=take_late)
def ask(request: HttpRequest, checkin: CheckIn, token: str, question: str) -> HttpResponse:
    """Ask one question; store its answer and lead on, or to help at once."""
    asked = list_asked(checkin.appointment)
    found = find_question(asked, question)
    if found is None:
        return show_calm(request, 404, "missing", site=checkin.appointment.site)
    if request.method != "POST":
        return _show_question(request, checkin, token, found)
    given = _list_given(request, found)
    try:
        kept = actions.answer(checkin=checkin, question=found.id, value=given, now=timezone.now())
    except InvalidInput as error:
        errors = {problem.path: get_words(request).say_error(problem.code) for problem in error.problems}
        return _show_question(request, checkin, token, found, typed=given, errors=errors, status=UNUSABLE)
    except Refused as error:
        # ended a moment ago
        late = take_late(request, checkin, token, question) if error.code == actions.ENDED else None
        if late is None:
            raise
        return late
    if is_crisis(found, kept.value):
        return HttpResponseRedirect(_url("crisis", token))
    place = asked.index(found) + 1
    is_last = place >= len(asked) or request.POST.get("from") == "review"
    return HttpResponseRedirect(_url("review", token) if is_last else _url("ask", token, asked[place].id))


def _list_given(request: HttpRequest, question: Question) -> dict[str, list[str]]:
    names = ("choice", "clock", DECLINED, *(part.id for part in question.parts))
    return {name: request.POST.getlist(name) for name in names}


@link_page()
def show_crisis(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Return help at once, and that the team was told."""
    answers, asked = read_answers(checkin), list_asked(checkin.appointment)
    open_question = _find_first_open(asked, answers)
    context: dict[str, Any] = {
        "told": _say_told(checkin, get_words(request)),
        "next_url": _url("ask", token, open_question) if open_question else _url("review", token),
    }
    return _show(request, checkin, token, "crisis", **context)


def _say_told(checkin: CheckIn, words: Words) -> str:
    """Return when the team was told of a crisis, or nothing."""
    if not checkin.is_crisis or checkin.judged_at is None:
        return ""
    return words.say("crisis.team_told", time=f"{localise(checkin.appointment.site, checkin.judged_at):%H:%M}")


@link_page(methods=BOTH)
def review(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Show every answer to be looked at once more, and send them."""
    if request.method == "POST":
        try:
            actions.submit(checkin=checkin, now=timezone.now())
        except InvalidInput as error:
            return HttpResponseRedirect(_url("ask", token, error.problems[0].path))
        return HttpResponseRedirect(_url("done", token))
    words, answers = get_words(request), read_answers(checkin)
    asked = list_asked(checkin.appointment)
    rows = [_describe(question, answers, token, words.language) for question in asked]
    open_question = _find_first_open(asked, answers)
    context: dict[str, Any] = {"rows": rows, "open_url": _url("ask", token, open_question) if open_question else ""}
    return _show(request, checkin, token, "review", **context)


@link_page()
def show_done(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Return thanks, and what happens next."""
    if checkin.state != SUBMITTED:
        return HttpResponseRedirect(_url("review", token))
    context: dict[str, Any] = {"needs_talk": bool(checkin.findings), "review_url": _url("review", token)}
    return _show(request, checkin, token, "done", **context)


@link_page(methods=("POST",))
def choose_language(request: HttpRequest, checkin: CheckIn, token: str) -> HttpResponse:
    """Keep the language and go back to the page the choice was made on."""
    actions.choose_language(checkin=checkin, language=request.POST.get("language", ""), now=timezone.now())
    name, _, question = request.POST.get("page", "").partition(" ")
    asked = find_question(list_asked(checkin.appointment), question)
    if name == "ask" and asked is not None:
        return HttpResponseRedirect(_url("ask", token, asked.id))
    return HttpResponseRedirect(_url(name if name in ("crisis", "review", "done", "mine", "help") else "start", token))


def _show_question(
    request: HttpRequest,
    checkin: CheckIn,
    token: str,
    question: Question,
    *,
    typed: Mapping[str, list[str]] | None = None,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    words, answers = get_words(request), read_answers(checkin)
    asked = list_asked(checkin.appointment)
    place = asked.index(question)
    kept = answers.get(question.id, {})
    value = typed if typed is not None else _untangle(kept)
    left = max(1, round((len(asked) - place) * load_checkin().policy["seconds_a_question"].value / 60))
    from_review = request.GET.get("from") == "review" or request.POST.get("from") == "review"
    if from_review:
        back_url = _url("review", token)
    else:
        back_url = _url("ask", token, asked[place - 1].id) if place else _url("start", token)
    context: dict[str, Any] = {
        "question": _present(question, value, errors or {}, words.language),
        "errors": errors or {},
        "place": words.say("ask.place", number=place + 1, count=len(asked)),
        "left": words.say("ask.left_one") if left == 1 else words.say("ask.left", minutes=left),
        "number": place + 1,
        "count": len(asked),
        "is_declined": bool(kept.get(DECLINED)) and typed is None,
        "topics": [{"name": each.short[words.language], "is_answered": each.id in answers} for each in asked],
        "back_url": back_url,
        "from": "review" if from_review else "",
    }
    return _show(request, checkin, token, "ask", page=f"ask {question.id}", status=status, **context)


def _untangle(kept: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return a kept answer as its form had it."""
    fields = {name: [str(text)] for name, text in kept.items() if name not in ("choices", "at", DECLINED)}
    return {"choice": list(kept.get("choices") or ()), **fields}


def _present(
    question: Question, value: Mapping[str, list[str]], errors: Mapping[str, str], language: str
) -> dict[str, Any]:
    """Return a question as its page shows it, with what was typed or kept."""
    chosen = set(value.get("choice") or ())
    return {
        "id": question.id,
        "kind": question.kind,
        "text": question.text[language],
        "hint": question.hint.get(language, ""),
        "options": [
            {"id": option.id, "text": option.text[language], "is_chosen": option.id in chosen}
            for option in question.options
        ],
        "clock": next(iter(value.get("clock") or ()), "")[:10],
        "parts": [
            {
                "id": part.id,
                "kind": part.kind,
                "text": part.text[language],
                "longest": part.longest,
                "value": next(iter(value.get(part.id) or ()), "")[: part.longest * 2],
                "error": errors.get(part.id, ""),
            }
            for part in question.parts
        ],
    }


def _describe(question: Question, answers: Mapping[str, Any], token: str, language: str) -> dict[str, Any]:
    value = answers.get(question.id)
    return {
        "text": question.text[language],
        "answer": describe_answer(question, value, language) if value else "",
        "is_declined": bool(value and value.get(DECLINED)),
        "is_open": value is None,
        "url": _url("ask", token, question.id) + "?from=review",
    }


def _find_first_open(asked: tuple[Question, ...], answers: Mapping[str, Any]) -> str:
    return next((question.id for question in asked if question.id not in answers), "")


def _show(
    request: HttpRequest, checkin: CheckIn, token: str, template: str, *, page: str = "", **context: Any
) -> HttpResponse:
    frame: dict[str, Any] = {
        "form_field": sign_form(request, purpose_of(checkin)),
        "help_url": _url("help", token),
        "start_url": _url("start", token),
        "switch": "form",
        "switch_url": _url("language", token),
        "page_name": page or template,
    }
    return show(request, template, site=checkin.appointment.site, **{**frame, **context})


def _url(name: str, token: str, question: str = "") -> str:
    if name == "start":
        return reverse("phone:checkin", args=[token])
    return reverse(f"phone:checkin-{name}", args=[token, question] if question else [token])
