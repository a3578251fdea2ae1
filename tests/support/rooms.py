"""A room in which sessions are acted out for tests and benchmarks: a clock that is moved by hand, and a small cast."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

from afterglow.chairside.actors import SYSTEM, Actor
from afterglow.chairside.commands import parse_command
from afterglow.chairside.decide import Decision, Refusal, decide
from afterglow.chairside.dosing import count_dosed_devices, find_phase, list_devices
from afterglow.chairside.events import Event, render_event
from afterglow.chairside.state import EMPTY, SessionState, evolve
from afterglow.chairside.view import derive_view
from afterglow.instruments import get_instrument
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.model import Pattern, Protocol

OPENED_AT = datetime(2026, 11, 17, 9, 0, tzinfo=UTC)
NURSE = Actor("nurse-1", frozenset({"nurse"}), is_licensed=True)
OTHER_NURSE = Actor("nurse-2", frozenset({"nurse"}), is_licensed=True)
PRESCRIBER = Actor("prescriber-1", frozenset({"prescriber"}), is_licensed=True)
OTHER_PRESCRIBER = Actor("prescriber-2", frozenset({"prescriber"}), is_licensed=True)
DIRECTOR = Actor("director-1", frozenset({"medical-director"}), is_licensed=True)
THERAPIST = Actor("therapist-1", frozenset({"therapist"}))
CAST = (NURSE, OTHER_NURSE, PRESCRIBER, OTHER_PRESCRIBER, DIRECTOR, THERAPIST)
READ_ALOUD = ("patient", "drug", "dose", "route", "pump", "allergies")
FINE = {"systolic": 124, "diastolic": 78, "heart_rate": 66, "spo2": 98, "resp_rate": 14, "moaas": 5}


def build_facts() -> dict[str, Any]:
    """Return a chart's facts in which nothing stands against a dose."""
    return {"allergy.to_ketamine": False}


def build_header(protocol: Protocol, **changes: Any) -> dict[str, Any]:
    """Return what is known when a session opens."""
    header = {
        "patient": "patient-1",
        "site": "site-1",
        "plan": "plan-1",
        "timezone": "UTC",
        "protocol": protocol.id,
        "consent": {"is_valid": True},
        "weight": {"weight_kg": "72.0", "weighed_at": "2026-11-10T09:00:00+00:00"},
        "facts": build_facts(),
        "scores": [{"scale": "phq9", "on": "2026-11-15", "total": 17}],
        "session_dates": ["2026-11-10"],
    }
    return {**header, **changes}


def answer_best(scale: str) -> dict[str, int]:
    """Return the answers that score highest."""
    return {item.id: int(item.maximum) for item in get_instrument(scale).items}


Stage = TypeVar("Stage", bound=Callable[..., "Room"])
_REACHED: dict[tuple[str, ...], tuple[SessionState, datetime, list[Any]]] = {}


def remembered(stage: Stage) -> Stage:
    """Walk a way that begins at the opening only once: states are never changed, so that they can be shared."""

    @wraps(stage)
    def walk(room: "Room", *without: str) -> "Room":
        if len(room.events) != 1 or room.now != OPENED_AT:
            return stage(room, *without)
        opened = json.dumps(render_event(room.events[0]), sort_keys=True)
        key = (stage.__name__, room.protocol.content_hash, opened, *without)
        if key not in _REACHED:
            stage(room, *without)
            _REACHED[key] = (room.state, room.now, room.findings)
        room.state, room.now, found = _REACHED[key]
        room.findings = list(found)
        return room

    return walk  # type: ignore[return-value]


class Room:
    """One session under one protocol. `do` gives a command that must be accepted, `ask` one that may be refused."""

    def __init__(self, protocol_id: str = "iv-racemic", protocol: Protocol | None = None, **header: Any) -> None:
        """Open the session, unless `header` is `{"unopened": True}`."""
        self.protocol = protocol or get_effective(protocol_id, indication="trd")
        self.state: SessionState = EMPTY
        self.now = OPENED_AT
        self.findings: list[Any] = []
        if not header.pop("unopened", False):
            self.do("open-session", **build_header(self.protocol, **header))

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event so far."""
        return self.state.events

    @property
    def view(self) -> dict[str, Any]:
        """What the session shows now."""
        return derive_view(self.state, protocol=self.protocol, now=self.now)

    @property
    def phase(self) -> str:
        """The phase the session is in."""
        return find_phase(self.state, self.protocol)

    @property
    def types(self) -> list[str]:
        """The types of all events, in order."""
        return [event.type for event in self.events]

    def wait(self, minutes: float = 0, seconds: float = 0) -> "Room":
        """Let time pass without a tick."""
        self.now += timedelta(minutes=minutes, seconds=seconds)
        return self

    def ask(
        self,
        command: str,
        by: Actor = NURSE,
        second: Actor | None = None,
        occurred_at: datetime | None = None,
        **data: Any,
    ) -> Decision | Refusal:
        """Give a command and return what was decided; its events are folded in when it was accepted."""
        answer = decide(
            self.state,
            parse_command(command, data),
            protocol=self.protocol,
            by=by,
            second=second,
            occurred_at=occurred_at or self.now,
            now=self.now,
        )
        if isinstance(answer, Decision):
            for event in answer.events:
                self.state = evolve(self.state, event)
            self.findings += answer.findings
        return answer

    def do(self, command: str, by: Actor = NURSE, **given: Any) -> Decision:
        """Give a command that must be accepted."""
        answer = self.ask(command, by, **given)
        assert isinstance(answer, Decision), f"{command} refused: {answer}"
        return answer

    def refuse(self, command: str, by: Actor = NURSE, **given: Any) -> Refusal:
        """Give a command that must be refused, and change nothing."""
        before = self.state
        answer = self.ask(command, by, **given)
        assert isinstance(answer, Refusal), f"{command} was accepted: {answer.events}"
        assert self.state is before
        return answer

    def tick(self) -> Decision:
        """Let the ticker come by."""
        return self.do("tick", SYSTEM)

    def vitals(self, **changes: Any) -> Decision:
        """Enter fine vitals with some changed; a value of None leaves a reading out."""
        return self.do("record-vitals", **{k: v for k, v in {**FINE, **changes}.items() if v is not None})

    @remembered
    def arrive(self, *without: str) -> "Room":
        """Everything before the order but the commands and checks named: arrival, identity, checks, screen, consent."""
        self.wait(12)
        for command, data in (
            ("record-arrival", {}),
            ("confirm-identity", {"identifiers": ["name", "birth-date"]}),
            ("record-suicide-screen", {"level": 0, "behaviour": False}),
            ("confirm-consent", {"agrees": True}),
            ("record-weight", {"weight_kg": "72.0"}),
        ):
            if command not in without:
                self.wait(1).do(command, **data)
        for check in self.protocol.checks:
            is_fasting = check.kind == "fasting"
            fasting: dict[str, Any] = {}
            if is_fasting:
                fasting = {"solids_h": "12", "solids_kind": "light", "fluids_h": "4"}
            if check.kind in ("confirm", "escort", "fasting") and check.id not in without:
                self.do("record-check", check=check.id, passed=True, **fasting)
        if "record-vitals" not in without:
            self.wait(3).vitals()
        self.do("record-score", scale="cadss6", total="0")
        self.do("record-symptom", kind="nausea", level="none")
        return self

    def order(self, **changes: Any) -> "Room":
        """Sign today's order, and prepare it."""
        infusion = {"dose_mg_per_kg": "0.5", "duration_min": "40", "line_ml": "1.5"}
        plain: dict[Pattern, dict[str, Any]] = {
            Pattern.INFUSION: infusion,
            Pattern.INJECTION: {"dose_mg_per_kg": "0.5"},
            Pattern.DEVICES: {"devices": 2},
        }
        self.do("sign-order", PRESCRIBER, **{**plain[self.protocol.pattern], **changes})
        return self

    def prepare(self, **changes: Any) -> "Room":
        """Record the vial in hand and what was drawn."""
        if self.protocol.pattern is Pattern.DEVICES:
            return self
        plain = {"vial_mg_per_ml": "50", "lot": "0417-22", "drawn_ml": "0.72", "expires_on": "2027-08-31"}
        if self.protocol.pattern is Pattern.INFUSION:
            plain |= {"diluent_ml": "100", "line_ml": "1.5"}
        self.do("record-preparation", **{**plain, **changes})
        return self

    @remembered
    def ready(self) -> "Room":
        """Everything up to the signed time-out."""
        self.arrive().order().prepare()
        self.wait(2).do("sign-time-out", confirmed=list(READ_ALOUD), second=OTHER_NURSE)
        return self

    @remembered
    def start(self) -> "Room":
        """Everything up to the first drug."""
        self.ready().wait(3)
        if self.protocol.pattern is Pattern.INFUSION:
            self.do("start")
        elif self.protocol.pattern is Pattern.INJECTION:
            self.do("give-injection", dose_mg="36", site="deltoid-left", lot="0417-22")
        else:
            self.do("give-device", number=1, lot="SP-77", outcome="given")
        return self

    @remembered
    def observe(self) -> "Room":
        """Everything up to the end of giving, with the readings that were asked."""
        self.start()
        if self.protocol.pattern is Pattern.DEVICES:
            self.wait(5).do("give-device", number=2, lot="SP-77", outcome="given")
        if self.protocol.pattern is Pattern.INFUSION:
            for systolic in (134, 141, 146):
                self.wait(10).vitals(systolic=systolic, diastolic=84)
                self.do("record-score", scale="cadss6", total="4")
                self.do("record-symptom", kind="nausea", level="none")
            self.wait(10).do("record-complete", pump_ml="100.5")
        return self

    @remembered
    def recover(self) -> "Room":
        """Everything up to an open discharge gate."""
        self.observe()
        for systolic in (138, 132, 130, 128, 126, 124, 124, 124):
            self.wait(15).vitals(systolic=systolic, diastolic=80)
            self.do("record-score", scale="cadss6", total="1")
            self.do("record-symptom", kind="nausea", level="none")
            self.tick()
        self.do("record-score", scale="aldrete", answers=answer_best("aldrete"))
        self.do("record-suicide-screen", level=0, behaviour=False)
        for what in ("oriented", "walks-unaided", "escort-present", "instructions-given"):
            self.do("record-check", check=what, passed=True)
        if self.protocol.pattern is Pattern.INFUSION:
            self.do("record-access", state="removed")
        return self

    @remembered
    def finish(self) -> "Room":
        """The whole way: release, leaving, reconciliation, closed record."""
        self.recover()
        self.wait(2).do("sign-release", PRESCRIBER)
        self.wait(3).do("record-left", company="escort")
        self.reconcile()
        self.wait(2).do("close-record", PRESCRIBER)
        return self

    def reconcile(self, **changes: Any) -> "Room":
        """Account for the drug, with a witness."""
        plain: dict[str, Any] = {
            "prepared_mg": "36", "given_mg": "36", "left_in_line_mg": "0", "returned_mg": "0", "wasted_mg": "0",
        }  # fmt: skip
        if self.protocol.pattern is Pattern.DEVICES and "prepared_mg" not in changes:
            used, given = len(list_devices(self.state)), count_dosed_devices(self.state)
            plain = {"prepared_devices": used, "given_devices": given, "returned_devices": 0}
            plain["wasted_devices"] = used - given
        self.do("record-reconciliation", second=OTHER_NURSE, **{**plain, **changes})
        return self


def shift(event: Event, seconds: float) -> Event:
    """Return an event moved in both times."""
    by = timedelta(seconds=seconds)
    return replace(event, occurred_at=event.occurred_at + by, recorded_at=event.recorded_at + by)
