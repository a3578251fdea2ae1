"""What every template knows about the page around it: who is signed in, where, when, in which theme."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

THEME_COOKIE = "afterglow-theme"
SHORTCUTS_COOKIE = "afterglow-shortcuts"
THEMES = ("light", "dim")


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the top navigation; only places that exist are listed."""

    key: str
    name: str
    url: str
    is_current: bool


class Page:
    """The frame of a page; everything is worked out only when the template asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        """Keep the request; nothing is read yet."""
        self._request = request

    @cached_property
    def user(self) -> Any:
        """Return the signed-in user, or None."""
        user = getattr(self._request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @property
    def is_signed_in(self) -> bool:
        """Return whether somebody is signed in."""
        return self.user is not None

    @property
    def user_name(self) -> str:
        """Return the name shown for the user."""
        user = self.user
        return "" if user is None else (getattr(user, "display_name", "") or user.get_username())

    @cached_property
    def role_names(self) -> str:
        """Return the user's roles in words."""
        return ", ".join(describe_role(role) for role in list_roles(self.user))

    @property
    def theme(self) -> str:
        """Return the chosen colour scheme."""
        chosen = self._request.COOKIES.get(THEME_COOKIE, "")
        return chosen if chosen in THEMES else THEMES[0]

    @property
    def shortcuts(self) -> str:
        """Return whether single-key shortcuts are on for this browser."""
        return "off" if self._request.COOKIES.get(SHORTCUTS_COOKIE) == "off" else "on"

    @property
    def is_demonstration(self) -> bool:
        """Return whether this clinic is a demonstration."""
        return bool(getattr(settings, "IS_DEMONSTRATION", False))

    @cached_property
    def now(self) -> datetime:
        """Return the instant of this page in the site's zone."""
        return timezone.localtime(timezone.now(), get_zone(self._request))

    @cached_property
    def site_name(self) -> str:
        """Return the name of the site this page works at, for who works at more than one; else nothing."""
        from afterglow.web.sites import get_site

        return str(get_site(self._request).name) if self.other_sites else ""

    @cached_property
    def other_sites(self) -> list[Any]:
        """Return the other sites of the signed-in user."""
        from afterglow.web.sites import get_other_sites

        return get_other_sites(self._request) if self.is_signed_in else []

    @property
    def zone(self) -> str:
        """Return the name of the site's time zone."""
        return str(get_zone(self._request))

    @cached_property
    def places(self) -> list[Place]:
        """Return the places of the top navigation that exist and that this user may open."""
        return list_places(self._request, self.user)


def page(request: HttpRequest) -> dict[str, Page]:
    """Context processor: `page` in every template."""
    return {"page": Page(request)}


_PLACES = (
    ("floor", "web:home", "Floor", "floor.arrivals"),
    ("patients", "web:patients", "Patients", "patient.find"),
    ("referrals", "web:referrals", "Referrals", "referral.read"),
    ("schedule", "web:schedule", "Schedule", "schedule.read"),
    ("outcomes", "web:outcomes", "Outcomes", "outcomes.read|outcomes.release"),
    ("tasks", "web:tasks", "Tasks", "task.read"),
    ("protocols", "web:protocols", "Protocols", "protocol.read"),
    ("audit", "web:audit", "Access log", "audit.read"),
)


def list_places(request: HttpRequest, user: Any) -> list[Place]:
    """Return the navigation entries for a user, the current one marked."""
    from afterglow.clinic import policy

    places = []
    for key, name, title, permission in _PLACES:
        if user is None or not any(policy.allow(user, each) for each in permission.split("|")):
            continue
        try:
            url = reverse(name)
        except NoReverseMatch:
            continue
        is_current = request.path == url if url == "/" else request.path.startswith(url)
        places.append(Place(key, _(title), url, is_current))
    return places


def list_roles(user: Any) -> list[str]:
    """Return the words of the user's roles, each once."""
    from afterglow.clinic import policy

    return [] if user is None else list(dict.fromkeys(role for _, role in policy.list_assignments(user)))


def describe_role(role: str) -> str:
    """Return a role as people say it."""
    return _(role.replace("-", " ").capitalize())


def get_zone(request: HttpRequest | None = None) -> ZoneInfo:
    """Return the zone of the site that the request works at."""
    from afterglow.web.sites import get_site

    site = get_site(request)
    name = getattr(site, "timezone", "") or settings.TIME_ZONE
    return ZoneInfo(str(name))
