"""The one door into a patient's page: known methods, its own strict headers, and a calm answer to everything else.

These pages read no sign-in and set none. They work on the staff's listener and on the patients' own alike.
"""

import functools
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from afterglow.clinic.errors import Refused
from afterglow.clinic.ids import LENGTH
from afterglow.clinic.sites.models import Site
from afterglow.clinicday.checkin import LANGUAGES
from afterglow.web.caching import forbid_keeping
from afterglow.web.phone.help import describe_help
from afterglow.web.phone.signing import keep_nonce
from afterglow.web.phone.words import FIRST, Words, load_words

logger = logging.getLogger("afterglow.phone")
Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]

GONE, SLOW, UNUSABLE, TOO_LARGE = 410, 429, 422, 413
# a form of ours at its fullest carries a tenth of it
LARGEST_BODY = 200_000
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
# the pages of a form alone: its own script keeps an answer while the network is away
POLICY_OF_FORM = f"{POLICY}; script-src 'self'; connect-src 'self'"


def patient_page(*, methods: tuple[str, ...] = ("GET", "HEAD")) -> Callable[[View], View]:
    """Return a decorator for a page that needs no sign-in; its errors are answered calmly, with the numbers to call."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = _answer(view, methods, request, *args, **kwargs)
            harden(request, response)
            return response

        return guarded

    return decorate


def _answer(
    view: Callable[..., HttpResponse], methods: tuple[str, ...], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponse:
    if request.method not in methods:
        response = show_calm(request, 405, "method")
        response["Allow"] = ", ".join(methods)
        return response
    declared = str(request.META.get("CONTENT_LENGTH") or "")
    if declared.isascii() and declared.isdigit() and (len(declared) > 12 or int(declared) > LARGEST_BODY):
        return show_calm(request, TOO_LARGE, "large")
    try:
        return view(request, *args, **kwargs)
    except RequestDataTooBig:
        return show_calm(request, TOO_LARGE, "large")
    except (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError):
        return show_calm(request, 400, "failure")
    except Refused as error:
        return show_calm(request, *_place(error))
    except Exception:
        logger.exception("a patient's page failed")
        return show_calm(request, 500, "failure")


def _place(error: Refused) -> tuple[int, str]:
    return (SLOW, "many") if error.code == "answers-too-many" else (GONE, "ended")


def harden(request: HttpRequest, response: HttpResponse) -> None:
    """Set the headers of a patient's page: no referrer, nothing kept, no frame, not searched; script in forms alone.

    A page that one may come back to is kept by its own browser alone, and asked for anew by everything but Back.
    """
    response["Referrer-Policy"] = "no-referrer"
    response.may_return = getattr(request, "_phone_back", False)  # type: ignore[attr-defined]
    forbid_keeping(response)
    if getattr(request, "_phone_forgets", False):
        response["Clear-Site-Data"] = '"cache"'
    response["Content-Security-Policy"] = POLICY_OF_FORM if getattr(request, "_phone_script", False) else POLICY
    response["X-Robots-Tag"] = "noindex, nofollow"
    keep_nonce(request, response)


def show(request: HttpRequest, template: str, *, site: Any, status: int = 200, **context: Any) -> HttpResponse:
    """Render a page in the language of the request; nothing of a sign-in is read for it."""
    words = get_words(request)
    other = next(language for language in LANGUAGES if language != words.language)
    frame = {
        "other_language": other,
        # the phone itself speaks the other one: its switch stands first, not below the fold
        "is_other_first": find_spoken(request) == other,
        "words": words,
        "site": site,
        "help": describe_help(site, words, now=timezone.now()),
        "help_url": context.pop("help_url", None) or reverse("phone:help"),
        "is_demonstration": bool(settings.IS_DEMONSTRATION),
        "here": request.path,
    }
    content = render_to_string(f"web/phone/{template}.html", {**frame, **context})
    response = HttpResponse(content, status=status)
    response["Content-Language"] = words.language
    return response


def show_calm(request: HttpRequest, status: int, kind: str, *, site: Any = None) -> HttpResponse:
    """Return a calm page for what cannot be answered, with the numbers to call."""
    words = get_words(request)
    title = "calm.slow_title" if kind == "many" else f"calm.{kind}_title"
    context = {"title": words.say(title), "lead": words.say(f"calm.{kind}_lead"), "switch": "link"}
    return show(request, "calm", site=site or find_site(request), status=status, **context)


def find_site(request: HttpRequest) -> Any:
    """Return the site a public page belongs to: the one that the address names, else the clinic's first, or None."""
    named = request.GET.get("at", "")
    sites = Site.objects.order_by("created_at", "pk")
    if (
        named.isascii()
        and named.isalnum()
        and len(named) <= LENGTH
        and (found := sites.filter(pk=named).first()) is not None
    ):
        return found
    return sites.first()


def get_words(request: HttpRequest) -> Words:
    """Return the words of the language of a request."""
    return load_words(get_language(request))


def get_language(request: HttpRequest) -> str:
    """Return the language set for this request, named by its address, or asked for by the browser."""
    fixed = getattr(request, "_phone_language", "") or request.GET.get("language", "")
    if fixed in LANGUAGES:
        return str(fixed)
    return find_spoken(request) or FIRST


def find_spoken(request: HttpRequest) -> str:
    """Return the first of our languages that the browser asks for, or nothing."""
    for part in request.headers.get("Accept-Language", "")[:200].split(","):
        spoken = part.split(";")[0].strip()[:2].lower()
        if spoken in LANGUAGES:
            return spoken
    return ""


def allow_script(request: HttpRequest) -> None:
    """Let the answer to this request load scripts of our own files."""
    request._phone_script = True  # type: ignore[attr-defined]


def allow_back(request: HttpRequest) -> None:
    """Let the browser's Back lead to the answer to this request again, with what was typed there."""
    request._phone_back = True  # type: ignore[attr-defined]


def forget_pages(request: HttpRequest) -> None:
    """Let the browser forget, with the answer to this request, what `allow_back` let it keep."""
    request._phone_forgets = True  # type: ignore[attr-defined]


def set_language(request: HttpRequest, language: str) -> None:
    """Fix the language of this request."""
    request._phone_language = language if language in LANGUAGES else FIRST  # type: ignore[attr-defined]


def localise(site: Any, at: datetime) -> datetime:
    """Return an instant on the clock of a site."""
    return at.astimezone(ZoneInfo(site.timezone))
