"""Tags of the floor: times that run on the screen, bars, initials with their mark, the strip on every staff page."""

from datetime import UTC, datetime
from typing import Any

from django import template
from django.db import DatabaseError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from afterglow.web.templatetags.words import hour, since

register = template.Library()


@register.simple_tag(takes_context=True)
def running(context: Any, at: str | None, form: str) -> SafeString | str:
    """Return a time that the screen lets run on: how long ago, how far on, or how soon, by the server's clock."""
    if not at:
        return ""
    now = context.get("board_now") or datetime.now(UTC)
    instant = datetime.fromisoformat(at)
    if form == "age":
        return format_html('<time datetime="{}" data-age>{}</time>', at, since(instant, now))
    if form == "since":  # a clock time until the screen lets it run
        words = _("since %(at)s") % {"at": hour(instant, "s")}
        return format_html('<time datetime="{}" data-run="for">{}</time>', at, words)
    words = write_running(form, (now - instant).total_seconds())
    return format_html('<time datetime="{}" data-run="{}">{}</time>', at, form, words)


def write_running(form: str, seconds: float) -> str:
    """Return a running time in words: `up` 0:40, `stay` 38:02, `min` 12 min, `in` in 11:00 or 3:20 late."""
    whole = int(abs(seconds))
    clock = f"{whole // 60}:{whole % 60:02d}"
    if form == "in":
        if seconds < 0:
            return _("in %(time)s") % {"time": clock} if whole < 5400 else _("in %(n)d min") % {"n": whole // 60}
        return _("%(time)s late") % {"time": clock}
    if form == "min" or (form == "up" and whole >= 5400):
        return _("%(n)d min") % {"n": whole // 60}
    return clock


@register.simple_tag(takes_context=True)
def run_bar(context: Any, bar: dict[str, Any], label: str) -> SafeString | str:
    """Return the bar of a phase; one that follows the clock is moved on by the screen."""
    largest = bar.get("max")
    if not largest:
        return ""
    value, since_at = bar.get("value"), bar.get("since")
    if value is None and since_at:
        now = context.get("board_now") or datetime.now(UTC)
        value = max(0, min(largest, int((now - datetime.fromisoformat(since_at)).total_seconds())))
        return format_html(
            '<progress class="fl-bar fl-bar--{}" max="{}" value="{}" data-run-bar="{}" aria-label="{}"></progress>',
            bar["tone"] or "calm",
            largest,
            value,
            since_at,
            label,
        )
    return format_html(
        '<progress class="fl-bar fl-bar--{}" max="{}" value="{}" aria-label="{}"></progress>',
        bar["tone"] or "calm",
        largest,
        value or 0,
        label,
    )


@register.simple_tag
def marked(initials: Any) -> SafeString | str:
    """Return initials, the mark underlined where it tells two people apart: J.<u>So</u>."""
    if not initials:
        return ""
    first, mark = initials
    if len(first) > 1:
        return format_html("<u>{}</u>.{}.", first, mark)
    if len(mark) > 1:
        return format_html("{}.<u>{}</u>.", first, mark)
    return format_html("{}.{}.", first, mark)


@register.inclusion_tag("web/floor/strip.html", takes_context=True)
def floor_strip(context: Any) -> dict[str, Any]:
    """Show on every staff page: calls for help, the top alarm of one's own other chairs, what a site has not chosen."""
    from afterglow.web.floor.strip import build_strip

    request = context.get("request")
    try:
        found = build_strip(request)
    except DatabaseError:  # a page that tells of a failure must still be shown
        found = {"may_see": False}
    return {**found, "request": request, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("web/floor/visit_alert.html", takes_context=True)
def visit_alert(context: Any, visit: Any) -> dict[str, Any]:
    """Show first on a visit's page who must not be left alone, and what was told that stops the dose."""
    from afterglow.web.floor.crises import present_alert

    return present_alert(visit, context["request"].user)


@register.inclusion_tag("web/floor/help_button.html", takes_context=True)
def help_button(context: Any) -> dict[str, Any]:
    """Show the one tap that calls for help, with the room where the page has one."""
    from afterglow.web.floor.strip import may_call
    from afterglow.web.sites import get_site

    request = context.get("request")
    is_able = may_call(request)
    match = getattr(request, "resolver_match", None)
    session = (match.kwargs if match else {}).get("session_id", "")
    number = getattr(get_site(request), "emergency_number", "") if is_able else ""
    return {"may_call": is_able, "session_id": session, "number": number, "csrf_token": context.get("csrf_token")}
