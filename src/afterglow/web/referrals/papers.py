"""Papers of referrals: the letters that came, as they came, and the letter that answers, as a tagged PDF."""

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from afterglow.clinic.audit.reads import record_read
from afterglow.clinic.documents.actions import read_content
from afterglow.clinic.referrals.letters import find_letter, print_letter
from afterglow.clinic.referrals.models import Referral, ReferralPaper
from afterglow.web.access import find_or_404, staff_page

READ = "referral.read"
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@staff_page(READ, methods=("GET", "HEAD"))
def show_paper(request: HttpRequest, paper_id: str) -> HttpResponse:
    """Return a letter that came with a referral, as it came."""
    rows = ReferralPaper.objects.select_related("content", "referral")
    paper = find_or_404(request, rows, READ, pk=paper_id)
    record_read(by=request.user, what="referral paper", subject=paper, now=timezone.now())
    name = "letter." + {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}.get(
        paper.content.media_type, "txt"
    )
    headers = {**_HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(read_content(paper.content), content_type=paper.content.media_type, headers=headers)


@staff_page(READ, methods=("GET", "HEAD"))
def show_letter(request: HttpRequest, referral_id: str) -> HttpResponse:
    """Return the newest letter that answers a referral, set for printing."""
    referral = find_or_404(request, Referral.objects.select_related("site"), READ, pk=referral_id)
    letter = find_letter(referral)
    if letter is None:
        raise Http404
    record_read(by=request.user, what="referral letter", subject=letter, now=timezone.now())
    headers = {**_HEADERS, "Content-Disposition": 'inline; filename="letter.pdf"'}
    return HttpResponse(print_letter(letter), content_type="application/pdf", headers=headers)
