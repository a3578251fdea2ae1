"""Accounts of staff: adding them, the one-time link that sets one up, giving and taking roles."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from afterglow.clinic import policy
from afterglow.clinic.accounts.sign_ins import MANAGE, can_manage
from afterglow.clinic.accounts.signers import set_pin
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.errors import Refused
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.people.models import PractitionerRole, SetupLink, User

LINK_HOURS = 72
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,59}\Z")
USERNAME_ACCEPTED = "2 to 60 small letters, digits, points, hyphens or underscores"


@action
def create_user(
    *,
    username: str,
    by: Any,
    now: datetime,
    display_name: str = "",
    credentials: str = "",
    site: Any = None,
    roles: Iterable[str] = (),
    password: str | None = None,
) -> User:
    """Add an account with its roles at one site; without a password only a set-up link lets its owner in.

    `by` is None when an account is added from the command line.
    """
    _require(by, site)
    checks = Checks()
    name = _read_username(checks, username)
    shown = checks.text(display_name or name, "display_name", longest=120, is_required=True)
    letters = checks.text(credentials, "credentials", longest=40)
    wanted = [checks.word(role, "role", policy.load_roles(), is_required=True) for role in dict.fromkeys(roles)]
    if wanted and site is None:
        checks.refuse("site", "value-missing", None, "the site of the roles", "site: a role is held at a site")
    if password is not None:
        _check_password(checks, password)
    checks.raise_problems()
    user = User.objects.create_user(name, password=password, display_name=shown, credentials=letters, created_at=now)
    audit.record(by=by, action="user.created", subject=user, now=now, site=site)
    for role in wanted:
        give_role(user=user, site=site, role=role, by=by, now=now)
    return user


@action
def give_role(*, user: User, site: Any, role: str, by: Any, now: datetime) -> PractitionerRole:
    """Give an account a role at a site; nobody gives a role to themselves."""
    _require(by, site)
    _refuse_own(user, by)
    checks = Checks()
    name = checks.word(role, "role", policy.load_roles(), is_required=True)
    checks.raise_problems()
    row, is_new = PractitionerRole.objects.get_or_create(user=user, site=site, role=name)
    if is_new:
        audit.record(by=by, action="role.given", subject=user, now=now, site=site, detail={"role": name})
    policy.forget_assignments(user)
    return row


@action
def take_role(*, user: User, site: Any, role: str, by: Any, now: datetime) -> None:
    """Take a role from an account at a site; nobody takes their own."""
    _require(by, site)
    _refuse_own(user, by)
    removed, _ = PractitionerRole.objects.filter(user=user, site=site, role=role).delete()
    if not removed:
        raise Refused("role-not-held", f"this account does not hold the role {role} here")
    policy.forget_assignments(user)
    audit.record(by=by, action="role.taken", subject=user, now=now, site=site, detail={"role": role})


@action
def make_setup_link(*, user: User, by: Any, now: datetime, hours: int = LINK_HOURS) -> str:
    """Return a new one-time token that sets the account up; only its hash is kept, older ones end."""
    if by is not None and not can_manage(by, user):
        policy.require(None, MANAGE)
    SetupLink.objects.filter(user=user, used_at__isnull=True).delete()
    token = secrets.token_urlsafe(32)
    SetupLink.objects.create(
        user=user, token_hash=_hash(token), created_at=now, expires_at=now + timedelta(hours=hours)
    )
    audit.record(by=by, action="setup-link.made", subject=user, now=now)
    return token


def find_setup_link(token: str, *, now: datetime) -> SetupLink | None:
    """Return the link of a token that is neither used nor expired, or None."""
    links = SetupLink.objects.select_related("user").filter(token_hash=_hash(token), used_at__isnull=True)
    return links.filter(expires_at__gt=now, user__is_active=True).first()


@action
def use_setup_link(*, token: str, password: str, now: datetime, pin: str = "") -> User:
    """Set the password (and the PIN) of an account through its link, once; a second factor it had is forgotten.

    The link is also what helps when a phone is lost: the next sign-in asks for a new second factor.

    Raises
    ------
    Refused
        The link is unknown, used or expired.
    InvalidInput
        The password or the PIN is too plain.
    """
    link = SetupLink.objects.select_for_update().filter(token_hash=_hash(token)).first()
    if link is None or find_setup_link(token, now=now) is None:
        raise Refused("setup-link-unusable", "this link is used or has expired; ask for a new one")
    user = link.user
    checks = Checks()
    _check_password(checks, password, user)
    checks.raise_problems()
    user.set_password(password)
    user.save(update_fields=["password"])
    if pin:
        set_pin(user=user, pin=pin, by=user, now=now)
    forgotten, _ = Authenticator.objects.filter(user=user).delete()
    link.used_at = now
    link.save(update_fields=["used_at"])
    detail = {"second_factors_forgotten": forgotten}
    audit.record(by=user, action="setup-link.used", subject=user, now=now, detail=detail)
    return user


def _require(by: Any, site: Any) -> None:
    """Ask the policy; the command line of the machine itself acts as nobody."""
    if by is not None:
        policy.require(by, MANAGE, site)


def _refuse_own(user: User, by: Any) -> None:
    if by is not None and by.pk == user.pk:
        raise Refused("own-role", "nobody changes their own roles")


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _read_username(checks: Checks, username: object) -> str:
    name = username.strip().casefold() if isinstance(username, str) else ""
    if not _USERNAME.match(name):
        checks.refuse("username", "username-malformed", username, USERNAME_ACCEPTED, f"a name is {USERNAME_ACCEPTED}")
    elif User.objects.filter(username=name).exists():
        accepted = "a name that is not taken"
        checks.refuse("username", "username-taken", name, accepted, f"{name} is taken")
    return name


def _check_password(checks: Checks, password: str, user: User | None = None) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        message = " ".join(error.messages)
        checks.refuse("password", "password-too-plain", None, "a long password that is not common", message)
