"""The one door into a page: signed in, permitted, in the site's time zone, refusals turned into answers."""

import functools
import logging
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import gathered
from afterglow.clinic.documents.typesetting import FontMissing, PrintFailed
from afterglow.clinic.errors import Conflict, Denied, Refused, TryLater
from afterglow.terms import InvalidInput
from afterglow.web.context import get_zone

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]

STATUS_UNUSABLE = 422
_LOG = logging.getLogger(__name__)


def staff_page(permission: str = "", *, methods: tuple[str, ...] = ("GET", "HEAD", "POST")) -> Callable[[View], View]:
    """Return a decorator that lets a view run only for a signed-in user who holds the permission."""

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated or not user.is_active:
                return redirect_to_login(request.get_full_path())
            if request.method not in methods:
                return show_error(request, 405, "method")
            with timezone.override(get_zone(request)):
                if permission and not policy.allow(user, permission):
                    return show_error(request, 403, "denied")
                return _run(view, request, *args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def _run(view: View, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    try:
        with gathered():
            return view(request, *args, **kwargs)
    except Denied as error:
        return show_error(request, 403, "denied", reason=str(error))
    except Conflict as error:
        return show_error(request, 409, "conflict", reason=str(error))
    except TryLater as error:
        return show_error(request, 429, "later", reason=str(error))
    except InvalidInput as error:
        return show_error(request, STATUS_UNUSABLE, "unusable", problems=error.problems)
    except PrintFailed as error:
        _LOG.error("a sheet could not be set: %s", error)
        return show_error(request, 503, "print", is_font_missing=isinstance(error, FontMissing))
    except Refused as error:
        return show_error(request, STATUS_UNUSABLE, "refused", reason=str(error), findings=error.findings)


def show_error(request: HttpRequest, status: int, kind: str, **context: Any) -> HttpResponse:
    """Return one of the house's error pages."""
    return render(request, "web/error.html", {"kind": kind, "status": status, **context}, status=status)


def find_or_404(request: HttpRequest, queryset: Any, permission: str, **lookup: Any) -> Any:
    """Return the one row the user may see, or raise 404 without telling whether it exists."""
    row = policy.find_one(policy.scope(request.user, queryset, permission).filter(**lookup))
    if row is None or not policy.allow(request.user, permission, row):
        raise Http404
    return row
