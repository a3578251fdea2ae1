"""Where sign-ins are kept: Django's own table, with a busy database told apart from a sign-in that was ended.

Django answers both with 400. A page takes that for a refusal, although what it sent may be stored: it must ask again.
"""

from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import OperationalError
from django.utils import timezone

from afterglow.clinic.prepared import Prepared

_KEPT = Prepared(lambda key, now: Session.objects.filter(session_key=key, expire_date__gt=now))


class SessionStore(DatabaseStore):
    """Sign-ins in the database."""

    def _get_session_from_db(self) -> Any:
        """Return the sign-in of this key, or None where there is none that holds; every request asks this."""
        found = _KEPT.find(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found

    def save(self, must_create: bool = False) -> Any:
        """Store the sign-in; raise `OperationalError` where the database was busy, `UpdateError` where it has ended."""
        try:
            return super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, OperationalError):
                raise error.__context__ from None
            raise
