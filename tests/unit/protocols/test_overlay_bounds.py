"""A clinic's own values: which places there are, how far they go, and how they are cited."""

from decimal import Decimal

import pytest

from afterglow.protocols.catalogue import get_effective, load_protocol_ids, parse_protocol, render_protocol
from afterglow.protocols.dose import check_limits
from afterglow.protocols.overlay import list_places, load_places
from afterglow.terms import InvalidInput


def refuse(protocol, overlay):
    with pytest.raises(InvalidInput) as raised:
        get_effective(protocol, overlay=overlay)
    return [(problem.path, problem.code) for problem in raised.value.problems]


def test_value_of_a_clinic_is_cited_as_site_policy_and_never_as_the_guideline():
    packaged = next(gate for gate in get_effective("iv-racemic").gates if gate.id == "G-2").params["minutes"]
    protocol = get_effective("iv-racemic", overlay={"gates.G-2.minutes": 90})
    value = next(gate for gate in protocol.gates if gate.id == "G-2").params["minutes"]
    assert packaged.citation.source == "CANMAT-21"
    assert (value.value, value.unit) == (90, "min")
    assert (value.citation.source, value.citation.grade) == ("SITE", "P")
    assert value.citation.locator == "site overlay"


def test_overlay_is_on_the_protocol_and_survives_its_json():
    protocol = get_effective("iv-racemic", overlay={"limits.L-IV.dose.mg_per_kg.soft": "0.6", "settings.undo_s": 5})
    assert set(protocol.overlay) == {"limits.L-IV.dose.mg_per_kg.soft", "settings.undo_s"}
    assert parse_protocol(render_protocol(protocol)) == protocol


def test_stricter_soft_limit_speaks_earlier():
    protocol = get_effective("iv-racemic", overlay={"limits.L-IV.dose.mg_per_kg.soft": "0.6"})
    amounts = (Decimal("0.6"), Decimal("0.61"))
    spoken = [[f.rule for f in check_limits(protocol, {"dose.mg_per_kg": amount})] for amount in amounts]
    assert spoken == [[], ["L-IV"]]


@pytest.mark.parametrize(
    ("place", "accepted", "refused"),
    [
        ("limits.L-IV.dose.mg_per_kg.hard", "1.5", "1.51"),
        ("limits.L-IV.dose.mg_per_kg.second-clinician", "1.5", "1.6"),
        ("limits.L-IV.rate.mg_per_kg_h.hard", "2", "2.1"),
        ("limits.L-WT.weight.kg.hard", None, "0"),
        ("gates.G-2.minutes", 45, 44),
        ("settings.pump.difference_percent", 10, 11),
        ("settings.suicide_screen.max_level", 3, 4),
        ("due.vitals-infusion.every_min", 15, 16),
        ("gates.G-4.systolic_below", 160, 161),
        ("gates.G-4.systolic_at_least", 90, 89),
    ],
)
def test_place_is_open_to_its_bound_and_closed_beyond(place, accepted, refused):
    if accepted is not None:
        assert place in get_effective("iv-racemic", overlay={place: accepted}).overlay
    assert [path for path, _ in refuse("iv-racemic", {place: refused})] == [place]


def test_esketamine_never_leaves_before_two_hours():
    assert refuse("nasal-esketamine-us", {"gates.G-1.minutes": 119}) == [("gates.G-1.minutes", "value-out-of-bounds")]
    assert get_effective("nasal-esketamine-us", overlay={"gates.G-1.minutes": 150}).overlay


def test_softer_level_may_not_pass_a_harder_one():
    assert refuse("iv-racemic", {"limits.L-IV.dose.mg_per_kg.soft": "1.2"}) == [
        ("limits.L-IV.dose.mg_per_kg.soft", "limits-out-of-order")
    ]


def test_place_that_is_not_open_or_not_of_this_protocol_is_refused():
    found = refuse("iv-racemic", {"gates.G-1.minutes": 130, "alarms.A-02.value": 200, "title": "x"})
    assert {code for _, code in found} == {"place-unknown"}
    assert len(found) == 3


@pytest.mark.parametrize("value", ["many", None, True, "NaN", [90], "9e9"])
def test_value_that_is_no_number_is_refused(value):
    assert refuse("iv-racemic", {"gates.G-2.minutes": value}) == [("gates.G-2.minutes", "number-malformed")]


def test_all_that_is_wrong_is_told_at_once():
    assert len(refuse("iv-racemic", {"gates.G-2.minutes": 1, "settings.undo_s": "x", "nothing": 1})) == 3


def test_place_that_holds_one_value_in_several_parts_fills_them_all():
    protocol = get_effective("iv-racemic", overlay={"settings.weight.max_age_d": 7, "gates.G-RESCUE.minutes": 120})
    weight = next(check for check in protocol.checks if check.id == "weight")
    limit = next(limit for limit in protocol.limits if limit.of == "weight.age_d")
    assert (protocol.setting("weight.max_age_d"), weight.params["max_age_d"].value, limit.value.value) == (7, 7, 7)
    assert protocol.setting("rescue.observation_min") == 120


def test_every_packaged_place_exists_in_some_protocol_within_its_own_bounds():
    seen = {}
    for name in load_protocol_ids():
        seen |= {place: value for place, value in list_places(get_effective(name)).items() if place in load_places()}
    assert set(seen) == set(load_places())
    for name in load_protocol_ids():
        places = list_places(get_effective(name))
        for place, value in places.items():
            bounds = load_places().get(place)
            if bounds is not None:
                assert bounds.at_least <= value.value <= bounds.at_most, (name, place)
