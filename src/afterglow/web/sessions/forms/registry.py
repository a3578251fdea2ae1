"""All forms by command and sheet."""

from collections.abc import Iterable

from afterglow.web.sessions.forms import after, before, during, record
from afterglow.web.sessions.forms.correcting import CORRECTION, SHEET, list_correction_fields
from afterglow.web.sessions.forms.model import CommandForm, Field

FORMS: tuple[CommandForm, ...] = (*before.FORMS, *during.FORMS, *after.FORMS, *record.FORMS)
CHECK_SHEET = "record-check-"
_BY_SHEET = {form.sheet or form.command: form for form in FORMS}


def get_form(command: str, sheet: str = "") -> CommandForm:
    """Return the form of a sheet or command; a command sent by one tap has a bare form with its name."""
    if sheet.startswith(CHECK_SHEET) and command == "record-check":
        return before.build_check_form({"id": sheet.removeprefix(CHECK_SHEET)})
    known = _BY_SHEET.get(sheet) or _BY_SHEET.get(command)
    return known or CommandForm(command, command.replace("-", " ").capitalize())


def list_fields(command: str, sheet: str = "") -> Iterable[Field]:
    """Return the declared fields of a command's form."""
    if command == CORRECTION and sheet.startswith(SHEET):
        return list_correction_fields(sheet)
    form = get_form(command, sheet)
    return form.fields if form.command == command else get_form(command).fields
