"""What may be done to a site: make it, add places, choose profiles and overlays of its protocols."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.people.checks import Checks
from afterglow.clinic.sites.models import Place, Site
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.model import Protocol

PAPERS = ("a4", "letter")
JURISDICTIONS = ("us", "eu", "other")
MANAGE = "site.manage"


@action
def create_site(
    *,
    name: str,
    timezone: str,
    by: Any,
    now: datetime,
    address: str = "",
    phone: str = "",
    emergency_number: str = "",
    crisis_line: str = "",
    paper: str = "a4",
    jurisdiction: str = "us",
    is_demonstration: bool = False,
    can_resuscitate: bool | None = None,
) -> Site:
    """Make a site, and store this version's consent texts; `by` is None when the command line sets a clinic up."""
    from afterglow.clinic.consents.texts import install_texts

    if by is not None:
        policy.require(by, MANAGE)
    checks = Checks()
    site = Site(
        name=checks.text(name, "name", longest=120, is_required=True),
        timezone=read_zone(checks, timezone),
        address=checks.text(address, "address", longest=240),
        phone=checks.text(phone, "phone", longest=40),
        emergency_number=checks.text(emergency_number, "emergency_number", longest=40),
        crisis_line=checks.text(crisis_line, "crisis_line", longest=120),
        paper=checks.word(paper, "paper", PAPERS, is_required=True),
        jurisdiction=checks.word(jurisdiction, "jurisdiction", JURISDICTIONS, is_required=True),
        is_demonstration=is_demonstration,
        can_resuscitate=can_resuscitate,
        created_at=now,
    )
    checks.raise_problems()
    site.save(force_insert=True)
    install_texts(now=now)
    audit.record(by=by, action="site.created", subject=site, now=now, site=site)
    return site


@action
def add_place(*, site: Site, name: str, by: Any, now: datetime) -> Place:
    """Add a room or chair to a site."""
    _require(by, site)
    checks = Checks()
    text = checks.text(name, "name", longest=80, is_required=True)
    if text and site.places.filter(name=text).exists():
        checks.refuse("name", "place-exists", text, "a name that the site does not have yet", f"{text} exists already")
    checks.raise_problems()
    place = Place.objects.create(site=site, name=text)
    audit.record(by=by, action="place.added", subject=place, now=now, site=site)
    return place


@action
def set_profiles(*, site: Site, protocol_id: str, profiles: Mapping[str, str], by: Any, now: datetime) -> Site:
    """Choose the options a protocol leaves open; what the protocol does not know is refused."""
    _require(by, site)
    row = _lock(site)
    chosen = {str(name): str(option) for name, option in profiles.items()}
    get_effective(protocol_id, profiles=chosen, overlay=find_overlay(row, protocol_id) or None)
    row.profiles = {**row.profiles, protocol_id: chosen}
    return _keep(row, site, "profiles", by=by, now=now, detail={"protocol": protocol_id, "profiles": chosen})


@action
def set_overlay(*, site: Site, protocol_id: str, overlay: Mapping[str, Any], by: Any, now: datetime) -> Site:
    """Tighten or adapt a protocol's values for a site; never looser than a hard stop."""
    _require(by, site)
    row = _lock(site)
    get_effective(protocol_id, profiles=find_profiles(row, protocol_id) or None, overlay=dict(overlay) or None)
    row.overlays = {**row.overlays, protocol_id: dict(overlay)}
    return _keep(row, site, "overlays", by=by, now=now, detail={"protocol": protocol_id, "keys": sorted(overlay)})


def get_site_protocol(site: Site, protocol_id: str, *, indication: str | None = None) -> Protocol:
    """Return the effective protocol at a site: its profiles, its overlay, one indication."""
    return get_effective(
        protocol_id,
        indication=indication or None,
        profiles=find_profiles(site, protocol_id) or None,
        overlay=find_overlay(site, protocol_id) or None,
    )


def find_profiles(site: Site, protocol_id: str) -> dict[str, str]:
    """Return the options a site chose for a protocol, empty where it keeps the protocol's own."""
    return dict(site.profiles.get(protocol_id) or {})


def find_overlay(site: Site, protocol_id: str) -> dict[str, Any]:
    """Return a site's own values for a protocol, empty where it has none."""
    return dict(site.overlays.get(protocol_id) or {})


def read_zone(checks: Checks, name: object) -> str:
    """Return the name of a time zone that exists."""
    text = checks.text(name, "timezone", longest=60, is_required=True)
    try:
        ZoneInfo(text or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        accepted = "a zone name such as Europe/Vienna"
        checks.refuse("timezone", "timezone-unknown", text, accepted, f"{text} is no known zone")
    return text


def _require(by: Any, site: Site) -> None:
    """Ask the policy; set-up from the command line acts as nobody."""
    if by is not None:
        policy.require(by, MANAGE, site)


def _lock(site: Site) -> Site:
    return Site.objects.select_for_update().get(pk=site.pk)


def _keep(row: Site, site: Site, name: str, *, by: Any, now: datetime, detail: dict[str, Any]) -> Site:
    row.save(update_fields=[name])
    setattr(site, name, getattr(row, name))
    audit.record(by=by, action=f"site.{name}-set", subject=row, now=now, site=row, detail=detail)
    return row
