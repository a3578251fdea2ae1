"""Tags of signing in: the banner of a running emergency opening, the idle lock's place, data for a script."""

import json
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import reverse
from django.utils import timezone

register = template.Library()


@register.inclusion_tag("web/security/guards.html", takes_context=True)
def guards(context: Any) -> dict[str, Any]:
    """Show on every staff page what an emergency opened, and let a page that nobody touches lock itself."""
    from afterglow.clinic.accounts.emergency import list_running
    from afterglow.clinic.accounts.idle import LOCKED_PATH, find_minutes

    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {}
    is_locked = request.path == LOCKED_PATH
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "running": [] if is_locked else list_running(user, now=timezone.now()),
        "minutes": None if is_locked else find_minutes(user),
        "locked_url": reverse("web:locked"),
    }


@register.filter
def as_json(value: Any) -> str:
    """Return a value as JSON for a data attribute, which the template escapes."""
    return json.dumps(value, cls=DjangoJSONEncoder)
