"""The board's page, whole and in parts: the same templates serve the page, its reload, and the stream."""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation

from afterglow.clinic import policy
from afterglow.clinic.floor.board import ARRIVALS, FULL, build_board
from afterglow.clinic.floor.cards import KEPT
from afterglow.clinic.live.hub import hub
from afterglow.clinic.live.publish import get_floor_topic
from afterglow.clinic.tasks.about import find_viewer
from afterglow.web.context import list_places
from afterglow.web.floor.present import get_not_live_after, present_board
from afterglow.web.sites import get_site

# what of the board has a template of its own; places share one; calls stand in the strip, which asks when they change
_TEMPLATES = ("needs", "staff", "unplaced", "arrivals", "due", "today", "ended")
_DIGEST = 16
MOST_KEPT = 64
Parts = dict[str, dict[str, Any]]
_lock = threading.Lock()
_kept: "OrderedDict[tuple[Any, ...], tuple[Any, datetime, str, Parts]]" = OrderedDict()


def show_board(request: HttpRequest) -> HttpResponse:
    """Return the board, or lead a role without a floor to the place it works at."""
    site = get_site(request)
    if site is None or not (policy.allow(request.user, FULL, site) or policy.allow(request.user, ARRIVALS, site)):
        places = list_places(request, request.user)
        return redirect(places[0].url if places else "web:help")
    now = timezone.now()
    kind, parts = get_parts(site, request.user, now)
    names = [name for name in parts if name.startswith("place-")]
    context = {
        "kind": kind,
        "parts": {"unplaced": {"digest": "", "data": None}, **parts},
        "places": [{"name": name, **parts[name]} for name in names],
        "board_now": timezone.localtime(now),
        "not_live_after": get_not_live_after(),
    }
    return render(request, "web/floor/board.html", context)


def get_parts(site: Any, user: Any, now: datetime) -> tuple[str, Parts]:
    """Return the kind of a board and its parts, those built within two seconds while nobody was told of anything new.

    What a board shows are instants; what time alone changes may be seen that much later, as a card's may.
    """
    key, news = name_audience(site, user), hub.count_news(get_floor_topic(site.pk))
    with _lock:
        known = _kept.get(key)
    if known is not None and known[0] == news and timedelta(0) <= now - known[1] < KEPT:
        return known[2], known[3]
    board = build_board(site=site, user=user, now=now)
    built = (news, now, str(board["kind"]), describe_parts(board))
    with _lock:
        _kept[key] = built
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return built[2], built[3]


def forget_boards() -> None:
    """Forget every kept board."""
    with _lock:
        _kept.clear()


def name_audience(site: Any, user: Any) -> tuple[Any, ...]:
    """Return what tells boards apart: those who may see everything share one, others have their own.

    So has whoever may be called of a crisis: the others read that they could not be told, they themselves know.
    """
    is_shared = policy.allow(user, FULL, site) and find_viewer(user, site) is None
    shared = tuple(sorted(policy.list_roles(user, site))) if is_shared else ("of", user.pk)
    return site.pk, translation.get_language() or "en", shared


def describe_parts(board: Mapping[str, Any]) -> Parts:
    """Return each part with its data and a digest that changes exactly when the data does."""
    found = {}
    for name, data in present_board(board).items():
        words = json.dumps(data, sort_keys=True, default=str).encode()
        found[name] = {"data": data, "digest": hashlib.sha256(words).hexdigest()[:_DIGEST]}
    return found


def render_part(name: str, data: Mapping[str, Any], now: datetime) -> str:
    """Return one part as it stands on the page."""
    if name == "calls":
        return ""
    template = "place" if name.startswith("place-") else name
    if template != "place" and template not in _TEMPLATES:
        raise LookupError(f"the board has no part {name}")
    return render_to_string(f"web/floor/parts/{template}.html", {"part": data, "board_now": timezone.localtime(now)})
