"""The folded lane: bands and words, never a value for now, never a time of leaving; late is said."""

import re
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from afterglow.web.predictions.session import Predicted, build_forecast, predict_session, write_sheet
from afterglow.web.sessions.chart import draw_timeline
from afterglow.web.sessions.present.timeline import build_timeline
from tests.support.rooms import Room
from tests.web.predictions.conftest import Answering


class Rows:
    """Stands for the rows of a chart on which nothing is recorded."""

    def __getattr__(self, name: str) -> Any:
        """Answer every question with nothing."""
        return lambda *args, **kwargs: 0 if name == "count" else None if name == "first" else self

    def __iter__(self) -> Any:
        """Hold no row."""
        return iter(())


def make_session(room: Room) -> Any:
    """Return a session with a patient of whom only the age is known."""
    rows = Rows()
    patient = SimpleNamespace(
        birth_on=room.now.date() - timedelta(days=43 * 366),
        sex="",
        sessions=rows,
        measurement_set=rows,
        medicationstatement_set=rows,
        historyfact_set=rows,
    )
    head = str(len(room.events))
    return SimpleNamespace(pk="a-session", head_hash=head, opened_at=room.now, patient=patient)


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


def test_a_late_or_lost_worker_is_said_and_asked_again(worker: Answering) -> None:
    room = Room().start()
    worker.is_late = True
    assert predict(room).is_late
    assert "being worked out" in draw(room)
    worker.is_late, worker.is_broken = False, True
    assert predict(room).is_late
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
