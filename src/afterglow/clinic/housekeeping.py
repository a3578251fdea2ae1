"""What nobody needs any more: expired sign-ins, waits that are over. Nothing of the record is ever removed here."""

from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from django.conf import settings

from afterglow.clinic.accounts.models import Throttle

EVERY = timedelta(hours=1)
KEPT = timedelta(days=1)


def clean_up(*, now: datetime) -> int:
    """Remove expired sign-ins and old waits; return how many waits went."""
    store: Any = import_module(settings.SESSION_ENGINE).SessionStore
    store.clear_expired()
    count, _ = Throttle.objects.filter(last_at__lt=now - KEPT).delete()
    return count
