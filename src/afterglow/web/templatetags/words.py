"""Filters that write dates, times, ages and people the house way: 17 Nov 2026, 24 hours, the site's zone."""

from datetime import UTC, date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@register.filter
def day(value: Any, form: str = "") -> str:
    """Return a date as `17 Nov 2026`; `day:"short"` leaves the year away, `day:"near"` where it is this year."""
    moment = _local(value)
    if moment is None:
        return "–"
    if form == "near":
        return near_day(value, timezone.localdate())
    words = f"{moment.day} {_(_MONTHS[moment.month - 1])}"
    return words if form == "short" else f"{words} {moment.year}"


def near_day(value: Any, today: date) -> str:
    """Return a date as `17 Nov`, with its year where that is not today's."""
    local = _local(value)
    return day(value, "short" if local is not None and local.year == today.year else "")


@register.filter
def hour(value: Any, form: str = "") -> str:
    """Return a time as `10:25`; `hour:"s"` adds the seconds."""
    moment = _local(value)
    if not isinstance(moment, datetime):
        return "–"
    return moment.strftime("%H:%M:%S" if form == "s" else "%H:%M")


@register.filter
def moment(value: Any) -> str:
    """Return a date and time as `17 Nov 2026, 10:25`."""
    return "–" if _local(value) is None else f"{day(value)}, {hour(value)}"


@register.filter
def weekday(value: Any) -> str:
    """Return the short name of the day of the week."""
    local = _local(value)
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    return "–" if local is None else _(names[local.weekday()])


@register.filter
def since(value: Any, now: datetime | None = None) -> str:
    """Return how old an instant is: seconds to 90 s, minutes to 90 min, then clock time, then date."""
    local = _local(value)
    if not isinstance(local, datetime):
        return day(value)
    age = (now or datetime.now(UTC)) - local
    seconds = int(age.total_seconds())
    if seconds < 0:
        return hour(value)
    if seconds <= 90:
        return ngettext("%(n)d s ago", "%(n)d s ago", seconds) % {"n": seconds}
    if seconds <= 90 * 60:
        return _("%(n)d min ago") % {"n": seconds // 60}
    if local.date() == timezone.localtime(now).date():
        return hour(value)
    return day(value)


@register.filter
def years(born_on: date | None, today: date | None = None) -> str:
    """Return whole years since a date of birth."""
    if born_on is None:
        return "–"
    on = today or timezone.localdate()
    count = on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))
    return str(count)


@register.filter
def plain(value: Any) -> str:
    """Return a number without needless zeros (`0.50` stays what was signed when it is text)."""
    if value is None or value == "":
        return "–"
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def get(mapping: Any, key: Any) -> Any:
    """Return a mapping's value by a key that is not a template name."""
    return mapping.get(key) if hasattr(mapping, "get") else None


def _local(value: Any) -> datetime | date | None:
    if isinstance(value, str) and value:
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, datetime):
        return timezone.localtime(value) if timezone.is_aware(value) else value
    return value if isinstance(value, date) else None
