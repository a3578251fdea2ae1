"""One's account at a glance, the list of sign-ins, and a manager's signing a person out everywhere."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from afterglow.clinic import policy
from afterglow.clinic.accounts import sign_ins
from afterglow.clinic.accounts.idle import find_minutes
from afterglow.clinic.accounts.models import SignIn
from afterglow.clinic.accounts.passkeys import list_passkeys
from afterglow.clinic.people.models import PractitionerRole, User
from afterglow.web.access import staff_page
from afterglow.web.context import describe_role


@staff_page(methods=("GET", "HEAD"))
def show_account(request: HttpRequest) -> HttpResponse:
    """Return what one signs in and signs with, and where one is signed in."""
    user = request.user
    context = {
        "passkeys": list_passkeys(user),
        "has_pin": bool(getattr(user, "pin_hash", "")),
        "count": len(sign_ins.list_sign_ins(user, now=timezone.now())),
        "minutes": find_minutes(user),
        "may_manage": policy.allow(user, sign_ins.MANAGE),
        "may_use": policy.allow(user, "break-glass.use"),
        "may_review": policy.allow(user, "break-glass.review"),
    }
    return render(request, "web/security/account.html", context)


@staff_page()
def show_sign_ins(request: HttpRequest) -> HttpResponse:
    """Return where one is signed in, or end one of them, or all the others."""
    now, own = timezone.now(), request.session.get(sign_ins.KEPT_AS, "")
    if request.method == "POST":
        act = request.POST.get("act", "")
        if act == "others":
            count = sign_ins.end_sign_ins(user=request.user, by=request.user, now=now, but=own)
            messages.success(request, _describe_count(count))
        elif act == "end":
            row = find_own(request)
            sign_ins.end_sign_in(sign_in=row, by=request.user, now=now)
            messages.success(request, _("Signed out there. What it still showed live has ended too."))
        else:
            raise Http404
        return redirect("web:sign-ins")
    rows = [{"row": row, "is_here": row.pk == own} for row in sign_ins.list_sign_ins(request.user, now=now)]
    return render(request, "web/security/sign_ins.html", {"rows": rows})


@staff_page(sign_ins.MANAGE)
def show_staff(request: HttpRequest) -> HttpResponse:
    """Return the people whose accounts one manages with their sign-ins, or sign one of them out everywhere."""
    now = timezone.now()
    sites = policy.find_sites(request.user, sign_ins.MANAGE)
    roles = PractitionerRole.objects.filter(site__in=sites)
    people = User.objects.filter(pk__in=roles.values("user"), is_active=True)
    if request.method == "POST":
        person = get_object_or_404(people, pk=request.POST.get("user", "").replace("\x00", "")[:40])
        count = sign_ins.end_sign_ins(user=person, by=request.user, now=now)
        messages.success(request, f"{person.display_name}: {_describe_count(count)}")
        return redirect("account_login" if person.pk == request.user.pk else "web:staff-sign-ins")
    held: dict[Any, list[str]] = {}
    for user_id, role in roles.values_list("user_id", "role").distinct():
        held.setdefault(user_id, []).append(describe_role(role))
    rows = [
        {
            "person": person,
            "roles": ", ".join(sorted(held[person.pk])),
            "sign_ins": sign_ins.list_sign_ins(person, now=now),
        }
        for person in people.order_by("display_name")
    ]
    return render(request, "web/security/staff.html", {"rows": rows})


@require_POST
def stay_awake(request: HttpRequest) -> HttpResponse:
    """Note that somebody works on a page that sends nothing by itself; the idle time begins anew."""
    return HttpResponse(status=200 if request.user.is_authenticated else 401)


def find_own(request: HttpRequest) -> SignIn:
    """Return the sign-in that the form names, of the person on this page."""
    user: Any = request.user
    key = request.POST.get("sign_in", "").replace("\x00", "")[:40]
    return get_object_or_404(SignIn.objects.filter(user=user, ended_at=None), pk=key)


def _describe_count(count: int) -> str:
    words = ngettext("%(n)d sign-in ended.", "%(n)d sign-ins ended.", count) % {"n": count}
    return words if count else _("There was no other sign-in.")
