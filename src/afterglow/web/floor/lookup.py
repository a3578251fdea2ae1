"""Which site a page of the floor works at: the user's own, where the permission holds there, else one where it does."""

from typing import Any

from django.http import HttpRequest

from afterglow.clinic import policy
from afterglow.clinic.errors import Denied
from afterglow.clinic.sites.models import Site
from afterglow.web.sites import get_site


def find_site(request: HttpRequest, permission: str) -> Any:
    """Return the site; raise `Denied` where the permission holds nowhere."""
    site = get_site(request)
    if site is not None and policy.allow(request.user, permission, site):
        return site
    found = Site.objects.filter(pk__in=policy.find_sites(request.user, permission)).order_by("pk").first()
    if found is None:
        raise Denied(permission)
    return found
