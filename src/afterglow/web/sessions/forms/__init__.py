"""The forms of the session's commands, declared once: drawn, read from a post, shown with their problems."""

from afterglow.web.sessions.forms.model import CommandForm, Field, bind_form
from afterglow.web.sessions.forms.reading import Entry, read_entry
from afterglow.web.sessions.forms.registry import FORMS, get_form

__all__ = ["FORMS", "CommandForm", "Entry", "Field", "bind_form", "get_form", "read_entry"]
