"""Times, ages and numbers as the session page writes them."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FRESH_S = 90
MINUTES_S = 90 * 60
_SPELLINGS = {"SpO2": "SpO₂", "Iv site": "IV site"}
_SPELLED = re.compile("|".join(_SPELLINGS))


def read_instant(value: Any) -> datetime | None:
    """Return an aware instant from ISO text or a datetime, or None."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return None


def write_hour(value: Any, seconds: bool = False) -> str:
    """Return the clock time in the site's zone, `10:25` or `10:25:10`."""
    instant = read_instant(value)
    if instant is None:
        return ""
    # a page writes hundreds of times; `strftime` takes longer than the rest
    local = instant if instant.tzinfo is None else instant.astimezone(timezone.get_current_timezone())
    hour = f"{local.hour:02}:{local.minute:02}"
    return f"{hour}:{local.second:02}" if seconds else hour


def write_moment(value: Any, now: Any) -> str:
    """Return the clock time with seconds, with the day before it when that is not today's."""
    at, today = read_instant(value), read_instant(now)
    if at is None or today is None:
        return write_hour(value, seconds=True)
    zone = timezone.get_current_timezone()
    local, here = at.astimezone(zone), today.astimezone(zone)
    hour = f"{local.hour:02}:{local.minute:02}:{local.second:02}"
    return hour if local.date() == here.date() else f"{local.day} {MONTHS[local.month - 1]}, {hour}"


def write_minute(value: Any, now: Any, *, is_limit: bool = False) -> str:
    """Return the clock time with the day where that is not today; a limit is the next whole minute, never earlier."""
    at, today = read_instant(value), read_instant(now)
    if at is None:
        return ""
    if is_limit and (at.second or at.microsecond):
        at = at.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return write_hour(at) if today is None or _is_same_day(at, today) else f"{write_short_day(at)}, {write_hour(at)}"


def write_short_day(value: Any) -> str:
    """Return a day of the clinic as `22 Nov`."""
    at = read_instant(value)
    if at is None:
        return ""
    local = at.astimezone(timezone.get_current_timezone())
    return f"{local.day} {MONTHS[local.month - 1]}"


def write_days_ago(value: Any, now: Any) -> str:
    """Return how many days of the clinic's calendar ago something was, nothing when it was today."""
    at, today = read_instant(value), read_instant(now)
    if at is None or today is None:
        return ""
    zone = timezone.get_current_timezone()
    days = (today.astimezone(zone).date() - at.astimezone(zone).date()).days
    return ngettext("%(n)d day ago", "%(n)d days ago", days) % {"n": days} if days > 0 else ""


def _is_same_day(one: datetime, other: datetime) -> bool:
    zone = timezone.get_current_timezone()
    return one.astimezone(zone).date() == other.astimezone(zone).date()


def write_span(seconds: Any, hours: bool = False) -> str:
    """Return a running duration as `23:10`; an hour and more as `1:03:10` when asked, else minutes go on."""
    if seconds is None:
        return ""
    total = int(abs(float(seconds)))
    if hours and total >= 3600:
        return f"{total // 3600}:{total % 3600 // 60:02d}:{total % 60:02d}"
    return f"{total // 60}:{total % 60:02d}"


def write_age(seconds: Any, at: Any = None) -> str:
    """Return an age: seconds to 90 s, minutes to 90 min, then clock time."""
    if seconds is None:
        return ""
    age = int(float(seconds))
    if age < 0:
        return write_hour(at)
    if age <= FRESH_S:
        return _("%(n)d s ago") % {"n": age}
    if age <= MINUTES_S:
        return _("%(n)d min ago") % {"n": age // 60}
    return write_hour(at) or _("%(n)d h ago") % {"n": age // 3600}


def write_number(value: Any) -> str:
    """Return a number as people write it; text that is not a number stays as it is."""
    if value is None or value == "":
        return ""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    if not number.is_finite():
        return str(value)
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def write_fixed(value: Any, places: int = 1) -> str:
    """Return a number with so many decimals, or nothing when it is not known."""
    if value is None or value == "":
        return ""
    try:
        return str(Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
    except (InvalidOperation, ValueError):
        return str(value)


def write_signed(value: Any) -> str:
    """Return a change with its sign, the minus as a real one."""
    text = write_number(value)
    if not text:
        return ""
    if text.startswith("-"):
        return "−" + text[1:]
    return text if text == "0" else f"+{text}"


def mend_words(text: Any) -> str:
    """Return words of the record as the screens spell them: SpO₂ with its index, IV in capitals."""
    words = str(text or "")
    if type(words) is str and "SpO2" not in words and "Iv site" not in words:
        return words  # most words: hundreds on a page
    return _SPELLED.sub(lambda found: _SPELLINGS[found[0]], words)


def write_day(value: Any) -> str:
    """Return an ISO date as people write it, `31 Aug 2031`; what is no date stays as it is."""
    try:
        on = date.fromisoformat(str(value))
    except ValueError:
        return str(value or "")
    return f"{on.day} {_(MONTHS[on.month - 1])} {on.year}"
