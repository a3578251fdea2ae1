"""The processes that work out populations: one question once, refused when full, given up when late, started again."""

import contextlib
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from afterglow.clinic import worker as worker_room
from afterglow.clinic.errors import GaveUp, NotYet
from afterglow.clinic.worker import AGAIN_AFTER_S, CHAIRSIDE, PLANS, Worker
from tests.support import jobs


@pytest.fixture
def worker() -> Iterator[Worker]:
    made = Worker(longest_queue=1, rooms=("tests.support.jobs",))
    yield made
    made.close()


def test_a_job_runs_in_another_process_without_the_clinic(worker: Worker) -> None:
    pid, has_django = worker.ask(jobs.describe_process, timeout_s=60)
    assert pid != os.getpid()
    assert not has_django


def test_the_same_question_is_worked_out_once(worker: Worker) -> None:
    first = worker.ask(jobs.draw_number, 7, timeout_s=60)
    assert worker.ask(jobs.draw_number, 7) == first
    assert worker.ask(jobs.draw_number, 8) != first


def test_a_late_answer_and_a_full_queue_are_said_and_the_answer_comes_later(worker: Worker) -> None:
    worker.ask(jobs.draw_number, 1, timeout_s=60)
    with pytest.raises(NotYet):
        worker.ask(jobs.wait_for, 1.0, timeout_s=0.05)
    with pytest.raises(NotYet):
        worker.ask(jobs.draw_number, 2, timeout_s=30)
    assert worker.ask(jobs.wait_for, 1.0, timeout_s=30) == 1.0


def test_an_answer_that_nobody_waited_for_is_there_when_somebody_looks_again() -> None:
    worker = Worker(longest_queue=2, rooms=("tests.support.jobs",))
    try:
        worker.ask(jobs.draw_number, 1, timeout_s=60)
        with pytest.raises(NotYet):
            worker.ask(jobs.wait_for, 0.2, timeout_s=0)
        worker.ask(jobs.draw_number, 2, timeout_s=60)
        assert worker.ask(jobs.wait_for, 0.2, timeout_s=0) == 0.2
    finally:
        worker.close()


def test_a_lost_process_is_started_again(worker: Worker) -> None:
    with pytest.raises(NotYet):
        worker.ask(jobs.die, timeout_s=60)
    assert worker.ask(jobs.draw_number, 3, timeout_s=60)


def test_a_question_that_runs_too_long_is_given_up_and_its_process_replaced() -> None:
    now = [0.0]
    worker = Worker(rooms=("tests.support.jobs",), limit_s=0.3, clock=lambda: now[0])
    try:
        first = worker.ask(jobs.describe_process, timeout_s=60)[0]
        with pytest.raises(GaveUp, match=r"longer than 0\.3 s") as given_up:
            worker.ask(jobs.wait_for, 60.0, timeout_s=60)
        assert given_up.value.code == "took-too-long"
        assert first not in {child.pid for child in multiprocessing.active_children()}
        # whoever looks again is told so at once, and the answer of the next question is its own
        with pytest.raises(GaveUp):
            worker.ask(jobs.wait_for, 60.0, timeout_s=0)
        assert worker.ask(jobs.wait_for, 0.0, timeout_s=60) == 0.0
        now[0] = AGAIN_AFTER_S + 1
        with pytest.raises(NotYet):
            worker.ask(jobs.wait_for, 60.0, timeout_s=0)
    finally:
        worker.close()


def test_an_answer_that_nobody_waits_for_any_more_reaches_no_other_question() -> None:
    worker = Worker(rooms=("tests.support.jobs",), limit_s=1.0)
    try:
        worker.ask(jobs.draw_number, 1, timeout_s=60)
        for turn in range(2):
            with contextlib.suppress(GaveUp):  # an answer that comes as it is given up: either is right
                assert worker.ask(jobs.wait_for, 1.0 + turn / 1000, timeout_s=60) == 1.0 + turn / 1000
            assert worker.ask(jobs.wait_for, turn / 1e6, timeout_s=60) == turn / 1e6
    finally:
        worker.close()


def test_a_process_that_dies_between_two_questions_is_replaced_without_a_word(worker: Worker) -> None:
    pid = worker.ask(jobs.die_after_answering, timeout_s=60)
    ended = threading.Event()
    while pid in {child.pid for child in multiprocessing.active_children()}:
        ended.wait(0.01)
    assert worker.ask(jobs.describe_process, timeout_s=60)[0] != pid


def test_askers_of_a_lost_process_do_not_end_the_one_that_follows() -> None:
    worker = Worker(longest_queue=8, rooms=("tests.support.jobs",))
    told: list[object] = []

    def ask(job: Callable[..., object], *arguments: int) -> None:
        try:
            told.append(worker.ask(job, *arguments, timeout_s=60))
        except NotYet as late:
            told.append(late)

    try:
        dying = [threading.Thread(target=ask, args=(jobs.die,)) for _ in range(4)]
        asking = [threading.Thread(target=ask, args=(jobs.draw_number, n)) for n in range(3)]
        for thread in [*dying, *asking]:
            thread.start()
        for thread in [*dying, *asking]:
            thread.join()
        assert sum(isinstance(one, float) for one in told) == 3
        assert sum(isinstance(one, NotYet) for one in told) == 4
    finally:
        worker.close()


def test_closing_tells_everybody_who_waits_and_a_later_question_is_answered() -> None:
    worker = Worker(rooms=("tests.support.jobs",))
    told: list[Exception] = []

    def ask(seconds: float) -> None:
        with pytest.raises(NotYet) as late:
            worker.ask(jobs.wait_for, seconds, timeout_s=60)
        told.append(late.value)

    worker.ask(jobs.draw_number, 1, timeout_s=60)
    threads = [threading.Thread(target=ask, args=(50.0 + n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    while len(worker._open) < 2:
        threading.Event().wait(0.01)
    worker.close()
    for thread in threads:
        thread.join(timeout=60)
    assert ["interrupted" in str(one) for one in told] == [True, True]
    try:
        assert worker.ask(jobs.draw_number, 2, timeout_s=60)
    finally:
        worker.close()


def test_an_error_is_told_without_the_question_and_not_tried_again(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            with pytest.raises(GaveUp) as given_up:
                worker.ask(jobs.fail, "a weight of 72 kg", timeout_s=60)
            assert given_up.value.code == "calculation-failed"
    assert [record.message for record in caplog.records] == [
        "a job of the worker failed: ValueError in tests.support.jobs.fail"
    ]
    assert "72" not in str(given_up.value)


def test_an_answer_that_cannot_be_handed_over_is_a_failure_not_a_loss(worker: Worker) -> None:
    pid = worker.ask(jobs.describe_process, timeout_s=60)[0]
    with pytest.raises(GaveUp):
        worker.ask(jobs.answer_a_function, timeout_s=60)
    assert worker.ask(jobs.describe_process, timeout_s=60)[0] == pid


def test_a_plan_that_keeps_its_process_busy_does_not_delay_the_chairside() -> None:
    assert CHAIRSIDE is not PLANS
    plans, chairside = (Worker(longest_queue=1, rooms=("tests.support.jobs",)) for _ in range(2))
    try:
        plans.ask(jobs.draw_number, 1, timeout_s=60)
        with pytest.raises(NotYet):
            plans.ask(jobs.wait_for, 50.0, timeout_s=0)
        with pytest.raises(NotYet):
            plans.ask(jobs.draw_number, 2, timeout_s=0.2)
        assert chairside.ask(jobs.draw_number, 2, timeout_s=60)
        assert plans._open, "the plan's question was over before the chairside's"
    finally:
        plans.close()
        chairside.close()


def test_only_so_many_answers_are_kept(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_room, "KEPT", 2)
    first = worker.ask(jobs.draw_number, 1, timeout_s=60)
    for n in (2, 3):
        worker.ask(jobs.draw_number, n, timeout_s=60)
    assert worker.ask(jobs.draw_number, 1, timeout_s=60) != first


def test_two_askers_of_one_question_get_one_answer(worker: Worker) -> None:
    answers: list[float] = []
    threads = [threading.Thread(target=lambda: answers.append(worker.ask(jobs.draw_number, 5, timeout_s=60)))]
    threads.append(threading.Thread(target=lambda: answers.append(worker.ask(jobs.draw_number, 5, timeout_s=60))))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 2
    assert len(set(answers)) == 1


ENDS_AT_ONCE = """
import os
from afterglow.clinic.worker import Worker
from tests.support import jobs

print(Worker(rooms=("tests.support.jobs",)).ask(jobs.describe_process, timeout_s=60)[0], flush=True)
os._exit(0)
"""


def test_the_process_ends_with_the_server_even_when_that_was_killed() -> None:
    # the process holds the same pipe: reading it to its end takes as long as either of them lives
    done = subprocess.run(
        [sys.executable, "-c", ENDS_AT_ONCE], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip().isdigit(), done.stderr


def test_only_pure_rooms_are_asked(worker: Worker) -> None:
    with pytest.raises(TypeError, match="no pure room"):
        worker.ask(os.getpid)
