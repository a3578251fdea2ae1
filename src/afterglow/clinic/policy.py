"""The one policy: pages, streams, files, actions and templates ask here. What no rule grants is denied."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from django.db.models import Model, QuerySet

from afterglow.clinic.errors import Denied


@dataclass(frozen=True, slots=True)
class Role:
    """A role, its words and what it may do."""

    name: str
    title: str
    is_licensed: bool
    permissions: frozenset[str]


class UnknownPermission(LookupError):
    """A permission word that no file declares: a programming mistake, never an answer."""


@cache
def load_permissions() -> dict[str, str]:
    """Return every permission with its sentence."""
    return dict(_read_file()["permissions"])


@cache
def load_roles() -> dict[str, Role]:
    """Return every role by name; a role that names an undeclared permission is refused."""
    declared = load_permissions()
    roles = {}
    for name, table in _read_file()["roles"].items():
        unknown = sorted(set(table["permissions"]) - set(declared))
        if unknown:
            raise UnknownPermission(f"role {name} names {', '.join(unknown)}")
        roles[name] = Role(name, table["title"], table["is_licensed"], frozenset(table["permissions"]))
    return roles


def allow(user: Any, permission: str, subject: Any = None) -> bool:
    """Return whether the user holds the permission, at the subject's site where a subject is given."""
    if permission not in load_permissions():
        raise UnknownPermission(permission)
    if not _is_able(user):
        return False
    granted = find_sites(user, permission)
    if subject is None:
        return bool(granted)
    site_id = find_site_id(subject)
    return site_id is not None and site_id in granted


def require(user: Any, permission: str, subject: Any = None) -> None:
    """Raise `Denied` unless the user holds the permission there."""
    if not allow(user, permission, subject):
        raise Denied(permission)


def scope(user: Any, queryset: QuerySet[Any], permission: str | None = None) -> Any:
    """Return the rows at sites where the user holds the permission, by default the one that this kind of row needs."""
    if not _is_able(user):
        return queryset.none()
    label = queryset.model._meta.label_lower
    if permission is None:
        permission = _SCOPE_PERMISSIONS.get(label, "patient.read")
    sites = find_sites(user, permission) if permission else {site for site, _ in list_assignments(user)}
    return queryset.filter(**{f"{_SITE_PATHS[label]}__in": sorted(sites)})


def find_sites(user: Any, permission: str) -> frozenset[str]:
    """Return the ids of the sites at which the user holds the permission."""
    roles = load_roles()
    return frozenset(
        site for site, role in list_assignments(user) if role in roles and permission in roles[role].permissions
    )


def list_assignments(user: Any) -> list[tuple[str, str]]:
    """Return the user's (site id, role) pairs, read once for each loaded user object."""
    cached = getattr(user, "_assignments", None)
    if cached is None:
        cached = list(user.practitioner_roles.values_list("site_id", "role"))
        user._assignments = cached
    return list(cached)


def list_roles(user: Any, site: Any = None) -> frozenset[str]:
    """Return the names of the roles the user holds, at one site or anywhere."""
    site_id = None if site is None else find_site_id(site)
    return frozenset(role for place, role in list_assignments(user) if site is None or place == site_id)


def is_licensed(user: Any, site: Any) -> bool:
    """Return whether the user holds a licensed clinical role at the site."""
    roles = load_roles()
    return any(roles[name].is_licensed for name in list_roles(user, site) if name in roles)


def find_site_id(subject: Any) -> str | None:
    """Return the id of the site a row belongs to, or None when it belongs to none."""
    if not isinstance(subject, Model):
        return None
    label = subject._meta.label_lower
    if label not in _SITE_PATHS:
        return None
    value: Any = subject
    for step in _split_path(_SITE_PATHS[label]):
        value = getattr(value, step)
    return None if value is None else str(value)


def _split_path(path: str) -> Iterable[str]:
    steps = path.split("__")
    if steps[-1] == "site":
        steps[-1] = "site_id"
    return steps


# how a row leads to its site
_SITE_PATHS = {
    "sites.site": "pk",
    "sites.place": "site",
    "people.patient": "site",
    "people.escort": "patient__site",
    "people.historyfact": "patient__site",
    "people.allergy": "patient__site",
    "people.problementry": "patient__site",
    "people.medicationstatement": "patient__site",
    "people.medicationtrial": "patient__site",
    "people.measurement": "patient__site",
    "people.preference": "patient__site",
    "people.practitionerrole": "site",
    "screening.screeningrun": "patient__site",
    "screening.findingoverride": "patient__site",
    "screening.screeningdecision": "patient__site",
    "consents.consenttalk": "patient__site",
    "consents.consent": "patient__site",
    "consents.consentconfirmation": "consent__patient__site",
    "plans.plan": "patient__site",
    "plans.planaddendum": "plan__patient__site",
    "plans.sessionorder": "patient__site",
    "dosing_sessions.session": "site",
    "documents.document": "patient__site",
}

# what the user must hold at a site for rows of a kind to be in scope: a chart's unless named; none is any role
_SCOPE_PERMISSIONS = {
    "sites.site": "",
    "sites.place": "",
    "people.practitionerrole": "",
    "people.patient": "patient.find",
    "people.escort": "patient.find",
    "dosing_sessions.session": "session.read",
    "documents.document": "document.read",
}


def _is_able(user: Any) -> bool:
    return bool(user is not None and getattr(user, "is_authenticated", False) and user.is_active)


@cache
def _read_file() -> dict[str, Any]:
    return tomllib.loads(files("afterglow.clinic").joinpath("roles.toml").read_text("utf-8"))


def forget_assignments(user: Any) -> None:
    """Read the roles of this user object anew the next time somebody asks."""
    user.__dict__.pop("_assignments", None)
