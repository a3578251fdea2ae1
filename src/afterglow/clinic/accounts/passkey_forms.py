"""Forms of the sign-in library's passkey pages: what a browser sends is read without trust, a failure is counted."""

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from afterglow.clinic.accounts.passkeys import LONGEST, MALFORMED
from afterglow.clinic.accounts.signing_in import record_factor, record_failed_sign_in

LONGEST_NAME = 60
ERROR = "incorrect_code"


class CredentialField(forms.JSONField):
    """What a browser's passkey answered, as JSON; text nested without end is no answer."""

    def __init__(self) -> None:
        """Hide it: a script fills it in."""
        super().__init__(required=True, widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        """Return the content, or refuse what cannot be read."""
        try:
            return super().to_python(value)
        except RecursionError:
            raise get_adapter().validation_error(ERROR) from None


class _Read(forms.Form):
    """Reads a credential; anything that is not one is a wrong code, never a failure of ours."""

    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        """Return the passkey that answered."""
        try:
            found: Authenticator = super().clean_credential()  # type: ignore[misc]
        except forms.ValidationError:
            self.note_failure()
            raise
        except MALFORMED:
            self.note_failure()
            raise get_adapter().validation_error(ERROR) from None
        if not found.user.is_active:
            self.note_failure()
            raise get_adapter().validation_error(ERROR)
        return found

    def note_failure(self) -> None:
        """Write down that an answer was refused."""
        record_failed_sign_in(now=timezone.now())


class SignInForm(_Read, LoginWebAuthnForm):
    """Signing in by passkey alone."""


class ConfirmForm(_Read, ReauthenticateWebAuthnForm):
    """Confirming by passkey that one is still there."""


class AddForm(AddWebAuthnForm):
    """A new passkey, which always asks for finger, face or PIN of the device, so that it can sign in alone."""

    credential = CredentialField()
    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Ask for a name by which one knows it again."""
        super().__init__(*args, **kwargs)
        self.fields["name"] = forms.CharField(
            label=_("Name"),
            max_length=LONGEST_NAME,
            required=False,
            help_text=_("Such as: my phone, key on the ring"),
        )

    def clean_credential(self) -> dict[str, Any]:
        """Refuse what is no registration before anything reads it."""
        content = self.cleaned_data["credential"]
        if not isinstance(content, dict) or len(str(content)) > LONGEST:
            raise get_adapter().validation_error(ERROR)
        return content

    def clean(self) -> dict[str, Any]:
        """Check the registration against its challenge, the person verified by the device."""
        self.cleaned_data["passwordless"] = True
        try:
            content: dict[str, Any] = super().clean()
        except forms.ValidationError:
            raise
        except MALFORMED:
            raise get_adapter().validation_error(ERROR) from None
        return content


class EditForm(EditWebAuthnForm):
    """Another name for a passkey."""

    name = forms.CharField(label=_("Name"), max_length=LONGEST_NAME)

    def save(self) -> Authenticator:
        """Store the name."""
        record_factor(user=context.request.user, act="renamed", kind=str(self.instance.type), now=timezone.now())
        return super().save()
