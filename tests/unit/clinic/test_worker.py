"""The process that works out populations: asked once for the same thing, refused when full, started again when lost."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from afterglow.clinic.errors import NotYet
from afterglow.clinic.worker import Worker
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
