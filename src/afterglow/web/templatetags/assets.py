"""Tags that bring a page its built assets, its icons and its shared components."""

import json
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from afterglow.terms import Grade
from afterglow.web.icons import ICONS, SEVERITY_ICONS
from afterglow.web.presenting import describe_source

logger = logging.getLogger(__name__)
register = template.Library()

BUILD_FOLDER = Path(__file__).resolve().parent.parent / "static" / "build"


@register.simple_tag
def bundle(name: str) -> SafeString:
    """Return the style sheet and module script of one entry point, as the build's manifest names them."""
    entry = _load_manifest().get(name, {})
    parts: list[SafeString] = []
    if entry.get("css"):
        parts.append(format_html('<link rel="stylesheet" href="{}">', _locate(entry["css"])))
    if entry.get("js"):
        parts.append(format_html('<script type="module" src="{}"></script>', _locate(entry["js"])))
    return mark_safe("\n".join(parts))  # noqa: S308 - joined from escaped parts


@register.simple_tag
def icon(name: str, size: int = 20) -> SafeString:
    """Return an own drawing as SVG, hidden from readers since a word stands beside it."""
    return mark_safe(  # noqa: S308 - the drawings are constants of this package
        f'<svg class="icon" width="{int(size)}" height="{int(size)}" viewBox="0 0 20 20" aria-hidden="true" '
        f'focusable="false">{ICONS[name]}</svg>'
    )


@register.simple_tag
def severity_icon(severity: object, size: int = 20) -> SafeString:
    """Return the drawing of a finding's severity."""
    return icon(SEVERITY_ICONS.get(str(severity), "info"), size)


@register.inclusion_tag("web/components/finding.html")
def finding(item: Any, acts: str = "") -> dict[str, Any]:
    """Show one finding (object or mapping): what was seen, the threshold, the source with its grade, the act."""
    source = describe_source(str(_read(item, "source")))
    severity = str(_read(item, "severity"))
    return {"finding": item, "severity": severity, "source": source, "grade": _grade(item), "acts": acts}


@register.inclusion_tag("web/components/field.html")
def field(bound: Any, unit: str = "", hint: str = "", wide: bool = False) -> dict[str, Any]:
    """Show one form field: label above, unit inside right, error under it with the typed value kept."""
    return {"field": bound, "unit": unit or getattr(bound.field, "unit", ""), "hint": hint, "wide": wide}


@register.inclusion_tag("web/components/empty.html")
def empty(what: str, when: str = "", url: str = "", act: str = "") -> dict[str, str]:
    """Show an empty state: what is absent, when that changes, one act."""
    return {"what": what, "when": when, "url": url, "act": act}


@register.inclusion_tag("web/components/problems.html")
def problems(form: Any) -> dict[str, Any]:
    """Show the summary of a form's problems, each linking to its field."""
    return {"form": form}


def _read(item: Any, name: str) -> Any:
    return item.get(name, "") if isinstance(item, dict) else getattr(item, name, "")


def _grade(item: Any) -> dict[str, object]:
    """Return the letter, words and standing of a finding's grade."""
    letter = str(_read(item, "grade"))
    try:
        grade = Grade(letter)
    except ValueError:
        return {"letter": letter, "label": "", "is_provisional": False}
    return {"letter": letter, "label": grade.label, "is_provisional": grade.is_provisional}


def _locate(path: str) -> str:
    if path.startswith(("/", "http")):
        return path
    return static(path if path.startswith("build/") else f"build/{path}")


def _load_manifest() -> dict[str, dict[str, str]]:
    path = BUILD_FOLDER / "manifest.json"
    try:
        stamp = path.stat().st_mtime_ns
    except OSError:
        logger.error("No built assets: run `afterglow assets`.")
        return {}
    return _read_manifest(path, stamp)


@lru_cache(maxsize=4)
def _read_manifest(path: Path, stamp: int) -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return content
