"""The page a person came from or goes back to, as a request names it: a page of this clinic, never the lock's own."""

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from afterglow.clinic.accounts import idle


def read_target(request: HttpRequest) -> str:
    """Return the page to go back to; the first page where none, or one that is not ours, is named."""
    target = request.POST.get("next") or request.GET.get("next") or "/"
    is_ours = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    is_page = target.startswith("/") and not target.startswith((idle.LOCKED_PATH, "/lock/"))
    return target if is_ours and is_page else "/"
