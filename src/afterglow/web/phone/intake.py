"""The public form: help before the first field, three questions on safety, then about the person; no account.

Nothing that was typed is lost when a field is wrong, the language is changed, or the browser's Back is pressed: until
the form is sent nothing of it is stored here, and its pages are kept by their own browser alone. A crisis is stored
and shown help at the first step, whatever else is empty.
"""

import logging
import secrets
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from afterglow.clinic.checkins.doors import FLOOD, pass_intake
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinicday.checkin import LANGUAGES
from afterglow.clinicday.intake import YES_NO, Field, Section, is_crisis, iterate_alarms, load_intake, read_intake
from afterglow.terms import InvalidInput
from afterglow.web.carrying import get_address
from afterglow.web.phone.pages import (
    SLOW,
    UNUSABLE,
    allow_back,
    find_site,
    forget_pages,
    get_words,
    patient_page,
    set_language,
    show,
    show_calm,
)
from afterglow.web.phone.signing import read_form, sign_form
from afterglow.web.phone.words import Words

logger = logging.getLogger("afterglow.phone")
PURPOSE = "intake"
TRAP = "website"
CRISIS = "crisis"
FIRST_CONTACT = ("given_name", "family_name", "phone", "may_call")
# far above every field's own limit; what is longer is cut before it is shown again
LONGEST_SHOWN = 6000


@patient_page(methods=("GET", "HEAD", "POST"))
def show_intake(request: HttpRequest) -> HttpResponse:
    """Show the form, read a step of it, store it."""
    site = find_site(request)
    if site is None:
        return show_calm(request, 404, "missing")
    if request.method != "POST":
        return _show_first(request, site, {}, {})
    spoken = request.POST.get("language", "")
    set_language(request, spoken if spoken in LANGUAGES else get_words(request).language)
    typed = _read_typed(request)
    step = "all" if request.POST.get("step") == "all" else "first"
    if (switch := request.POST.get("switch", "")) in LANGUAGES:
        set_language(request, switch)
        return _show_step(request, site, step, typed, {})
    form = read_form(request, PURPOSE)
    if is_crisis(typed):
        return _take_crisis(request, site, typed, str((form or {}).get("key") or secrets.token_urlsafe(24)))
    if request.POST.get("back"):
        return _show_first(request, site, typed, {})
    if form is None:
        words = get_words(request)
        return _show_step(request, site, step, typed, {}, status=403, notice=words.say("calm.form_lead"))
    if request.POST.get(TRAP, "").strip():  # a field that people do not see
        return HttpResponseRedirect(_url("intake-done", site, request))
    return _take(request, site, step, typed, str(form["key"]))


def _take(request: HttpRequest, site: Any, step: str, typed: dict[str, str], key: str) -> HttpResponse:
    """Lead a first step on; store a whole form."""
    if step == "first":
        errors = _find_errors(request, site, _list_first(), typed)
        if errors:
            return _show_first(request, site, typed, errors, status=UNUSABLE)
        return _show_second(request, site, typed, {})
    try:
        pass_intake(site=site, address=get_address(request), is_crisis=False, now=timezone.now())
        _store(site, typed, key)
    except InvalidInput as error:
        words = get_words(request)
        errors = {problem.path: words.say_error(problem.code) for problem in error.problems}
        return _show_step(request, site, step, typed, errors, status=UNUSABLE)
    except Refused as error:
        if error.code != FLOOD:
            raise
        words = get_words(request)
        told = {"title": words.say("intake.flood_title"), "lead": words.say("intake.flood_lead")}
        return show(request, "calm", site=site, status=SLOW, switch="link", **told)
    return HttpResponseRedirect(_url("intake-done", site, request))


def _take_crisis(request: HttpRequest, site: Any, typed: dict[str, str], key: str) -> HttpResponse:
    """Store a crisis at any step, even from a page that was open too long, and show help whatever happens."""
    is_stored = True
    try:
        pass_intake(site=site, address=get_address(request), is_crisis=True, now=timezone.now())
        _store(site, typed, key)
    except (InvalidInput, Refused) as error:
        logger.warning("a crisis answer of the public form was not stored: %s", type(error).__name__)
        is_stored = False
    return _show_crisis(request, site, typed, key, is_stored=is_stored)


def _store(site: Any, typed: Mapping[str, str], key: str) -> Any:
    from afterglow.clinic.referrals.actions import receive_public_intake

    return receive_public_intake(site=site, answers=dict(typed), now=timezone.now(), source_key=key)


@patient_page()
def show_done(request: HttpRequest) -> HttpResponse:
    """Return thanks, and when somebody reads the form; what Back would show of it is forgotten."""
    forget_pages(request)
    return show(request, "intake_done", site=find_site(request), switch="link")


def _show_crisis(
    request: HttpRequest, site: Any, typed: Mapping[str, str], key: str, *, is_stored: bool
) -> HttpResponse:
    """Show help at once; the form on the page can add a number to the same referral."""
    words = get_words(request)
    at = timezone.now().astimezone(ZoneInfo(site.timezone))
    told = words.say("intake.crisis_stored", time=f"{at:%H:%M}") if is_stored else words.say("intake.crisis_not_stored")
    context: dict[str, Any] = {
        "told": told,
        "is_stored": is_stored,
        "has_number": bool(typed.get("phone")) and typed.get("may_call") != "no",
        "fields": [_present(field, typed, {}, words) for field in _list_contact()],
        "carried": _carry(typed, set(FIRST_CONTACT)),
        "form_field": sign_form(request, PURPOSE, key=key),
    }
    return _show(request, site, "intake_crisis", **context, status=200 if is_stored else SLOW)


def _show_step(
    request: HttpRequest, site: Any, step: str, typed: Mapping[str, str], errors: Mapping[str, str], **context: Any
) -> HttpResponse:
    show_page = _show_second if step == "all" else _show_first
    return show_page(request, site, typed, errors, **context)


def _show_first(
    request: HttpRequest, site: Any, typed: Mapping[str, str], errors: Mapping[str, str], **context: Any
) -> HttpResponse:
    words, crisis = get_words(request), _get_section(CRISIS)
    return _show(
        request,
        site,
        "intake",
        crisis=_present_section(crisis, typed, errors, words)[0],
        contact=[_present(field, typed, errors, words, is_required=False) for field in _list_contact()],
        carried=_carry(typed, {field.name for field in _list_first()}),
        errors=errors,
        wrong=_list_wrong(errors, {field.name for field in _list_first()}, words),
        form_field=sign_form(request, PURPOSE, key=secrets.token_urlsafe(24)),
        **context,
    )


def _show_second(
    request: HttpRequest, site: Any, typed: Mapping[str, str], errors: Mapping[str, str], **context: Any
) -> HttpResponse:
    words = get_words(request)
    sections = [section for section in load_intake().list_sections() if section.key != CRISIS]
    form = read_form(request, PURPOSE) or {}
    shown = {field.name for section in sections for field in section.fields}
    return _show(
        request,
        site,
        "intake_more",
        sections=[part for section in sections for part in _present_section(section, typed, errors, words)],
        carried=_carry(typed, shown),
        errors=errors,
        wrong=_list_wrong(errors, shown, words),
        has_thoughts=any(True for _ in iterate_alarms(typed)),
        form_field=sign_form(request, PURPOSE, key=form.get("key") or secrets.token_urlsafe(24)),
        **context,
    )


def _show(request: HttpRequest, site: Any, template: str, *, status: int = 200, **context: Any) -> HttpResponse:
    if template != "intake_crisis":
        allow_back(request)
    frame = {"intake_url": _url("intake", site, request), "trap": TRAP, "at": site.pk, "switch": "main"}
    return show(request, template, site=site, status=status, **{**frame, **context})


def _carry(typed: Mapping[str, str], shown: set[str]) -> dict[str, str]:
    return {name: text for name, text in typed.items() if name not in shown}


def _list_wrong(errors: Mapping[str, str], shown: set[str], words: Words) -> list[dict[str, str]]:
    """Return each field that is wrong by its label, with its place on the page where it stands on this step."""
    found = []
    for name, text in errors.items():
        field = load_intake().find_field(name)
        label = field.label[words.language] if field is not None else ""
        found.append({"label": label, "place": name if name in shown else "", "text": text})
    return found


def _read_typed(request: HttpRequest) -> dict[str, str]:
    """Return what was typed into fields that the form has; nothing else is carried on."""
    names = {field.name for section in load_intake().list_sections() for field in section.fields}
    return {name: request.POST[name] for name in names & set(request.POST) if request.POST[name].strip()}


def _find_errors(request: HttpRequest, site: Any, fields: list[Field], typed: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with some fields; what is still empty is asked later."""
    names, words = {field.name for field in fields}, get_words(request)
    given = {name: text for name, text in typed.items() if name in names}
    reading = read_intake(given, today=get_local_date(site, timezone.now()), is_partial=True)
    return {problem.path: words.say_error(problem.code) for problem in reading.problems}


def _list_first() -> list[Field]:
    return [*_get_section(CRISIS).fields, *_list_contact()]


def _list_contact() -> list[Field]:
    found = [load_intake().find_field(name) for name in FIRST_CONTACT]
    return [field for field in found if field is not None]


def _get_section(key: str) -> Section:
    return next(section for section in load_intake().list_sections() if section.key == key)


def _present_section(
    section: Section, typed: Mapping[str, str], errors: Mapping[str, str], words: Words
) -> list[dict[str, Any]]:
    """Return a section as its page shows it: one part for each repetition."""
    spoken = words.language
    return [
        {
            "title": section.title[spoken] + (f" {number}" if section.repeat > 1 else ""),
            "note": section.note.get(spoken, "") if number == 1 else "",
            "fields": [_present(field, typed, errors, words) for field in row],
        }
        for number, row in enumerate(section.list_rows(), start=1)
    ]


def _present(
    field: Field, typed: Mapping[str, str], errors: Mapping[str, str], words: Words, *, is_required: bool | None = None
) -> dict[str, Any]:
    """Return one field with what was typed and what is wrong with it."""
    texts = {word: words.say(f"intake.{word}") for word in YES_NO}
    choices = [(choice.value, choice.label[words.language]) for choice in field.choices]
    value = typed.get(field.name, "")[:LONGEST_SHOWN]
    return {
        "name": field.name,
        "kind": field.kind,
        "label": field.label[words.language],
        "choices": list(texts.items()) if field.kind == "yes-no" else choices,
        "value": value,
        "longest": field.longest,
        "is_required": field.is_required if is_required is None else is_required,
        "error": errors.get(field.name, ""),
    }


def _url(name: str, site: Any, request: HttpRequest) -> str:
    named = f"&at={site.pk}" if request.GET.get("at") else ""
    return f"{reverse(f'phone:{name}')}?language={get_words(request).language}{named}"
