"""Seeds faults into a copy of the pure rooms, one at a time, and asks that a test notices each.

`./run bench mutants` runs all, `./run bench mutants 5` every fifth, AFTERGLOW_BENCH=smoke every 14th. A fault that no
test notices is printed as SURVIVED and the exit code is 1; so is a fault whose place in the source is gone, which is a
list to bring up to date.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import hypothesis  # noqa: F401 - imported once, before the children are forked
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench._report import is_smoke

ROOT = Path(__file__).resolve().parents[1]
LONGEST_S = 120
SETUP = """[pytest]
addopts = --import-mode=importlib
pythonpath = {root}
markers =
  browser: none here
  postgres: none here
  slow: none here
  mutants: none here
"""
SPEC, UNIT = "tests/spec/session/", "tests/unit/"
BEFORE, ORDERS, CLOCK = (
    SPEC + "test_before_the_dose.py",
    SPEC + "test_orders_and_time_out.py",
    SPEC + "test_two_times.py",
)
DOSE, NASAL = SPEC + "test_dose_by_clock.py", SPEC + "test_esketamine_room.py"
ALARMS, LEAVE, ENDS = (
    SPEC + "test_alarms_in_the_room.py",
    SPEC + "test_release_and_rescue.py",
    SPEC + "test_session_endings.py",
)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One seeded fault: what it would mean, where it is put, and the tests that should notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str
    only: str = ""


MUTANTS: tuple[Mutant, ...] = (
    # the record
    Mutant(
        "an entry counts from when it was written, not from when it happened",
        "chairside/state.py",
        "return event.occurred_at, event.seq",
        "return event.recorded_at, event.seq",
        CLOCK,
        "late",
    ),
    Mutant(
        "a correction removes the original",
        "chairside/state.py",
        "events=(*state.events, event),",
        "events=(*(e for e in state.events if event.type[:6] != 'entry-' or e.seq != event.data['seq']), event),",
        CLOCK,
        "original",
    ),
    Mutant(
        "the record's clock runs back",
        "chairside/decide.py",
        "return deciding.now if last is None else max(deciding.now, last)",
        "return deciding.now",
        CLOCK,
        "clock or order",
    ),
    Mutant(
        "the future is accepted",
        "chairside/context.py",
        "if at > (self.now if last is None else max(self.now, last)):",
        "if at.year > 9000:",
        CLOCK,
        "future",
    ),
    Mutant(
        "anyone takes back anyone's entry",
        "chairside/decide_record.py",
        "if target.by != deciding.by.id:",
        "if target.by == '':",
        CLOCK,
        "person",
    ),
    Mutant(
        "an entry is taken back at any time",
        "chairside/decide_record.py",
        "if deciding.now - target.recorded_at > timedelta(",
        "if deciding.now - target.recorded_at > 99 * timedelta(",
        CLOCK,
        "ten_seconds",
    ),
    Mutant(
        "a closed record takes entries",
        "chairside/decide.py",
        "if state.is_closed and name not in AFTER_CLOSING:",
        "if state.is_closed and name == 'start':",
        CLOCK,
        "closed",
    ),
    Mutant(
        "a second correction starts from the first entry again",
        "chairside/decide_record.py",
        "target = next((each for each in deciding.state.list(target.type) if each.seq == target.seq), None)",
        "pass",
        CLOCK,
        "back",
    ),
    # who signs
    Mutant(
        "one person signs the time-out of an infusion",
        "chairside/decide_before.py",
        'if int(protocol.setting("time_out.signers")) > 1 or deciding.second is not None:',
        "if deciding.second is not None:",
        ORDERS,
        "two_people",
    ),
    Mutant(
        "a nurse signs an order",
        "chairside/context.py",
        "if not self.by.is_prescriber:",
        "if not self.by.id:",
        ORDERS,
        "prescriber_only",
    ),
    Mutant(
        "a new order keeps the old time-out",
        "chairside/orders.py",
        "if order is not None and order.seq > last.seq:",
        "if order is None:",
        ORDERS,
        "new_order",
    ),
    Mutant(
        "another strength keeps the old time-out",
        "chairside/orders.py",
        "if changed > last.seq:",
        "if changed < 0:",
        ORDERS,
        "preparation",
    ),
    Mutant(
        "a start dated before its time-out passes",
        "chairside/guards.py",
        "if signed is None or signed.occurred_at > now:",
        "if signed is None:",
        ORDERS,
        "dated",
    ),
    Mutant(
        "an infusion resumes faster than ordered",
        "chairside/decide_giving.py",
        "if fastest is None or rate <= fastest * RATE_TOLERANCE:",
        "if fastest is None or rate > 0:",
        ORDERS,
        "faster",
    ),
    # what holds a dose
    Mutant(
        "a withdrawn consent does not hold the dose",
        "chairside/guards.py",
        'if not today[-1].data["agrees"]:',
        "if not today:",
        BEFORE,
        "no_on_the_day",
    ),
    Mutant(
        "a missing identity does not hold the dose",
        "chairside/guards.py",
        "if confirmed is None or confirmed.occurred_at > now:",
        "if confirmed is not None and confirmed.occurred_at > now:",
        BEFORE,
        "identity",
    ),
    Mutant(
        "an intent to die does not hold the dose",
        "chairside/screens.py",
        "told.level > max_level)",
        "told.level > 1 + max_level)",
        BEFORE,
        "intent",
    ),
    Mutant(
        "a therapist's assessment counts",
        "chairside/decide_before.py",
        "if not deciding.by.is_licensed:",
        "if not deciding.by.id:",
        BEFORE,
        "licensed",
    ),
    Mutant(
        "everything can be overridden",
        "chairside/decide_leaving.py",
        "if allowed is Override.NONE:",
        "if allowed is None:",
        BEFORE,
        "overrid",
    ),
    Mutant(
        "an override never expires",
        "chairside/guards.py",
        'if date.fromisoformat(event.data["expires_on"]) >= today:',
        "if today:",
        BEFORE,
        "overrides",
    ),
    Mutant(
        "a downtime sheet passes what nobody may pass",
        "chairside/decide_giving.py",
        "if blocker.code in FIRM]",
        "if blocker.code == '']",
        BEFORE,
        "downtime",
    ),
    Mutant(
        "the calendar is that of Greenwich",
        "chairside/guards.py",
        'now.astimezone(ZoneInfo(str(state.header.get("timezone") or "UTC"))).date()',
        "now.date()",
        BEFORE,
        "calendar",
    ),
    # the dose
    Mutant(
        "a paused pump goes on giving",
        "chairside/dosing.py",
        'elif event.type == "pause-recorded":\n            is_running = False',
        'elif event.type == "pause-recorded":\n            is_running = True',
        DOSE,
        "pause",
    ),
    Mutant(
        "a bag prepared in between changes what was given",
        "chairside/dosing.py",
        "if event.occurred_at <= stretch.start]",
        "]",
        DOSE,
        "bag",
    ),
    Mutant(
        "the pump is nearly never compared",
        "chairside/decide_giving.py",
        "if abs(difference) > Decimal(str(limit)):",
        "if abs(difference) > 10 * Decimal(str(limit)):",
        DOSE,
        "pump",
    ),
    Mutant(
        "a failed device counts in the dose",
        "chairside/dosing.py",
        'counted = sum(event.data["outcome"] != "failed" for event',
        'counted = sum(event.data["outcome"] != "" for event',
        NASAL,
        "failed",
    ),
    Mutant(
        "no rest between devices",
        "chairside/guards.py",
        "if opens is not None and now < opens:",
        "if opens is None:",
        NASAL,
        "five_minutes",
    ),
    Mutant(
        "the two hours count from the first device",
        "chairside/dosing.py",
        "return counted[-1] if counted else None",
        "return counted[0] if counted else None",
        NASAL,
        "two_hours or last_device",
    ),
    Mutant(
        "verbal orders from before the signed one add devices",
        "chairside/orders.py",
        "in verbal if event.seq > order.seq and",
        "in verbal if",
        NASAL,
        "verbal",
    ),
    # alarms
    Mutant(
        "answering an alarm ends it",
        "chairside/alarms.py",
        "if not is_holding and not (row is not None",
        "if alarm.acknowledged_at or not is_holding and not (row is not None",
        ALARMS,
        "answering",
    ),
    Mutant(
        "a high alarm does not latch",
        "chairside/alarms.py",
        "row.latching and alarm",
        "not row.latching and alarm",
        ALARMS,
        "stays",
    ),
    Mutant(
        "no alarm escalates",
        "chairside/alarms.py",
        "now - alarm.raised_at >= timedelta(",
        "now - alarm.raised_at >= 99 * timedelta(",
        ALARMS,
        "escalates",
    ),
    Mutant(
        "an alarm blocks nothing",
        "chairside/alarms.py",
        "if command in row.blocks}",
        "if command in ()}",
        ALARMS,
        "holds or starts",
    ),
    # leaving
    Mutant(
        "the pressure may rise before leaving",
        "chairside/gates.py",
        "MET if is_met and is_falling else OPEN",
        "MET if is_met else OPEN",
        LEAVE,
        "falling",
    ),
    Mutant(
        "one pressure is two",
        "chairside/gates.py",
        "if picked[-1].at - reading.at >= apart:",
        "if picked:",
        LEAVE,
        "two_lie",
    ),
    Mutant(
        "a rescue drug restarts nothing",
        "chairside/dosing.py",
        'if data["purpose"] == "own" and not is_here:',
        'if data["purpose"]:',
        LEAVE,
        "rescue",
    ),
    Mutant(
        "a nurse releases after racemic ketamine",
        "chairside/decide_leaving.py",
        'if role == "prescriber" and not deciding.by.is_prescriber:',
        'if role == "":',
        LEAVE,
        "releases",
    ),
    Mutant(
        "an ending can be refused",
        "chairside/decide.py",
        "if is_over and name not in AFTER_LEAVING and name not in RECORDED:",
        "if name == 'record-ending' or is_over and name not in AFTER_LEAVING and name not in RECORDED:",
        ENDS,
        "ending",
    ),
    # the evaluator and the conditions below it
    Mutant(
        "what is not known passes",
        "protocols/evaluate.py",
        'return None if rule.missing == "silent" else _build_missing(rule, facts)',
        "return None",
        UNIT + "protocols/test_evaluator.py",
    ),
    Mutant(
        "the opposite of unknown is true",
        "terms/conditions.py",
        "return None if inner is None else not inner",
        "return not inner",
        UNIT + "terms/test_conditions.py",
    ),
    Mutant(
        "a window of seven days has eight",
        "protocols/schedule.py",
        "first = on - timedelta(days=days - 1)",
        "first = on - timedelta(days=days)",
        BEFORE,
        "seven_days",
    ),
    Mutant(
        "of two limits the milder speaks",
        "protocols/dose_limits.py",
        "worst = max(passed,",
        "worst = min(passed,",
        ORDERS,
        "anaesthetic or second_clinician",
    ),
)


def seed(mutant: Mutant, folder: Path) -> None:
    """Put one fault into a copy of the rooms."""
    path = folder / "afterglow" / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise LookupError(f"{mutant.file} holds {mutant.old!r} {text.count(mutant.old)} times, not once")
    changed = text.replace(mutant.old, mutant.new)
    compile(changed, mutant.file, "exec")  # a fault is a wrong rule, not a broken file
    path.write_text(changed, encoding="utf-8")


def copy_rooms(folder: Path) -> None:
    """Copy the package without what no pure room needs, so that a copy is quick."""
    ignored = shutil.ignore_patterns("__pycache__", "static", "templates", "locale")
    shutil.copytree(ROOT / "src" / "afterglow", folder / "afterglow", ignore=ignored)


def run_tests(mutant: Mutant, folder: Path) -> bool:
    """Return whether a test noticed the fault; one that makes the tests hang is noticed too."""
    child = os.fork()
    if child == 0:
        os._exit(run_pytest(mutant, folder))
    until = time.monotonic() + LONGEST_S
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, 1, 2):
        raise LookupError(f"the tests did not run: {(folder / 'out').read_text(encoding='utf-8')[-400:]}")
    return code != 0


def run_pytest(mutant: Mutant, folder: Path) -> int:
    """Run the tests of one fault against the copy, in a child that has imported nothing of the package yet."""
    with (folder / "out").open("w") as out:
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
    (folder / "pytest.ini").write_text(SETUP.format(root=ROOT), encoding="utf-8")
    os.chdir(ROOT)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(folder))
    without = [part for name in ("cacheprovider", "playwright", "xdist", "django") for part in ("-p", f"no:{name}")]
    chosen = ["-k", mutant.only] if mutant.only else []
    given = ["-c", str(folder / "pytest.ini"), "--rootdir", str(ROOT), mutant.tests, "-x", "-q", *without, *chosen]
    return int(pytest.main(given))


def judge(mutant: Mutant) -> str:
    """Return caught, SURVIVED or STALE for one fault."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_rooms(folder)
        try:
            seed(mutant, folder)
            return "caught" if run_tests(mutant, folder) else "SURVIVED"
        except LookupError as error:
            return f"STALE: {error}"


def judge_all(mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, str]]:
    """Yield each fault with what came of it."""
    for mutant in mutants:
        yield mutant, judge(mutant)


def main() -> int:
    """Print each fault and what came of it; any that was not noticed is a failure."""
    step = int(sys.argv[1]) if len(sys.argv) > 1 else 14 if is_smoke() else 1
    chosen = MUTANTS[::step]
    started, missed = time.perf_counter(), 0
    for mutant, outcome in judge_all(chosen):
        missed += outcome != "caught"
        print(f"  {outcome:<9} {mutant.name}", flush=True)
    seconds = time.perf_counter() - started
    print(f"{len(chosen) - missed} of {len(chosen)} seeded faults caught, {seconds:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
