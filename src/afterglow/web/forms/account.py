"""Forms of a sign-in: unlocking, the PIN, the set-up link."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.utils.translation import gettext_lazy as _


class SecretField(forms.CharField):
    """A password or PIN; it is never shown again."""

    unit = ""

    def __init__(self, *, label: Any, autocomplete: str = "current-password", passkey: str = "", **kwargs: Any) -> None:
        """Use a password input; `passkey` says whose passkey may stand in for it: one's own, or the second person's."""
        attrs = {"autocomplete": autocomplete, **({"data-passkey": passkey} if passkey else {})}
        widget = forms.PasswordInput(attrs=attrs)
        super().__init__(label=label, widget=widget, strip=False, max_length=200, **kwargs)


class UnlockForm(forms.Form):
    """The person at a locked screen proves who they are."""

    secret = SecretField(label=_("Password or PIN"), passkey="own")


class PinForm(forms.Form):
    """A PIN for signing on a shared screen."""

    secret = SecretField(label=_("Your password"), passkey="own")
    pin = SecretField(label=_("New PIN, 6 to 12 digits"), autocomplete="off")


class SetupForm(forms.Form):
    """The owner of a new account sets the password."""

    password = SecretField(label=_("New password"), autocomplete="new-password", min_length=12)
    again = SecretField(label=_("The same once more"), autocomplete="new-password")

    def clean(self) -> dict[str, Any]:
        """Refuse a plain password and a slip of the finger."""
        content = super().clean() or self.cleaned_data
        first, second = content.get("password"), content.get("again")
        if first and second and first != second:
            self.add_error("again", _("The two are not the same."))
        elif first:
            try:
                validate_password(first)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return content


class SignatureForm(forms.Form):
    """Signing asks once more who is there; where a limit asks for it, a second clinician signs on the same screen."""

    secret = SecretField(label=_("Your password or PIN"), passkey="own")
    second_name = forms.CharField(
        label=_("Second clinician's sign-in name"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    second_secret = SecretField(label=_("Their password or PIN"), autocomplete="off", passkey="second", required=False)
