"""Sites: what makes one, what its protocols may be told, who may."""

import pytest

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.errors import Denied
from afterglow.clinic.sites.actions import (
    add_place,
    create_site,
    find_overlay,
    find_profiles,
    get_site_protocol,
    set_overlay,
    set_profiles,
)
from afterglow.clinic.sites.models import Site
from afterglow.terms import InvalidInput
from tests.factories import NOW, Cast


def test_a_site_tells_every_problem_at_once(db: None) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_site(name=" ", timezone="Mars/Base", paper="a5", by=None, now=NOW)
    assert {problem.path for problem in caught.value.problems} == {"name", "timezone", "paper"}
    assert not Site.objects.exists()


@pytest.mark.parametrize("zone", ["../etc/passwd", "", "Europe/\x00Vienna", "x" * 61])
def test_a_zone_that_is_none_is_refused(db: None, zone: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_site(name="Hall", timezone=zone, by=None, now=NOW)
    assert caught.value.problems[0].path == "timezone"


def test_a_place_is_added_once(cast: Cast) -> None:
    add_place(site=cast.site, name="Room 1", by=cast.director, now=NOW)
    with pytest.raises(InvalidInput) as caught:
        add_place(site=cast.site, name="Room 1", by=cast.director, now=NOW)
    assert caught.value.problems[0].code == "place-exists"
    assert list(cast.site.places.values_list("name", flat=True)) == ["Room 1"]


@pytest.mark.parametrize("who", ["owner", "nurse", "desk", "stranger"])
def test_only_those_who_manage_change_a_site(cast: Cast, who: str) -> None:
    with pytest.raises(Denied):
        add_place(site=cast.site, name="Room 1", by=getattr(cast, who), now=NOW)
    assert not cast.site.places.exists()


def test_a_profile_of_the_protocol_is_kept_and_works(cast: Cast) -> None:
    chosen = {"blood-pressure": "us-label"}
    before = get_site_protocol(cast.site, "iv-racemic").content_hash
    set_profiles(site=cast.site, protocol_id="iv-racemic", profiles=chosen, by=cast.director, now=NOW)
    assert find_profiles(Site.objects.get(pk=cast.site.pk), "iv-racemic") == chosen
    assert find_profiles(cast.site, "im-racemic") == {}
    assert get_site_protocol(cast.site, "iv-racemic").profiles["blood-pressure"] == "us-label"
    assert get_site_protocol(cast.site, "iv-racemic").content_hash != before
    assert AuditEvent.objects.filter(action="site.profiles-set", by=cast.director.pk).count() == 1


def test_a_profile_that_the_protocol_does_not_know_is_refused(cast: Cast) -> None:
    with pytest.raises(InvalidInput):
        set_profiles(
            site=cast.site, protocol_id="iv-racemic", profiles={"blood-pressure": "mine"}, by=cast.director, now=NOW
        )
    assert find_profiles(cast.site, "iv-racemic") == {}


PLACE = "limits.L-IV.dose.mg_per_kg.hard"


@pytest.mark.parametrize("overlay", [{PLACE: "2"}, {"doses.nothing": "1"}])
def test_an_overlay_that_loosens_a_hard_stop_is_refused(cast: Cast, overlay: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        set_overlay(site=cast.site, protocol_id="iv-racemic", overlay=overlay, by=cast.director, now=NOW)
    assert find_overlay(Site.objects.get(pk=cast.site.pk), "iv-racemic") == {}


def test_an_overlay_that_tightens_is_kept(cast: Cast) -> None:
    set_overlay(site=cast.site, protocol_id="iv-racemic", overlay={PLACE: "1.2"}, by=cast.director, now=NOW)
    assert str(get_site_protocol(cast.site, "iv-racemic").overlay[PLACE].value) == "1.2"
    assert get_site_protocol(cast.elsewhere, "iv-racemic").overlay == {}
