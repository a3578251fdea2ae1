"""The small things of a sign-in: leaving, theme, shortcuts, the site one works at."""

from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from afterglow.clinic.dosing_sessions.nursing import list_own_chairs
from afterglow.clinic.floor.news import tell_floor
from afterglow.web.access import staff_page
from afterglow.web.context import SHORTCUTS_COOKIE, THEME_COOKIE, THEMES
from afterglow.web.sites import SITE_COOKIE, list_own_sites

YEAR_S = 365 * 24 * 3600


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the sign-in on this browser; a nurse who has occupied chairs is asked first, with the chairs by name."""
    chairs = list_own_chairs(request.user) if request.user.is_authenticated else []
    if chairs and request.POST.get("leaves_chairs") != "yes":
        return render(request, "web/account/leaving.html", {"chairs": chairs})
    logout(request)
    for site_id in {chair.site_id for chair in chairs}:
        tell_floor(site_id)
    return redirect("account_login")


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep the colour scheme for this browser; the tablet of a dim room stays dim for whoever signs in."""
    theme = request.POST.get("theme", "")
    response = _go_back(request)
    if theme in THEMES:
        _keep(response, THEME_COOKIE, theme)
    return response


@require_POST
def choose_shortcuts(request: HttpRequest) -> HttpResponse:
    """Turn single-key shortcuts on or off for this browser."""
    response = _go_back(request)
    wanted = "off" if request.POST.get("shortcuts") == "off" else "on"
    _keep(response, SHORTCUTS_COOKIE, wanted)
    return response


@staff_page(methods=("POST",))
def choose_site(request: HttpRequest) -> HttpResponse:
    """Work at another of one's own sites on this browser; every page there asks for what the role at that site may."""
    wanted = request.POST.get("site", "")
    if wanted not in {site.pk for site in list_own_sites(request.user)}:
        raise Http404
    response = redirect("web:home")
    _keep(response, SITE_COOKIE, wanted)
    return response


def _keep(response: HttpResponse, name: str, value: str) -> None:
    is_secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(name, value, max_age=YEAR_S, samesite="Lax", httponly=True, secure=is_secure)


def _go_back(request: HttpRequest) -> HttpResponseRedirect:
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}) or not target.startswith("/"):
        target = "/"
    return HttpResponseRedirect(target)
