"""How the advice weighs: every weight with its source, the site's own versions, and their change by who may sign it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from afterglow.clinic import policy
from afterglow.clinic.care.weighing import (
    CHANGE,
    READ,
    change_weights,
    find_version,
    list_values,
    list_versions,
    read_loss,
    restore_weights,
)
from afterglow.clinic.sites.models import Site
from afterglow.outcomes.next_treatment import describe_range, load_loss
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import prove, store
from afterglow.web.floor.lookup import find_site
from afterglow.web.forms.account import SecretField
from afterglow.web.forms.fields import NoteField, NumberField
from afterglow.web.presenting import describe_citation
from afterglow.web.templatetags.words import day, moment

PAGE = "web:advice-weights"
PLACES = 4
_DAYS = _lazy("days unwell")
# name -> what it is, in words; its unit
WORDS = {
    "unwell_day": (_lazy("One day with a score at or over the relapse threshold"), _DAYS),
    "severity_day": (
        _lazy("One day at the top of the scale, beside being unwell; less below it, in proportion"),
        _DAYS,
    ),
    "visit_low": (_lazy("A visit of little effort: near the clinic, help at hand"), _DAYS),
    "visit_middle": (_lazy("A visit of middle effort: a day of work, an escort, a day of after-effects"), _DAYS),
    "visit_high": (_lazy("A visit of great effort: long travel, or paid by oneself"), _DAYS),
    "adverse_event": (_lazy("One serious or severe reaction"), _DAYS),
    "adverse_per_session": (
        _lazy("How likely such a reaction is in one session, before the person's own are counted"),
        _lazy("chance"),
    ),
    "exposure_per_session": (_lazy("What one more session adds to the exposure over the years"), _DAYS),
}


class SignForm(forms.Form):
    """Why, and who signs; `version` is the one that stood on the page."""

    reason = NoteField(label=_lazy("Why"), rows=2, max_length=600, help_text=_lazy("At least 20 characters."))
    secret = SecretField(label=_lazy("Your password or PIN"), passkey="own")
    version = forms.IntegerField(widget=forms.HiddenInput)


class WeightsForm(SignForm):
    """Every weight as a number."""

    field_order = (*WORDS, "reason", "secret", "version")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a field of each weight, with what it may be."""
        super().__init__(*args, **kwargs)
        for name, (label, unit) in WORDS.items():
            accepted = _("%(range)s; default %(default)s") % {
                "range": describe_range(name),
                "default": _write(load_loss().get(name)),
            }
            self.fields[name] = NumberField(label=label, unit=unit, places=PLACES, help_text=accepted)
        self.order_fields(self.field_order)

    @property
    def weights(self) -> list[Any]:
        """The fields of the weights, in their order."""
        return [self[name] for name in WORDS]


@staff_page(READ)
def show_weights(request: HttpRequest) -> HttpResponse:
    """Return the weights in force at a site with their history, or carry out one act."""
    site, now = _find_site(request), timezone.now()
    if request.method != "POST":
        return _show(request, site)
    policy.require(request.user, CHANGE, site)
    acts = {"change": _change, "restore": _restore}
    if request.POST.get("act") not in acts:
        raise Http404
    return acts[request.POST["act"]](request, site, now)


def describe_weights(named: Mapping[str, Any]) -> str:
    """Return which weights an advice was made with, as a decision keeps them: the site's own of a day, or defaults."""
    if not named.get("signed_on"):
        return _("Weighed with the default weights.")
    given = {"day": day(date.fromisoformat(named["signed_on"])), "number": named["number"]}
    return _("Weighed with the clinic's own weights of %(day)s (version %(number)d).") % given


def find_weights_url(user: Any, site: Any) -> str:
    """Return where a site's weights stand, for who may read them."""
    return f"{reverse(PAGE)}?site={site.pk}" if policy.allow(user, READ, site) else ""


def _find_site(request: HttpRequest) -> Any:
    """Return the site that the address names, where somebody may read there; else the one they work at."""
    named = request.GET.get("site", "")
    if not named:
        return find_site(request, READ)
    site = Site.objects.filter(pk=named.replace("\x00", "")).first()
    if site is None or not policy.allow(request.user, READ, site):
        raise Http404
    return site


def _change(request: HttpRequest, site: Any, now: datetime) -> HttpResponse:
    form = WeightsForm(request.POST, prefix="weights")
    if form.is_valid() and prove(request, form, now):
        given = {name: float(form.cleaned_data[name]) for name in WORDS}
        signed = {name: form.cleaned_data[name] for name in ("reason", "version")}
        if store(form, change_weights, site=site, weights=given, by=request.user, now=now, **signed):
            messages.success(request, _("The clinic's own weights are in force. Advice is made anew with them."))
            return redirect(f"{reverse(PAGE)}?site={site.pk}")
    return _show(request, site, form=form)


def _restore(request: HttpRequest, site: Any, now: datetime) -> HttpResponse:
    form = SignForm(request.POST, prefix="restore")
    if form.is_valid() and prove(request, form, now):
        signed = {name: form.cleaned_data[name] for name in ("reason", "version")}
        if store(form, restore_weights, site=site, by=request.user, now=now, **signed):
            messages.success(request, _("The default weights are in force again. Advice is made anew with them."))
            return redirect(f"{reverse(PAGE)}?site={site.pk}")
    return _show(request, site, restore=form)


def _show(request: HttpRequest, site: Any, *, form: Any = None, restore: Any = None) -> HttpResponse:
    version = find_version(site)
    try:
        loss, refused = read_loss(version), ""
    except InvalidInput as error:
        loss, refused = load_loss(), str(error)
    may_change = policy.allow(request.user, CHANGE, site)
    number = {"version": 0 if version is None else version.number}
    typed = {**number, **{name: _write(value) for name, value in list_values(loss).items()}}
    context = {
        "site": site,
        "rows": [_describe_weight(one, loss.edited) for one in loss.list_weights()],
        "in_force": "" if refused else _describe_force(version),
        "refused": refused,
        "has_own": version is not None and bool(version.weights),
        "form": (form or WeightsForm(prefix="weights", initial=typed)) if may_change else None,
        "restore": (restore or SignForm(prefix="restore", initial=number)) if may_change else None,
        "is_restoring": restore is not None,
        "versions": _describe_versions(site),
    }
    is_bad = any(each is not None and each.is_bound for each in (form, restore))
    return render(request, "web/outlook/weights.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _describe_weight(one: Any, edited: tuple[str, ...]) -> dict[str, Any]:
    words, unit = WORDS[one.name]
    default = load_loss().parameters[one.name]
    return {
        "words": words,
        "unit": unit,
        "value": _write(one.value),
        "default": _write(default.value),
        "is_own": one.name in edited,
        "source": describe_citation(default.citation),
        "note": default.note,
    }


def _describe_force(version: Any) -> str:
    if version is None:
        return _("The default weights are in force; nobody has changed any.")
    given = {"when": moment(version.recorded_at), "who": version.recorded_by.display_name}
    if not version.weights:
        return _("The default weights are in force, put back on %(when)s by %(who)s.") % given
    return _("The clinic's own weights of %(when)s are in force, signed by %(who)s.") % given


def _describe_versions(site: Any) -> list[dict[str, Any]]:
    """Return every version, newest first, with what it changed against the one before."""
    defaults = list_values(load_loss())
    found, before = [], defaults
    for version in reversed(list_versions(site)):
        after = {**defaults, **version.weights}
        found.append(
            {
                "number": version.number,
                "when": moment(version.recorded_at),
                "who": version.recorded_by.display_name,
                "reason": version.reason,
                "is_default": not version.weights,
                "changes": _list_changes(before, after),
            }
        )
        before = after
    return found[::-1]


def _list_changes(before: Mapping[str, float], after: Mapping[str, float]) -> list[dict[str, Any]]:
    return [
        {"words": WORDS[name][0], "was": _write(before[name]), "value": _write(after[name])}
        for name in WORDS
        if before[name] != after[name]
    ]


def _write(value: float) -> str:
    """Return a weight with the places that its field takes, and no empty ones."""
    return f"{value:.{PLACES}f}".rstrip("0").rstrip(".")
