"""Which site a request works at: the user's own, or the clinic's only one."""

from typing import Any

from django.http import HttpRequest


def get_site(request: HttpRequest | None) -> Any:
    """Return the site of the signed-in user, the clinic's first site for guests, or None in an empty clinic."""
    from afterglow.clinic.people.models import PractitionerRole
    from afterglow.clinic.sites.models import Site

    cached = getattr(request, "_afterglow_site", None)
    if cached is not None:
        return cached
    user = getattr(request, "user", None)
    site = None
    if user is not None and user.is_authenticated:
        role = PractitionerRole.objects.filter(user=user).select_related("site").order_by("pk").first()
        site = role.site if role is not None else None
    if site is None:
        site = Site.objects.order_by("pk").first()
    if request is not None:
        request._afterglow_site = site  # type: ignore[attr-defined]
    return site
