"""Which site a request works at: the one its user chose on this browser, else the user's oldest, else the clinic's."""

from typing import Any

from django.http import HttpRequest

from afterglow.clinic.prepared import Prepared

SITE_COOKIE = "afterglow-site"


def list_own_sites(user: Any) -> list[Any]:
    """Return the sites at which a user holds a role, the clinic's oldest first."""
    return _OWN.ask(user=user)


def _list_own(user: Any) -> Any:
    from afterglow.clinic.sites.models import Site

    held = Site.objects.filter(practitioner_roles__user=user).distinct()
    return held.order_by("created_at", "name", "pk")


_OWN: Prepared[Any] = Prepared(_list_own)


def get_site(request: HttpRequest | None) -> Any:
    """Return the site of the signed-in user, the clinic's first site for guests, or None in an empty clinic."""
    from afterglow.clinic.sites.models import Site

    cached = getattr(request, "_afterglow_site", None)
    if cached is not None:
        return cached
    user = getattr(request, "user", None)
    site = None
    if request is not None and user is not None and user.is_authenticated:
        own = list_own_sites(user)
        chosen = request.COOKIES.get(SITE_COOKIE, "")
        # a choice of somebody else on this browser, or of a role that has ended, chooses nothing
        site = next((row for row in own if row.pk == chosen), own[0] if own else None)
        request._afterglow_sites = own  # type: ignore[attr-defined]
    if site is None:
        site = Site.objects.order_by("created_at", "name", "pk").first()
    if request is not None:
        request._afterglow_site = site  # type: ignore[attr-defined]
    return site


def get_other_sites(request: HttpRequest) -> list[Any]:
    """Return the sites that the user could change to from the one this request works at."""
    site = get_site(request)
    return [row for row in getattr(request, "_afterglow_sites", []) if row.pk != site.pk]
