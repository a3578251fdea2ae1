"""The next treatment: what the evidence says of each option, findings first, and the clinician's own decision."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from afterglow import __version__
from afterglow.clinic import policy
from afterglow.clinic.care.deciding import DECIDE, list_decisions
from afterglow.clinic.care.models.deciding import CONTINUE, HOLD, REVIEW, SHORTEN, STOP, STRETCH
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.prepared import Prepared
from afterglow.web.charts.ahead import write_window
from afterglow.web.forms.fields import ChoiceRows, NoteField, PickField, WholeField
from afterglow.web.outlook.asking import Asked
from afterglow.web.outlook.drawing import find_window, write_grade
from afterglow.web.outlook.weighing import describe_weights, find_weights_url
from afterglow.web.presenting import describe_source
from afterglow.web.templatetags.words import moment

_SIGNED = Prepared(lambda patient: Plan.objects.filter(patient=patient, state="signed").values_list("pk", flat=True))
# stretching and stopping always stand among what can be decided
CHOICES = (
    (CONTINUE, _lazy("Go on at this interval")),
    (STRETCH, _lazy("Stretch: longer between sessions")),
    (SHORTEN, _lazy("Shorten: closer together")),
    (HOLD, _lazy("Hold: no session for now")),
    (STOP, _lazy("Stop, with a plan of stepping down")),
    (REVIEW, _lazy("Review with the whole team")),
)


class DecisionForm(forms.Form):
    """A decision, the days where sessions go on, and why; nothing is chosen beforehand."""

    decision = PickField(label=_lazy("Decision"), choices=CHOICES, widget=ChoiceRows)
    interval_d = WholeField(
        label=_lazy("Days between sessions"), unit=_lazy("days"), required=False,
        help_text=_lazy("Where sessions go on. The plan itself is changed on its own page."),
    )  # fmt: skip
    reason = NoteField(label=_lazy("Why"), rows=2, max_length=600, help_text=_lazy("At least 20 characters."))
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)


def build_advice(user: Any, patient: Any, asked: Asked, form: DecisionForm | None) -> dict[str, Any]:
    """Return the folded section: findings, options, what it rests on, the form for who may decide, decisions taken."""
    advice = asked.advice
    decisions = [_describe(row) for row in list_decisions(patient)]
    has_plan = asked.question.code != "no-plan" and bool(_SIGNED.ask(patient=patient))
    may_decide = has_plan and policy.allow(user, DECIDE, patient)
    options = advice.get("options", [])
    window = find_window(asked)
    return {
        "is_shown": bool(advice or decisions or may_decide),
        "is_open": form is not None,
        "reason": _find_reason(asked, has_plan=has_plan),
        "window": write_window(window) if window is not None else "",
        "findings": advice.get("findings", []),
        "options": [_describe_option(row) for row in options],
        "weighed": describe_weights(asked.question.weights) if options else "",
        "weights_url": find_weights_url(user, patient.site) if advice else "",
        "costs": [_describe_cost(row) for row in advice.get("visit_costs", [])] if options else [],
        "basis": [{**row, "source": describe_source(row["source"]), "grade": write_grade(row["grade"])}
                  for row in advice.get("basis", [])],
        "form": (form or DecisionForm(prefix="next", initial={"seen": asked.digest})) if may_decide else None,
        "last": decisions[0] if decisions else None,
        "earlier": decisions[1:],
    }  # fmt: skip


def render_seen(asked: Asked) -> dict[str, Any]:
    """Return what of the forecast is kept with a decision: what it was, by which version and weights; no score."""
    advice = asked.advice
    return {
        "state": asked.state,
        "question": asked.digest,
        "version": __version__,
        "status": advice.get("status", ""),
        "code": advice.get("code", asked.question.code),
        "suggested_d": advice.get("suggested_interval_d"),
        "window": advice.get("window"),
        "weights": _keep_weights(asked),
    }


def _keep_weights(asked: Asked) -> dict[str, Any]:
    """Return the weights of an advice with the version that holds them; empty where no interval was weighed."""
    if not asked.advice.get("options"):
        return {}
    return {**asked.question.weights, "values": {row["name"]: row["value"] for row in asked.advice["loss"]}}


def _find_reason(asked: Asked, *, has_plan: bool) -> str:
    """Return what the advice comes to, or why there is none where the chart does not say it already."""
    if asked.advice and not has_plan:
        return _("No signed plan is in force, so that no interval is weighed.")
    reason = str(asked.advice.get("reason", ""))
    return "" if reason == asked.reason else reason


def _describe(row: Any) -> dict[str, str]:
    words = str(dict(CHOICES)[row.decision])
    if row.interval_d is not None:
        words = f"{words}, {_write_days(row.interval_d)}"
    kept = row.seen.get("weights") or {}
    return {
        "words": words,
        "reason": row.reason,
        "weighed": describe_weights(kept) if kept else "",
        "by": row.recorded_by.display_name,
        "when": moment(row.recorded_at),
    }


def _write_days(days: int) -> str:
    return ngettext("every day", "every %(n)d days", days) % {"n": days}


def _describe_option(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["difference_range"]
    names = {"continue": _("go on"), "stretch": _("stretch"), "shorten": _("shorten"), "stop": _("stop")}
    days = _("no further session") if row["interval_d"] is None else _write_days(row["interval_d"])
    is_present = row["action"] == "continue"
    return {
        "days": days,
        "action": names[row["action"]],
        "unwell": f"{row['unwell_days_per_28']:.1f}",
        "loss": [f"{row['loss'][name]:.1f}" for name in ("low", "middle", "high")],
        "difference": "–" if is_present else f"{row['difference']:+.1f} ({low:+.1f} … {high:+.1f})",
        "why_not": row["why_not"] or "",
    }


def _describe_cost(row: Mapping[str, Any]) -> str:
    names = {"low": _("low"), "middle": _("middle"), "high": _("high")}
    given = {"name": names[row["name"]], "days": f"{row['days_per_visit']:g}"}
    return _("%(name)s: a visit counts as %(days)s days unwell") % given
