"""Today's order of a patient: weigh, work out, sign, open the session."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Denied, Refused
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans import actions
from afterglow.clinic.scheduling.storing import BECAUSE
from afterglow.clinic.scheduling.walk_ins import find_visit_today, open_today
from afterglow.terms import InvalidInput
from afterglow.web.access import STATUS_UNUSABLE, find_or_404, staff_page
from afterglow.web.carrying import prove, prove_second, sentence, store
from afterglow.web.forms.account import SignatureForm
from afterglow.web.forms.fields import add_problems
from afterglow.web.forms.orders import DOSE, DRUGS, SUPPLY, OpenSessionForm, OrderForm, WeightForm
from afterglow.web.present import orders as present
from afterglow.web.present.head import build_head
from afterglow.web.present.plans import find_protocol
from afterglow.web.schedule.panel import describe_standing
from afterglow.web.templatetags.words import plain
from afterglow.web.views.chart import open_chart
from afterglow.web.views.plans import find_signed


@staff_page("session.read")
def show_order(request: HttpRequest, patient_id: str) -> HttpResponse:
    """Return today's order, or carry out one of the page's acts."""
    patient, now = open_chart(request, patient_id, "order", "session.read")
    plan = find_signed(patient)
    if request.method != "POST":
        return _show(request, patient, plan, now, {})
    acts = {"weigh": _weigh, "work-out": _work_out, "sign": _sign, "open-session": _open}
    act = request.POST.get("act", "")
    if act not in acts or plan is None:
        raise Http404
    return acts[act](request, patient, plan, now)


@staff_page("session.read", methods=("GET", "HEAD"))
def find_order(request: HttpRequest, session_id: str) -> HttpResponse:
    """Lead from a session to its patient's order of the day."""
    session = find_or_404(request, Session.objects.all(), "session.read", pk=session_id)
    return redirect("web:patient-order", session.patient_id)


def _weigh(request: HttpRequest, patient: Any, plan: Any, now: datetime) -> HttpResponse:
    form = WeightForm(request.POST)
    if form.is_valid():
        given = {"kind": "weight", "value": form.cleaned_data["weight_kg"], "observed_at": now}
        if store(form, people.record_measurement, patient=patient, by=request.user, now=now, **given):
            messages.success(request, _("Stored: today's weight."))
            return redirect("web:patient-order", patient.pk)
    return _show(request, patient, plan, now, {"weight": form})


def _work_out(request: HttpRequest, patient: Any, plan: Any, now: datetime) -> HttpResponse:
    form = OrderForm(request.POST, protocol=find_protocol(plan))
    form.is_valid()
    return _show(request, patient, plan, now, {"order": form})


def _sign(request: HttpRequest, patient: Any, plan: Any, now: datetime) -> HttpResponse:
    form = OrderForm(request.POST, protocol=find_protocol(plan))
    sign_form = SignatureForm(request.POST, prefix="sign")
    is_whole = form.is_valid() and sign_form.is_valid()
    if is_whole and prove(request, sign_form, now):
        second = prove_second(request, sign_form, patient.site, now)
        given = {name: form.cleaned_data.get(name) for name in DOSE if form.cleaned_data.get(name) is not None}
        drugs = {name: form.list_drugs(name) for name in DRUGS}
        if not sign_form.errors and store(
            form,
            actions.sign_order,
            plan=plan,
            by=request.user,
            now=now,
            second=second,
            session=present.find_session(patient),
            supply=form.list_supply(),
            **given,
            **drugs,
        ):
            messages.success(request, _("Signed: today's order."))
            return redirect("web:patient-order", patient.pk)
    return _show(request, patient, plan, now, {"order": form, "sign": sign_form})


def _open(request: HttpRequest, patient: Any, plan: Any, now: datetime) -> HttpResponse:
    places = _list_places(patient)
    form = OpenSessionForm(request.POST, places=places)
    shown: dict[str, Any] = {"open": form}
    if form.is_valid():
        try:
            session = open_today(
                patient=patient,
                plan=plan,
                place=places.get(name=form.cleaned_data["place"]),
                accepted=[word[:20] for word in request.POST.getlist("accepted")[:30]],
                because=request.POST.get("because", "")[: BECAUSE + 1],
                by=request.user,
                now=now,
            )
        except InvalidInput as error:
            add_problems(form, error.problems)
        except Refused as error:
            stands = _("The session was not opened: see what stands against it.")
            form.add_error(None, stands if error.findings else sentence(str(error)))
            shown["standing"] = describe_standing(error.findings, request.user, patient.site, plan)
        else:
            _attach(request, patient, session, now)
            return redirect("web:session", session.pk)
    return _show(request, patient, plan, now, shown)


def _attach(request: HttpRequest, patient: Any, session: Any, now: datetime) -> None:
    """Put today's signed order, if there is one, into the session that was just opened, under its signer's name."""
    order = present.find_open_order(patient, now)
    if order is None:
        return
    try:
        actions.attach_order(order=order, session=session, by=order.signed_by, now=now)
    except (InvalidInput, Refused, Denied) as error:
        messages.warning(request, sentence(str(error)))


def _list_places(patient: Any) -> Any:
    return patient.site.places.filter(is_active=True).order_by("name")


def _begin_opening(patient: Any, visit: Any) -> OpenSessionForm:
    place = visit.place.name if visit is not None and visit.place is not None else ""
    return OpenSessionForm(initial={"place": place}, places=_list_places(patient))


def _show(request: HttpRequest, patient: Any, plan: Any, now: datetime, bound: dict[str, Any]) -> HttpResponse:
    user = request.user
    protocol = find_protocol(plan) if plan is not None else None
    form = bound.get("order")
    if form is None and plan is not None:
        initial = {name: plain(getattr(plan, name)) for name in DOSE if getattr(plan, name) is not None}
        form = OrderForm(initial=initial, protocol=protocol)
    page = present.build_page(patient, plan, protocol, form, user, now)
    may_record = policy.allow(user, "chart.edit", patient)
    may_open = plan is not None and policy.allow(user, "session.open", patient) and not page.get("session_url")
    visit = find_visit_today(patient, now) if may_open else None
    standing = bound.pop("standing", [])
    context = {
        "chart": build_head(patient, user, "plan", timezone.now()),
        "order": page,
        "form": form,
        "dose_fields": [form[name] for name in DOSE if name in form.fields] if form else [],
        "supply_fields": [form[name] for name in SUPPLY if name in form.fields] if form else [],
        "drug_fields": [form[name] for name in DRUGS if name in form.fields] if form else [],
        "weight_form": (bound.get("weight") or WeightForm()) if may_record and plan is not None else None,
        "sign_form": (bound.get("sign") or SignatureForm(prefix="sign")) if page.get("may_sign") else None,
        "session_form": (bound.get("open") or _begin_opening(patient, visit)) if may_open else None,
        "visit": visit,
        "standing": standing,
        "may_go_on": any(each["asks_yes"] for each in standing),
    }
    is_bad = any(item.errors for item in bound.values())
    return render(request, "web/orders/show.html", context, status=STATUS_UNUSABLE if is_bad else 200)
