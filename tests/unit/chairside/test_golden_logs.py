"""Logs that earlier releases wrote: each is read, folded and comes to exactly what was stored beside it."""

import json

import pytest

from afterglow.chairside import fold, get_version
from afterglow.chairside.history import check_history
from afterglow.terms import Severity
from tests.support.golden import FOLDER, PLAYS, read_log, summarise

LOGS = sorted(FOLDER.glob("*.jsonl"))
ENDINGS = {"left-against-advice", "eloped", "transferred", "died"}


def test_there_is_a_log_for_each_pattern_and_each_ending():
    assert {"iv-racemic", "im-racemic", "nasal-esketamine-us", *ENDINGS} <= {path.stem for path in LOGS}
    assert set(PLAYS) <= {path.stem for path in LOGS}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_stored_log_comes_to_what_was_stored_beside_it(path):
    protocol, events = read_log(path)
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert summarise(fold(events), protocol) == expected


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_a_stored_log_is_a_possible_history(path):
    protocol, events = read_log(path)
    assert [found.seen for found in check_history(events, protocol) if found.severity is Severity.STOP] == []


def test_vitals_of_version_one_are_read_with_the_units_in_their_names():
    path = FOLDER / "vitals-version-1.jsonl"
    written = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    assert {line["version"] for line in written if line["type"] == "vitals-recorded"} == {1}
    _, events = read_log(path)
    vitals = [event for event in events if event.type == "vitals-recorded"]
    assert {event.version for event in vitals} == {get_version("vitals-recorded")} == {2}
    assert all(event.data["oxygen_l_per_min"] == "2" and event.data["temperature_cel"] == "36.6" for event in vitals)
    assert not any({"oxygen", "temperature"} & set(event.data) for event in vitals)


def test_the_infusion_comes_to_the_dose_worked_out_by_hand():
    # 10 min 20 s at 0.89952 mg/min, five minutes' pause, 30 min at half the rate: 9.295 + 13.493
    expected = json.loads((FOLDER / "iv-racemic.json").read_text(encoding="utf-8"))
    assert expected["calculated_mg"] == "22.79"
    assert expected["clock"]["paused_s"] == 300
