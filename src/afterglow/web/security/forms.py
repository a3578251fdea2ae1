"""Forms of emergency openings and of their review."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from afterglow.clinicday.emergency import load_emergency_rules
from afterglow.web.forms.fields import ChoiceRows, DayField, NoteField, TextField


class OpeningForm(forms.Form):
    """Who the person is, as one knows them already, and why their chart is needed now."""

    family_name = TextField(label=_("Family name"), max_length=120)
    given_name = TextField(label=_("Given name"), max_length=120)
    birth_on = DayField(label=_("Date of birth"))
    site = forms.ChoiceField(label=_("Site"), required=False, widget=forms.HiddenInput, choices=())
    reason = forms.ChoiceField(label=_("Reason"), widget=ChoiceRows)
    words = NoteField(label=_("What happened, in a few words"), rows=3, max_length=500)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the coded reasons."""
        super().__init__(*args, **kwargs)
        self._offer("reason", [(word, _(label)) for word, label in load_emergency_rules().reasons.items()])
        # any site's key may come back from the second look; which ones count is decided by what was found
        if key := self.data.get("site"):
            self._offer("site", [(key, key)])

    def offer_sites(self, sites: Iterable[Any]) -> None:
        """Ask which site's chart is meant."""
        self.fields["site"].widget = ChoiceRows()
        self._offer("site", [(site.pk, site.name) for site in sites])

    def _offer(self, name: str, choices: list[tuple[Any, Any]]) -> None:
        field = self.fields[name]
        if isinstance(field, forms.ChoiceField):
            field.choices = choices


class ReviewForm(forms.Form):
    """How the review ends."""

    outcome = forms.ChoiceField(label=_("The opening was"), widget=ChoiceRows)
    note = NoteField(label=_("Note; needed where it was not justified"), rows=3, max_length=1000, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the outcomes."""
        super().__init__(*args, **kwargs)
        field = self.fields["outcome"]
        if isinstance(field, forms.ChoiceField):
            field.choices = [(word, _(label)) for word, label in load_emergency_rules().outcomes.items()]
