"""The next treatment: what the evidence says of each option, findings first, and the clinician's own decision."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext

from afterglow import __version__
from afterglow.clinic import policy
from afterglow.clinic.care.deciding import DECIDE, list_decisions
from afterglow.clinic.care.models.deciding import CONTINUE, HOLD, REVIEW, SHORTEN, STOP, STRETCH
from afterglow.clinic.plans.lookups import list_plans
from afterglow.outcomes.next_treatment import Action, Bounds, Choice, Kind, Origin, Reason
from afterglow.terms import Grade
from afterglow.web.charts.ahead import write_window
from afterglow.web.forms.fields import ChoiceRows, NoteField, PickField, WholeField
from afterglow.web.outlook.asking import Asked
from afterglow.web.outlook.drawing import find_window, write_grade
from afterglow.web.outlook.weighing import describe_weights, find_weights_url
from afterglow.web.presenting import describe_source
from afterglow.web.templatetags.words import moment

# stretching and stopping always stand among what can be decided
CHOICES = (
    (CONTINUE, _lazy("Go on at this interval")),
    (STRETCH, _lazy("Stretch: longer between sessions")),
    (SHORTEN, _lazy("Shorten: closer together")),
    (HOLD, _lazy("Hold: no session for now")),
    (STOP, _lazy("Stop, with a plan of stepping down")),
    (REVIEW, _lazy("Review with the whole team")),
)


class DecisionRows(ChoiceRows):
    """The decisions as radio buttons; one that is not open here cannot be picked, and says so."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with every decision open."""
        super().__init__(*args, **kwargs)
        self.closed: frozenset[str] = frozenset()

    def create_option(
        self, name: str, value: Any, label: Any, selected: bool, index: int, subindex: int | None = None,
        attrs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Return one button, turned off where it is closed."""
        if str(value) in self.closed:
            attrs, selected = {**(attrs or {}), "disabled": True}, False
            label = _("%(decision)s (not open, see below)") % {"decision": label}
        return super().create_option(name, value, label, selected, index, subindex, attrs)


class DecisionForm(forms.Form):
    """A decision, the days where sessions go on, and why; nothing is chosen beforehand."""

    decision = PickField(label=_lazy("Decision"), choices=CHOICES, widget=DecisionRows)
    interval_d = WholeField(
        label=_lazy("Days between sessions"), unit=_lazy("days"), required=False,
        help_text=_lazy("Where sessions go on. The plan itself is changed on its own page."),
    )  # fmt: skip
    reason = NoteField(label=_lazy("Why"), rows=2, max_length=600, help_text=_lazy("At least 20 characters."))
    is_against = forms.BooleanField(
        required=False, label=_lazy("I decide this outside the label or policy, or against the advice")
    )
    against_reason = NoteField(
        label=_lazy("Because"), rows=2, max_length=600, required=False,
        help_text=_lazy("At least 20 characters. It is kept with the decision and shown beside it."),
    )  # fmt: skip
    seen = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def close(self, closed: Collection[str]) -> None:
        """Turn off the decisions that are not open here."""
        widget = self.fields["decision"].widget
        if not isinstance(widget, DecisionRows):
            raise TypeError("the decisions are rows")
        widget.closed = frozenset(closed)

    @property
    def is_going_against(self) -> bool:
        """Whether the part for going against something was filled in, or has to be."""
        data = self.data
        named = [self.add_prefix(name) for name in ("is_against", "against_reason")]
        is_wrong = self.is_bound and any(name in self.errors for name in ("is_against", "against_reason"))
        return is_wrong or any(data.get(name) for name in named)


def build_advice(user: Any, patient: Any, asked: Asked, form: DecisionForm | None) -> dict[str, Any]:
    """Return the folded section: findings, options, what it rests on, the form for who may decide, decisions taken."""
    advice, bounds = asked.advice, asked.question.bounds
    decisions = [_describe(row) for row in list_decisions(patient)]
    has_plan = asked.question.code != "no-plan" and any(plan.state == "signed" for plan in list_plans(patient))
    may_decide = has_plan and policy.allow(user, DECIDE, patient)
    options = advice.get("options", [])
    window = find_window(asked)
    found = advice.get("findings") or ([] if bounds is None else [one.to_json() for one in bounds.guards.findings])
    choices = [] if bounds is None else [_describe_choice(one) for one in bounds.choices]
    shown = _open_form(form, asked, choices) if may_decide else None
    return {
        "is_shown": bool(advice or decisions or may_decide),
        "is_open": form is not None,
        "reason": _find_reason(asked, has_plan=has_plan),
        "window": write_window(window) if window is not None else "",
        "findings": found,
        "rows": [] if bounds is None or not has_plan else _list_rows(bounds, options),
        "is_weighed": bool(options),
        "weighed": describe_weights(asked.question.weights) if options else "",
        "weights_url": find_weights_url(user, patient.site) if advice else "",
        "costs": [_describe_cost(row) for row in advice.get("visit_costs", [])] if options else [],
        "basis": [{**row, "source": describe_source(row["source"]), "grade": write_grade(row["grade"])}
                  for row in advice.get("basis", [])],
        "form": shown,
        "days_hint": "" if shown is None else _write_hint(shown, bounds),
        "closed": [one for one in choices if one["is_closed"]],
        "chosen": "" if shown is None or not shown.is_bound else shown.data.get(shown.add_prefix("decision"), ""),
        "last": decisions[0] if decisions else None,
        "earlier": decisions[1:],
    }  # fmt: skip


def _open_form(form: DecisionForm | None, asked: Asked, choices: Collection[Mapping[str, Any]]) -> DecisionForm:
    """Return the form with what is not open turned off."""
    shown = form or DecisionForm(prefix="next", initial={"seen": asked.digest})
    shown.close([one["value"] for one in choices if one["is_closed"]])
    return shown


def _write_hint(form: DecisionForm, bounds: Bounds | None) -> str:
    """Return what stands under the days: the current interval, and what the field always says."""
    now = "" if bounds is None or bounds.keep_d is None else _write_current(bounds)
    return f"{now} {form.fields['interval_d'].help_text}".strip()


def _describe_choice(choice: Choice) -> dict[str, Any]:
    """Return a choice as the form shows it: whether it is closed, why, and whether nobody may decide it."""
    return {
        "value": str(choice.action),
        "words": str(dict(CHOICES)[str(choice.action)]),
        "is_closed": not choice.is_open,
        "is_blocked": choice.is_blocked,
        "reasons": [_write_reason(reason) for reason in choice.reasons],
    }


def _write_reason(reason: Reason) -> str:
    """Return a reason with its source and grade."""
    source = describe_source(reason.source)
    grade = "" if reason.grade == Grade.P else f"; {write_grade(reason.grade)}"
    return f"{reason.text} ({source}{grade})"


def _write_current(bounds: Bounds) -> str:
    """Return the current interval and where it comes from."""
    days = _write_span(*(bounds.keep_d or (0, 0)))
    if bounds.origin is Origin.PHASE:
        return _("The schedule of this phase: %(days)s.") % {"days": days}
    if bounds.origin is Origin.BEGINNING:
        return _("Upkeep begins with %(days)s.") % {"days": days}
    if bounds.policy is None:
        return _("Now %(days)s, by the last gaps between sessions.") % {"days": days}
    return _("Now %(days)s: the listed interval nearest to the last gaps between sessions.") % {"days": days}


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


def _name_against(reasons: Sequence[Reason]) -> str:
    """Return what a decision was taken against, as it was stored with it."""
    kinds = {reason.kind for reason in reasons}
    parts = [
        (Kind.LABEL, _("Outside the label")),
        (Kind.PROTOCOL, _("Outside the protocol")),
        (Kind.POLICY, _("Outside the policy")),
        (Kind.ADVICE, _("Against the advice")),
    ]
    return "; ".join(words for kind, words in parts if kind in kinds)


def _describe(row: Any) -> dict[str, Any]:
    words = str(dict(CHOICES)[row.decision])
    if row.interval_d is not None:
        words = f"{words}, {_write_days(row.interval_d)}"
    kept = row.seen.get("weights") or {}
    against = row.seen.get("against") or {}
    reasons = [_read_reason(each) for each in against.get("reasons", ())]
    return {
        "words": words,
        "against": _name_against(reasons) if reasons else "",
        "because": against.get("because", ""),
        "stood_against": [_write_reason(reason) for reason in reasons],
        "reason": row.reason,
        "weighed": describe_weights(kept) if kept else "",
        "by": row.recorded_by.display_name,
        "when": moment(row.recorded_at),
    }


def _write_days(days: int) -> str:
    return ngettext("every day", "every %(n)d days", days) % {"n": days}


def _list_rows(bounds: Bounds, options: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows stretch, go on, shorten and stop, each of them always; a figure only where it is open."""
    rows = []
    for choice in bounds.choices:
        weighed = [row for row in options if row["action"] == str(choice.action)]
        rows += _list_weighed(weighed) if weighed else [_describe_bare(choice, bounds, is_weighed=bool(options))]
    return rows


def _list_weighed(weighed: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the intervals of one action; those that the same reasons close stand in one row."""
    rows: list[dict[str, Any]] = []
    for row in weighed:
        why = [_write_reason(_read_reason(reason)) for reason in row.get("reasons", ())]
        if why and rows and rows[-1]["why"] == why:
            rows[-1]["listed"].append(row["interval_d"])
        else:
            rows.append({**_describe_option(row), "why": why, "listed": [row["interval_d"]]})
    for shown in rows:
        shown["days"] = _write_listed(shown["listed"])
    return rows


def _describe_bare(choice: Choice, bounds: Bounds, *, is_weighed: bool) -> dict[str, Any]:
    """Return a row without figures: what no interval of the phase was weighed for."""
    days = ""
    if choice.action is Action.STOP:
        days = _("no further session")
    elif choice.action is Action.CONTINUE:
        days = _("as now") if bounds.keep_d is None else _write_span(*bounds.keep_d)
    elif choice.intervals_d:
        days = _write_listed(choice.intervals_d)
    else:
        days = _("longer") if choice.action is Action.STRETCH else _("closer together")
    why = [_write_reason(reason) for reason in choice.reasons]
    told = _("decided with the person") if choice.action is Action.STOP else _("open")
    words = told if is_weighed else _("%(state)s; not weighed") % {"state": told}
    return {"days": days, "action": _name_action(str(choice.action)), "why": why, "is_bare": True, "words": words}


def _describe_option(row: Mapping[str, Any]) -> dict[str, Any]:
    low, high = row["difference_range"]
    is_present = row["action"] == "continue"
    return {
        "action": _name_action(row["action"]),
        "unwell": f"{row['unwell_days_per_28']:.1f}",
        "loss": [f"{row['loss'][name]:.1f}" for name in ("low", "middle", "high")],
        "difference": "–" if is_present else f"{row['difference']:+.1f} ({low:+.1f} … {high:+.1f})",
        "words": _("decided with the person") if row["interval_d"] is None else _("open"),
    }


def _name_action(action: str) -> str:
    names = {"continue": _("go on"), "stretch": _("stretch"), "shorten": _("shorten"), "stop": _("stop")}
    return names[action]


def _read_reason(row: Mapping[str, Any]) -> Reason:
    return Reason(row["code"], Kind(row["kind"]), row["text"], row["source"], row["grade"], row["hard"])


def _write_span(shortest: int, longest: int) -> str:
    if shortest == longest:
        return _write_days(shortest)
    return _("every %(a)d to %(b)d days") % {"a": shortest, "b": longest}


def _write_listed(days: Sequence[int | None]) -> str:
    if list(days) == [None]:
        return _("no further session")
    if len(days) == 1:
        return _write_days(days[0] or 0)
    return _("every %(days)s days") % {"days": ", ".join(map(str, days))}


def _describe_cost(row: Mapping[str, Any]) -> str:
    names = {"low": _("low"), "middle": _("middle"), "high": _("high")}
    given = {"name": names[row["name"]], "days": f"{row['days_per_visit']:g}"}
    return _("%(name)s: a visit counts as %(days)s days unwell") % given
