"""The data of `record-vitals` from the pad: the fields and the line together."""

from typing import Any

from django.utils.translation import gettext as _

from afterglow.chairside.vitals_line import parse_vitals_line
from afterglow.terms import InvalidInput, build_error


def build_vitals_data(data: dict[str, Any], line: str) -> dict[str, Any]:
    """Return the readings of fields and line; a value typed in both places must be the same."""
    if not line:
        return data
    merged, problems = dict(data), []
    for name, value in parse_vitals_line(line).items():
        if name in merged and str(merged[name]) != value:
            message = _("The line says %(line)s, the field says %(field)s.") % {"line": value, "field": merged[name]}
            problems.append(build_error("line", "vitals-line-disagrees", value, str(merged[name]), message))
        merged[name] = value
    if problems:
        raise InvalidInput(problems)
    return merged
