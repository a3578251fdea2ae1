"""The access log of the whole site, for those who watch over it."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.audit.reads import record_read
from afterglow.web.access import staff_page
from afterglow.web.present.log import list_reads_and_acts, present_rows

PAGE_SIZE = 50


@staff_page("audit.read", methods=("GET", "HEAD"))
def show_log(request: HttpRequest) -> HttpResponse:
    """Return one page of acts or reads; looking at the log is itself written down."""
    kind = "reads" if request.GET.get("kind") == "reads" else "acts"
    record_read(by=request.user, what=f"log of {kind}", subject=("audit.log", kind), now=timezone.now())
    rows = list_reads_and_acts(kind, sites=policy.find_sites(request.user, "audit.read"))
    paging = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"rows": present_rows(kind, list(paging.object_list)), "paging": paging, "kind": kind}
    return render(request, "web/audit/list.html", context)
