"""What the sign-in library asks of the clinic: delays, audit rows, no self-made accounts, encrypted code secrets."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic.accounts.field_crypto import decrypt_field, encrypt_field
from afterglow.clinic.accounts.signing_in import record_failed_sign_in
from afterglow.clinic.accounts.throttle import check_attempt, clear_failures, record_failure
from afterglow.clinic.errors import TryLater

SIGN_IN = "sign-in"
MFA_CONTEXT = "mfa_authenticator.data"


class AccountAdapter(DefaultAccountAdapter):
    """Staff sign in; a manager makes the account."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return no: nobody makes an account for themselves."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse an attempt that comes before its wait is over."""
        try:
            check_attempt(now=timezone.now(), **_describe(request, credentials))
        except TryLater:
            raise self.validation_error("too_many_login_attempts") from None

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Return the user of the credentials, or nothing; a success clears the delays of that name and address."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            clear_failures(**_describe(request, credentials))
        return user

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the failure and write it down."""
        record_failure(now=timezone.now(), **_describe(request, credentials))
        record_failed_sign_in(now=timezone.now())

    def _rollback_login_failed_rl_usage(self) -> None:
        """Do nothing: the library's own counter is not used."""

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address of the connection; headers that a client could write are not believed."""
        return str(request.META.get("REMOTE_ADDR") or "")


class MFAAdapter(DefaultMFAAdapter):
    """Secrets of one-time codes are encrypted at rest."""

    def encrypt(self, text: str) -> str:
        """Return the secret as it is stored."""
        return encrypt_field(text, MFA_CONTEXT)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Return whether another second factor stays; the last one is replaced through a set-up link, never dropped."""
        if not settings.SECOND_FACTOR_REQUIRED:
            return True
        others = Authenticator.objects.filter(user_id=authenticator.user_id).exclude(pk=authenticator.pk)
        return others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:  # noqa: A002 - the library's name
        """Return a name for a passkey that its owner gave none."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return _("Passkey %(n)d") % {"n": count + 1}

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret as it is used."""
        return decrypt_field(encrypted_text, MFA_CONTEXT)


def _describe(request: HttpRequest, credentials: dict[str, Any]) -> dict[str, str]:
    name = str(credentials.get("username") or credentials.get("email") or "")
    return {"purpose": SIGN_IN, "name": name, "address": str(request.META.get("REMOTE_ADDR") or "")}
