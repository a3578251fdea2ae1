"""The folded lane: bands and words, never a value for now, never a time of leaving; late is said."""

import json
import re
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from afterglow.web.predictions import people
from afterglow.web.predictions.session import Predicted, build_forecast, predict_session, write_sheet
from afterglow.web.sessions.chart import draw_timeline
from afterglow.web.sessions.present.timeline import build_timeline
from tests.support.rooms import Room
from tests.web.predictions.conftest import Answering


class Kept:
    """Stands for a statement of the chart: what it finds, nothing unless it is told."""

    def __init__(self, *found: Any) -> None:
        """Keep what it finds."""
        self.found = list(found)

    def ask(self, **values: Any) -> list[Any]:
        """Return what was kept."""
        return self.found

    def find(self, **values: Any) -> Any:
        """Return the first that was kept, or None."""
        return next(iter(self.found), None)


@pytest.fixture(autouse=True)
def chart(monkeypatch: pytest.MonkeyPatch) -> dict[str, Kept]:
    """The statements of a chart on which nothing is recorded, by name."""
    kept = {name: Kept() for name in ("_HEIGHT", "_MEDICINES", "_ALL_DOSED", "_DOSED", "_LIVER")}
    for name, found in kept.items():
        monkeypatch.setattr(people, name, found)
    monkeypatch.setattr("afterglow.clinic.people.lookups._WEIGHT", Kept())
    return kept


def make_session(room: Room) -> Any:
    """Return a session with a patient of whom only the age is known."""
    patient = SimpleNamespace(pk="a-patient", birth_on=room.now.date() - timedelta(days=43 * 366), sex="")
    head_hash = str(len(room.events))
    return SimpleNamespace(pk="a-session", head_hash=head_hash, opened_at=room.now, patient=patient)


def predict(room: Room) -> Predicted:
    """Return what the lane of a room shows."""
    found = predict_session(make_session(room), room.state, room.protocol, room.phase, room.now)
    assert found is not None
    return found


def draw(room: Room) -> str:
    """Return the timeline with its lane."""
    timeline = build_timeline(room.view, room.protocol, build_forecast(predict(room)))
    assert timeline is not None
    return str(draw_timeline(timeline))


def test_a_lane_has_bands_before_and_after_now_and_words_of_the_whole_course(worker: Answering) -> None:
    drawn = draw(Room().start().wait(12))
    assert len(re.findall(r'class="c-pred c-pred-(?:level|score) c-pred-past"', drawn)) == 2
    assert len(re.findall(r'class="c-pred c-pred-(?:level|score) c-pred-next"', drawn)) == 2
    assert re.search(r"\d+–\d+ at end", drawn)
    assert "Predicted, not measured" in drawn


def test_there_is_no_line_no_point_and_no_word_for_now(worker: Answering) -> None:
    room = Room().start()
    early, late = draw(room.wait(5)), draw(room.wait(20))
    said = [re.findall(r"Predicted, not measured[^<\"]*|[^>]* at end<|>CADSS-6 [^<]*", text) for text in (early, late)]
    assert said[0] == said[1], "the words change with the clock"
    assert not re.search(r"c-pred[^>]*(?:circle|line)|<circle[^>]*c-pred", early)
    sheet = write_sheet(predict(room))
    assert sheet is not None
    text = str(sheet).lower()
    assert not re.search(r"\bnow\b|leav|discharge|home at", text)


def test_the_band_is_asked_once_until_something_is_recorded(worker: Answering) -> None:
    room = Room().start()
    predict(room)
    predict(room.wait(3))
    assert len(worker.asked) == 1
    room.do("record-pause", reason="bp")
    predict(room)
    assert len(worker.asked) == 2
    assert "Demo" not in worker.asked[0]


CHANGES = [
    ("sex", {"sex": "female"}, ()),
    ("age", {"birth_on": date(1950, 1, 1)}, ()),
    ("medicine", {}, ("rifampicin",)),
    ("beta-blocker", {}, ("metoprolol 50 mg",)),
]


@pytest.mark.parametrize(("person", "medicines"), [row[1:] for row in CHANGES], ids=[row[0] for row in CHANGES])
def test_a_changed_chart_is_followed_without_an_entry_in_the_session(
    worker: Answering, chart: dict[str, Kept], person: dict[str, Any], medicines: tuple[str, ...]
) -> None:
    room = Room().start()
    session = make_session(room)
    for _ in range(2):
        predict_session(session, room.state, room.protocol, room.phase, room.now)
    assert len(worker.asked) == 1
    vars(session.patient).update(person)
    chart["_MEDICINES"].found = list(medicines)
    for _ in range(2):
        predict_session(session, room.state, room.protocol, room.phase, room.now)
    assert len(worker.asked) == 2
    assert worker.asked[0] != worker.asked[1]


def test_a_corrected_weight_is_followed(worker: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room().start()
    predict(room)
    monkeypatch.setattr("afterglow.web.predictions.session.find_weight", lambda _state: (Decimal("91.5"), None))
    predict(room)
    assert [json.loads(text)["patient"]["weight_kg"] for text in worker.asked][1] == 91.5
    assert len(worker.asked) == 2


def test_a_late_or_lost_worker_is_said_and_asked_again(worker: Answering) -> None:
    room = Room().start()
    worker.is_late = True
    assert predict(room).is_late
    assert "being worked out" in draw(room)
    worker.is_late, worker.is_broken = False, True
    assert "was stopped" in draw(room)
    worker.is_broken = False
    assert predict(room).course is not None


def test_without_a_weight_it_says_so_instead_of_a_curve(worker: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room().start()
    monkeypatch.setattr("afterglow.web.predictions.session.find_weight", lambda _state: None)
    found = predict(room)
    assert found.course is None
    assert "weight" in found.reason
    assert worker.asked == []


@pytest.mark.parametrize("stage", ["ready", "finish"])
def test_before_and_after_there_is_no_lane(worker: Answering, stage: str) -> None:
    room = getattr(Room(), stage)()
    assert predict_session(make_session(room), room.state, room.protocol, room.phase, room.now) is None
    assert worker.asked == []
