"""Accounts of staff, the roles they hold at sites, and the one-time links that set an account up."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from afterglow.clinic.ids import LENGTH, make_id
from afterglow.clinic.models import OpaqueIdModel


class UserManager(BaseUserManager["User"]):
    """Makes accounts; a password is set by its owner through a set-up link, or by the demonstration."""

    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Return a new stored account; without a password nobody can sign in to it yet."""
        user = self.model(username=username.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One account of one member of staff."""

    id = models.CharField(primary_key=True, max_length=LENGTH, default=make_id, editable=False)
    username = models.CharField(max_length=60, unique=True)
    display_name = models.CharField(max_length=120)
    credentials = models.CharField(max_length=40, blank=True)
    pin_hash = models.CharField(max_length=160, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """An account has a name."""

        constraints = [models.CheckConstraint(condition=~Q(username=""), name="user_has_username")]

    @property
    def signature_name(self) -> str:
        """Return the name as it stands under a signature."""
        return f"{self.display_name}, {self.credentials}" if self.credentials else self.display_name

    def __str__(self) -> str:
        """Return the display name."""
        return self.display_name or self.username


class PractitionerRole(OpaqueIdModel):
    """A role that an account holds at a site."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="practitioner_roles")
    site = models.ForeignKey("sites.Site", on_delete=models.PROTECT, related_name="practitioner_roles")
    role = models.CharField(max_length=40)

    class Meta:
        """Each role once for an account at a site."""

        constraints = [models.UniqueConstraint(fields=["user", "site", "role"], name="role_once_for_a_user_at_a_site")]


class SetupLink(OpaqueIdModel):
    """A one-time link by which a person sets the password of a new account; only its hash is kept."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="setup_links")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
