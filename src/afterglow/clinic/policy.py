"""The one policy: pages, streams, files, actions and templates ask here. What no rule grants is denied."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from afterglow.clinic.errors import Denied
from afterglow.clinic.prepared import Prepared


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


@cache
def load_emergency_permissions() -> frozenset[str]:
    """Return what an emergency opening lets one do, for the one person whose chart was opened."""
    named = frozenset(_read_file()["emergency"]["permissions"])
    if unknown := sorted(named - set(load_permissions())):
        raise UnknownPermission(f"emergency names {', '.join(unknown)}")
    return named


def allow(user: Any, permission: str, subject: Any = None) -> bool:
    """Return whether the user holds the permission, at the subject's site where a subject is given.

    A running emergency opening adds a few permissions, and those for what belongs to its one patient only.
    """
    if permission not in load_permissions():
        raise UnknownPermission(permission)
    if not _is_able(user):
        return False
    if subject is None:
        return bool(find_sites(user, permission))
    return holds_at_site(user, permission, subject) or _holds_in_emergency(user, permission, subject)


def holds_at_site(user: Any, permission: str, subject: Any) -> bool:
    """Return whether the user's roles at the subject's site give the permission, emergencies left aside."""
    site_id = find_site_id(subject)
    return site_id is not None and site_id in find_sites(user, permission)


def list_emergencies(user: Any) -> frozenset[str]:
    """Return the ids of the patients whose charts an emergency opens to the user now; read once for a user object."""
    if not _is_able(user) or not find_sites(user, "break-glass.use"):
        return frozenset()
    now = timezone.now()
    cached = getattr(user, "_emergencies", None)
    if cached is None:
        cached = _EMERGENCIES.ask(user=user, now=now)
        user._emergencies = cached
    return frozenset(patient for patient, expires_at in cached if expires_at > now)


def is_emergency(user: Any, patient: Any) -> bool:
    """Return whether only an emergency lets the user open this chart."""
    is_patient = isinstance(patient, Model) and not holds_at_site(user, "patient.read", patient)
    return is_patient and patient.pk in list_emergencies(user)


def _holds_in_emergency(user: Any, permission: str, subject: Any) -> bool:
    if permission not in load_emergency_permissions():
        return False
    value: Any = subject
    for step in (_find_patient_path(type(subject)) or "").split("__"):
        value = getattr(value, "patient_id" if step == "patient" and isinstance(value, Model) else step, None)
    return value is not None and value in list_emergencies(user)


def require(user: Any, permission: str, subject: Any = None) -> None:
    """Raise `Denied` unless the user holds the permission there."""
    if not allow(user, permission, subject):
        raise Denied(permission)


def scope(user: Any, queryset: QuerySet[Any], permission: str | None = None) -> Any:
    """Return the rows at sites where the user holds the permission, by default the one that this kind of row needs."""
    if not _is_able(user):
        return queryset.none()
    model = queryset.model
    if permission is None:
        permission = getattr(model, "SCOPE_PERMISSION", _SCOPE_PERMISSIONS.get(model._meta.label_lower, "patient.read"))
    sites = find_sites(user, permission) if permission else {site for site, _ in list_assignments(user)}
    here = Q(**{f"{_find_site_path(model)}__in": sorted(sites)})
    path = _find_patient_path(model)
    if path and permission in load_emergency_permissions() and (patients := list_emergencies(user)):
        here |= Q(**{f"{path}__in": sorted(patients)})
    return queryset.filter(here)


def find_one(queryset: QuerySet[Any]) -> Any:
    """Return the one row there can be, or None; `first()` would put it in order, which costs as much as reading it."""
    return next(iter(queryset.order_by()[:1]), None)


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
        cached = _ROLES.ask(user=user)
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
    path = _find_site_path(type(subject))
    if path is None:
        return None
    value: Any = subject
    for step in _split_path(path):
        value = getattr(value, step, None)
    return None if value is None else str(value)


def _find_site_path(model: type[Model]) -> str | None:
    """Return how a row of this kind leads to its site: the model says so itself (`SITE_PATH`), or the table below."""
    return getattr(model, "SITE_PATH", _SITE_PATHS.get(model._meta.label_lower))


def _find_patient_path(model: type[Any]) -> str | None:
    """Return how a row of this kind leads to its patient: as its way to the site does, or by the table below."""
    if not issubclass(model, Model):
        return None
    path, step = _find_site_path(model) or "", "__site"
    if path.endswith("patient__site"):
        return path.removesuffix(step)
    return _PATIENT_PATHS.get(model._meta.label_lower)


def _split_path(path: str) -> Iterable[str]:
    steps = path.split("__")
    if steps[-1] == "site":
        steps[-1] = "site_id"
    return steps


_ROLES: Prepared[tuple[str, str]] = Prepared(
    lambda user: apps.get_model("people.PractitionerRole").objects.filter(user=user).values_list("site_id", "role")
)
_EMERGENCIES: Prepared[tuple[str, datetime]] = Prepared(
    lambda user, now: (
        apps.get_model("accounts.EmergencyAccess")
        .objects.filter(user=user, ended_at__isnull=True, expires_at__gt=now)
        .values_list("patient_id", "expires_at")
    )
)

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

# how a row whose site is its own leads to its patient, where an emergency opens it
_PATIENT_PATHS = {"people.patient": "pk", "dosing_sessions.session": "patient"}

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
    """Read the roles and emergency openings of this user object anew the next time somebody asks."""
    user.__dict__.pop("_assignments", None)
    user.__dict__.pop("_emergencies", None)
