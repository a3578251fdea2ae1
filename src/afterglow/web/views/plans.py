"""The plan of a patient: draft, store, sign, supersede."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.plans import actions
from afterglow.web.access import STATUS_UNUSABLE, staff_page
from afterglow.web.carrying import prove, prove_second, store
from afterglow.web.forms.account import SignatureForm
from afterglow.web.forms.plans import GIVEN, SCHEDULE, PlanForm, StartForm
from afterglow.web.predictions.asking import GLANCE_S, PATIENT_S
from afterglow.web.predictions.finding import COPY
from afterglow.web.predictions.forms import OtherForm
from afterglow.web.predictions.options import judge_use, write_values
from afterglow.web.predictions.views import expect
from afterglow.web.present import plan_page
from afterglow.web.present.head import build_head
from afterglow.web.present.plans import find_protocol
from afterglow.web.views.chart import open_chart

# a plan that can still be followed
TO_COME = ("draft", "signed")


@staff_page("patient.read")
def show_plan(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return the plan as it stands, or carry out one of the page's acts."""
    patient, now = open_chart(request, patient_id, "plan")
    if request.method != "POST":
        return _show(request, patient, now, _find_shown(request, patient), {})
    acts = {
        "begin": _begin,
        "store": _store_draft,
        "sign": _sign,
        "expect": _expect,
        "use-b": _use_other,
        COPY: _expect,
    }
    act = _read_act(request)
    if act not in acts:
        raise Http404
    return acts[act](request, patient, now)


def _read_act(request: HttpRequest) -> str:
    """Return what the pressed control does; behind a colon stands what it does it with."""
    return request.POST.get("act", "").partition(":")[0]


def find_draft(patient: Any) -> Any:
    """Return the open draft, or None."""
    return patient.plans.filter(state="draft").select_related("created_by").first()


def find_signed(patient: Any) -> Any:
    """Return the plan in force, or None."""
    return patient.plans.filter(state="signed").select_related("signed_by").first()


def _begin(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    signed = find_signed(patient)
    form = StartForm(request.POST)
    if signed is not None and "protocol_id" not in request.POST:
        form = StartForm({"protocol_id": signed.protocol, "indication": signed.indication})
    if form.is_valid() and store(
        form,
        actions.draft_plan,
        patient=patient,
        protocol_id=form.cleaned_data["protocol_id"],
        indication=form.cleaned_data["indication"],
        by=request.user,
        now=now,
    ):
        messages.success(request, _("A draft begins with the protocol's values."))
        return redirect("web:patient-plan", patient.pk)
    return _show(request, patient, now, _find_shown(request, patient), {"start": form})


def _store_draft(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    draft = find_draft(patient)
    if draft is None:
        raise Http404
    return _store(request, patient, now, draft, PlanForm(request.POST, protocol=find_protocol(draft)))


def _expect(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    """Show the curves of what is typed; nothing is stored."""
    plan = _find_shown(request, patient)
    if plan is None:
        raise Http404
    is_mine = plan.state == "draft" and policy.allow(request.user, "plan.draft", patient)
    bound = {"plan": PlanForm(request.POST, protocol=find_protocol(plan))} if is_mine else {}
    return _show(request, patient, now, plan, bound)


def _use_other(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    """Put option B in the place of the draft's dose and store it; never across routes."""
    policy.require(request.user, "plan.draft", patient)
    draft = find_draft(patient)
    protocol = find_protocol(draft) if draft is not None else None
    if protocol is None:
        raise Http404
    typed = PlanForm(request.POST, protocol=protocol)
    if not typed.is_valid():
        # what cannot be read is shown, never replaced without a word
        return _show(request, patient, now, draft, {"plan": typed})
    other = OtherForm(request.POST)
    data = request.POST.copy()
    refusal = _("Option B cannot be given like this.")
    if other.is_valid():
        refusal = judge_use(protocol, other.build_option())
    if not refusal:
        data.update(dict.fromkeys(("dose_mg_per_kg", "dose_mg"), ""))
        for name, value in write_values(other.build_option()).items():
            data[name] = value
    form = PlanForm(data, protocol=protocol)
    form.is_valid()
    if refusal:
        form.add_error(None, refusal)
    return _store(request, patient, now, draft, form)


def _store(request: HttpRequest, patient: Any, now: datetime, draft: Any, form: PlanForm) -> HttpResponse:
    if form.is_valid():
        values = dict(form.cleaned_data)
        version = values.pop("version", None)
        given = {"plan": draft, "by": request.user, "now": now, "version": version}
        if store(form, actions.update_draft, values=values, **given):
            return redirect("web:patient-plan", patient.pk)
    return _show(request, patient, now, draft, {"plan": form})


def _sign(request: HttpRequest, patient: Any, now: datetime) -> HttpResponse:
    draft = find_draft(patient)
    if draft is None:
        raise Http404
    form = SignatureForm(request.POST, prefix="sign")
    if form.is_valid() and prove(request, form, now):
        second = prove_second(request, form, patient.site, now)
        given = {"plan": draft, "by": request.user, "now": now, "second": second}
        if not form.errors and store(form, actions.sign_plan, **given):
            messages.success(request, _("Signed. The plan is frozen with its protocol."))
            return redirect("web:patient-plan", patient.pk)
    return _show(request, patient, now, draft, {"sign": form})


def _find_shown(request: HttpRequest, patient: Any) -> Any:
    version = request.GET.get("version", "")
    if version.isascii() and version.isdigit() and len(version) < 6:
        plan = patient.plans.filter(number=int(version)).first()
        if plan is None:
            raise Http404
        return plan
    return find_draft(patient) or find_signed(patient) or patient.plans.order_by("-number").first()


def _show(request: HttpRequest, patient: Any, now: datetime, plan: Any, bound: dict[str, Any]) -> HttpResponse:
    user = request.user
    may_draft = policy.allow(user, "plan.draft", patient)
    protocol = find_protocol(plan) if plan is not None else None
    is_draft = plan is not None and plan.state == "draft"
    is_to_come = plan is not None and plan.state in TO_COME
    form = None
    if is_draft and may_draft:
        form = bound.get("plan") or PlanForm(initial=plan_page.read_initial(plan), protocol=protocol)
    sign_form = bound.get("sign") or SignatureForm(prefix="sign")
    context = {
        "chart": build_head(patient, user, "plan", now),
        "form": form,
        "start_form": (bound.get("start") or StartForm()) if may_draft and plan is None else None,
        "plan": plan_page.build_page(patient, plan, protocol, user, now),
        "given_fields": [form[name] for name in GIVEN if name in form.fields] if form else [],
        "schedule_fields": [form[name] for name in SCHEDULE if name in form.fields] if form else [],
        "text_fields": [form["notes"], form["version"]] if form else [],
        "sign_form": sign_form,
        "calendar": plan_page.build_calendar(plan, protocol, timezone.localdate(now)) if is_to_come else None,
        "order_url": reverse("web:patient-order", args=[patient.pk]),
        "expect": _build_expected(request, patient, plan, now, form),
        "expect_url": reverse("web:patient-plan-expected", args=[patient.pk]),
    }
    is_bad = any(item.errors for item in bound.values())
    return render(request, "web/plans/show.html", context, status=STATUS_UNUSABLE if is_bad else 200)


def _build_expected(request: HttpRequest, patient: Any, plan: Any, now: datetime, form: Any) -> Any:
    """Return the curves of a plan that can still be followed; none for one that was superseded or stopped."""
    if plan is None or plan.state not in TO_COME:
        return None
    is_asked = _read_act(request) in ("expect", COPY)
    return expect(request, patient, plan, now, form=form, timeout_s=PATIENT_S if is_asked else GLANCE_S)
