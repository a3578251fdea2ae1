"""Any mix of route, indication, profiles and a clinic's values: JSON and back is the same protocol."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from afterglow.protocols.catalogue import (
    calculate_content_hash,
    get_effective,
    load_profile_options,
    load_protocol_ids,
    parse_protocol,
    render_protocol,
)
from afterglow.protocols.effective import find_route
from afterglow.protocols.overlay import list_places, load_places
from afterglow.terms import InvalidInput


def find_effective(protocol_id, indication, profiles, overlay):
    """Return the protocol, or None where the clinic's values are beyond their bounds."""
    try:
        return get_effective(protocol_id, indication=indication, profiles=profiles, overlay=overlay)
    except InvalidInput:
        return None


@st.composite
def mixes(draw):
    protocol_id = draw(st.sampled_from(load_protocol_ids()))
    indication = draw(st.sampled_from([None, *find_route(protocol_id)["indications"]]))
    options = load_profile_options(protocol_id)
    profiles = {name: draw(st.sampled_from(options[name])) for name in draw(st.sets(st.sampled_from(sorted(options))))}
    places = [name for name in list_places(get_effective(protocol_id, profiles=profiles)) if name in load_places()]
    overlay = {name: draw(st.integers(0, 500)) for name in draw(st.sets(st.sampled_from(places), max_size=4))}
    return protocol_id, indication, profiles, overlay


@settings(max_examples=20)
@given(mixes())
def test_effective_protocol_round_trips_or_is_refused(mix):
    protocol_id, indication, profiles, overlay = mix
    protocol = find_effective(protocol_id, indication, profiles, overlay)
    if protocol is None:
        assert overlay
        return
    read = parse_protocol(json.loads(json.dumps(render_protocol(protocol))))
    assert read == protocol
    assert calculate_content_hash(read) == protocol.content_hash
