"""The catalogue: what is merged, what is refused, and that nothing is chosen silently."""

import json
from dataclasses import replace

import pytest

from afterglow.protocols.catalogue import (
    get_base,
    get_effective,
    load_profile_options,
    load_protocol_ids,
    parse_protocol,
    render_protocol,
)
from afterglow.protocols.effective import find_route
from afterglow.protocols.facts import find_fact
from afterglow.protocols.model import Value
from afterglow.protocols.reading import CHECK_KINDS, GATE_KINDS
from afterglow.terms import InvalidInput


def iterate_all():
    for protocol_id in load_protocol_ids():
        for indication in (None, *find_route(protocol_id)["indications"]):
            yield get_effective(protocol_id, indication=indication)


def collect_values(part):
    if isinstance(part, Value):
        yield part
    elif isinstance(part, dict):
        for inner in part.values():
            yield from collect_values(inner)
    elif isinstance(part, tuple | list):
        for inner in part:
            yield from collect_values(inner)
    elif hasattr(part, "__dataclass_fields__"):
        for name in part.__dataclass_fields__:
            yield from collect_values(getattr(part, name))


def test_every_protocol_loads_for_every_indication_and_survives_its_own_json():
    for protocol in iterate_all():
        text = json.dumps(render_protocol(protocol))
        assert parse_protocol(json.loads(text)) == protocol, protocol.id


def test_every_value_carries_unit_source_locator_and_grade():
    for protocol in iterate_all():
        values = list(collect_values(protocol))
        assert len(values) > 50
        for value in values:
            assert all((value.citation.source, value.citation.locator, value.citation.grade)), protocol.id
            assert bool(value.unit) == (not isinstance(value.value, str | tuple | bool)), (protocol.id, value)


def test_site_policy_is_never_named_after_a_guideline():
    for protocol in iterate_all():
        for value in collect_values(protocol):
            if value.citation.source == "SITE":
                assert value.citation.grade == "P", (protocol.id, value)


def test_hash_differs_between_protocols_and_is_the_same_twice():
    hashes = [get_effective(name).content_hash for name in load_protocol_ids()]
    assert len(set(hashes)) == len(hashes)
    assert get_base("iv-racemic").content_hash == get_effective("iv-racemic").content_hash
    assert all(len(text) == 64 for text in hashes)


def test_hash_differs_by_indication_profile_and_overlay():
    base = get_effective("iv-racemic").content_hash
    others = [
        get_effective("iv-racemic", indication="trd").content_hash,
        get_effective("iv-racemic", profiles={"monitoring": "iv-q5"}).content_hash,
        get_effective("iv-racemic", overlay={"gates.G-2.minutes": 90}).content_hash,
    ]
    assert len({base, *others}) == 4


def test_altered_content_no_longer_matches_its_hash():
    data = render_protocol(get_effective("iv-racemic"))
    data["title"] = "Something else"
    with pytest.raises(InvalidInput) as raised:
        parse_protocol(data)
    assert [problem.code for problem in raised.value.problems] == ["hash-mismatch"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"colour": "red"}, "key-unknown"),
        ({"route": "by-post"}, "choice-unknown"),
        (
            {"settings": {"x": {"value": 5, "unit": "", "source": "SITE", "locator": "x", "grade": "P"}}},
            "value-malformed",
        ),
        ({"settings": {"x": {"value": 5, "unit": "s", "locator": "x", "grade": "P"}}}, "key-missing"),
        (
            {"settings": {"x": {"value": 5, "unit": "s", "source": "NOBODY", "locator": "x", "grade": "P"}}},
            "source-unknown",
        ),
        (
            {"settings": {"x": {"value": 5, "unit": "s", "source": "SITE", "locator": " ", "grade": "P"}}},
            "source-unknown",
        ),
        (
            {"settings": {"x": {"value": 5, "unit": "s", "source": "SITE", "locator": "x", "grade": "Z"}}},
            "choice-unknown",
        ),
        (
            {"settings": {"x": {"value": "1e9", "unit": "s", "source": "SITE", "locator": "x", "grade": "P"}}},
            "value-malformed",
        ),
        ({"schedule": {"every": 3}}, "number-without-source"),
    ],
)
def test_content_that_cannot_be_trusted_is_refused(change, code):
    data = render_protocol(get_effective("im-racemic")) | {"content_hash": ""} | change
    with pytest.raises(InvalidInput) as raised:
        parse_protocol(data)
    assert code in {problem.code for problem in raised.value.problems}


def test_malformed_condition_of_an_alarm_is_refused():
    data = render_protocol(get_effective("im-racemic")) | {"content_hash": ""}
    data["alarms"][0]["when"] = {"fact": "bp.systolic_mmhg", "above": 160}
    with pytest.raises(InvalidInput) as raised:
        parse_protocol(data)
    assert [problem.code for problem in raised.value.problems] == ["condition-malformed"]


def test_repeated_id_is_refused():
    data = render_protocol(get_effective("im-racemic")) | {"content_hash": ""}
    data["gates"].append(data["gates"][0])
    with pytest.raises(InvalidInput) as raised:
        parse_protocol(data)
    assert [problem.code for problem in raised.value.problems] == ["id-repeated"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"protocol_id": "iv"}, "protocol-unknown"),
        ({"protocol_id": "iv-racemic", "indication": "migraine"}, "indication-unknown"),
        ({"protocol_id": "nasal-esketamine-us", "indication": "ptsd"}, "indication-unknown"),
        ({"protocol_id": "iv-racemic", "profiles": {"weather": "fine"}}, "profile-unknown"),
        ({"protocol_id": "iv-racemic", "profiles": {"fasting": "none"}}, "profile-option-unknown"),
        ({"protocol_id": "im-racemic", "profiles": {"monitoring": "iv-q5"}}, "profile-option-unknown"),
    ],
)
def test_unknown_name_is_a_problem_that_lists_what_would_do(call, code):
    with pytest.raises(InvalidInput) as raised:
        get_effective(call.pop("protocol_id"), **call)
    assert [problem.code for problem in raised.value.problems] == [code]
    assert raised.value.problems[0].accepted


def test_chosen_profiles_are_on_the_protocol():
    protocol = get_effective("iv-racemic", profiles={"blood-pressure": "symptom-led"})
    assert protocol.profiles["blood-pressure"] == "symptom-led"
    assert set(protocol.profiles) == set(load_profile_options("iv-racemic"))


def test_gates_and_checks_are_of_known_kinds_and_sessions_have_all_parts():
    for protocol in iterate_all():
        assert {gate.kind for gate in protocol.gates} <= set(GATE_KINDS)
        assert {check.kind for check in protocol.checks} <= set(CHECK_KINDS)
        for part in (protocol.limits, protocol.checks, protocol.due, protocol.alarms, protocol.ladders, protocol.gates):
            assert part, protocol.id


def test_limits_of_alarms_read_facts_of_the_vocabulary():
    assert find_fact("bp.systolic_mmhg") is not None
    assert find_fact("bp.sistolic") is None


def test_base_protocol_has_no_indication_and_no_overlay():
    base = get_base("oral")
    assert (base.indication, base.overlay) == (None, {})
    assert replace(base, content_hash="") != base
