"""One dosing visit of a story: its commands are written down minute by minute and carried out together."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any

from afterglow.chairside.drug_balance import find_known
from afterglow.clinic.consents.actions import confirm_consent
from afterglow.clinic.demo.story import Story
from afterglow.clinic.dosing_sessions.actions import open_session
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.clinic.dosing_sessions.several import Entry, submit_several
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans.values import load_signed_protocol
from afterglow.instruments import get_instrument
from afterglow.protocols.model import Pattern, Protocol

READ_ALOUD = ("patient", "drug", "dose", "route", "pump", "allergies")
FINE = {"heart_rate": 68, "spo2": 98, "resp_rate": 14, "moaas": 5, "origin": "cuff"}
VIAL_MG_PER_ML = 50
# what may be entered late as it was seen
OBSERVED = frozenset({"record-vitals", "record-score", "record-symptom"})
# the commands of one moment, written when it has come to that
Write = Callable[[datetime], Iterable[Entry]]


class Visit:
    """A visit that begins at an instant; minutes count from there. It is played when the story comes to it."""

    def __init__(
        self, story: Story, begins_at: datetime, *, place: str, phq9: int = 12, nurse: str = "nurse", visit: Any = None
    ) -> None:
        """Keep where and when; `visit` gives the booked visit whose session this is, if there is one."""
        self.story, self.begins_at, self.place, self.phq9, self.nurse = story, begins_at, place, phq9, nurse
        self.find_visit: Callable[[], Any] | None = visit
        self.session: Any = None
        self._protocol: Protocol | None = None
        # of a session that was left: when it was written to last; nothing is entered before that
        self._kept_at: datetime | None = None
        self._lines: list[tuple[float, Write]] = []
        story.at(begins_at, self.play)
        story.has_visits = True

    @classmethod
    def resume(cls, story: Story, session: Any, *, last_at: datetime) -> "Visit":
        """Return the visit of a session that was left; minutes count from its last entry."""
        visit = cls(story, last_at, place=session.place)
        visit.session, visit._kept_at = session, max(last_at, session.last_recorded_at or last_at)
        return visit

    # ---- writing the script ---------------------------------------------------------------------

    def do(self, minute: float, command: str, by: str = "", second: str = "", **data: Any) -> None:
        """Write down one command at a minute of the visit."""
        self.add(minute, lambda now: [self._entry(now, command, by, second, data)])

    def add(self, minute: float, write: Write) -> None:
        """Write down what is worked out only when the visit has come to it."""
        self._lines.append((minute, write))

    def vitals(self, minute: float, systolic: int, diastolic: int, **changes: Any) -> None:
        """Write down a set of vitals."""
        self.do(minute, "record-vitals", **{**FINE, "systolic": systolic, "diastolic": diastolic, **changes})

    def scales(self, minute: float, cadss6: int, nausea: str = "none") -> None:
        """Write down dissociation and nausea."""
        self.do(minute, "record-score", scale="cadss6", total=cadss6)
        self.do(minute, "record-symptom", kind="nausea", level=nausea)

    def check_in(self, *, solids_h: str = "10", until: float = 99) -> None:
        """Write down arrival, identity, questions, consent, weight and checks: everything before the order."""
        self.do(2, "record-arrival", escort=self.story.person.escort)
        self.add(3, self._assign)
        self.do(4, "confirm-identity", identifiers=["name", "birth-date"])
        self.do(5, "record-suicide-screen", level=0, behaviour=False)
        self.do(6, "confirm-consent", agrees=True)
        self.do(7, "record-weight", weight_kg=self.story.person.weight_kg)
        self.add(10, lambda now: self._record_checks(now, solids_h))

    def get_ready(self, baseline: tuple[int, int] = (124, 78)) -> None:
        """Check in, baseline, order, preparation, time-out: at minute 24 the dose may begin."""
        self.check_in()
        self.vitals(14, *baseline)
        self.scales(14, 0)
        self.add(16, self._order)
        if self.story.person.protocol.startswith("iv"):
            self.do(17, "record-access", site="left-forearm", gauge=22, state="placed")
        self.add(19, self._prepare)
        self.add(22, self._sign_time_out)

    def start(self, minute: float = 24) -> None:
        """Begin the dose."""
        self.add(minute, self._start)

    def discharge(self, minute: float) -> None:
        """Aldrete, questions, escort, line, release, leaving, reconciliation, closed record."""
        self.get_released(minute)
        self.leave(minute + 6)

    def get_released(self, minute: float) -> None:
        """Everything that leaving asks for, and the prescriber's release."""
        self.get_recovered(minute)
        self.do(minute + 4, "sign-release", by="prescriber")

    def get_recovered(self, minute: float) -> None:
        """Everything that leaving asks for, before anybody has signed."""
        aldrete = {item.id: int(item.maximum) for item in get_instrument("aldrete").items}
        self.do(minute, "record-score", scale="aldrete", answers=aldrete)
        self.do(minute, "record-suicide-screen", level=0, behaviour=False)
        for what in ("oriented", "walks-unaided", "escort-present", "instructions-given"):
            self.do(minute + 1, "record-check", check=what, passed=True)
        if self.story.person.protocol.startswith("iv"):
            self.do(minute + 2, "record-access", state="removed")

    def leave(self, minute: float) -> None:
        """Leave with the escort; then the record is completed."""
        self.do(minute, "record-left", company="escort", **{"with": self.story.person.escort})
        self.finish(minute + 4)

    def finish(self, minute: float) -> None:
        """Account for the drug and close the record."""
        self.add(minute, self._reconcile)
        self.do(minute + 4, "close-record", by="prescriber")

    # ---- acting it ------------------------------------------------------------------------------

    def play(self, now: datetime) -> None:
        """Weigh, open the session, and carry out everything that was written down."""
        if self.session is None:
            self._weigh(now)
            self._open(now)
        self.carry_on()

    def carry_on(self) -> None:
        """Carry out what was written down, in the order of time."""
        entries: list[Entry] = []
        for minute, write in sorted(self._lines, key=lambda line: line[0]):
            instant = self.begins_at + timedelta(minutes=minute)
            if self._kept_at is not None:
                # a session that was left is finished before the next day begins
                instant = min(instant, self.story.clock.now)
            if write == self._reconcile:
                # what was given is read from the entries before it
                self._submit(entries)
                entries = []
            entries += write(self.story.clock.check(instant))
        self._submit(entries)
        self._lines = []

    def _submit(self, entries: list[Entry]) -> None:
        if entries:
            submit_several(session=self.session, entries=entries, now=entries[-1].now)

    def drop(self) -> None:
        """Forget what was written down and not carried out."""
        self._lines = []

    def _entry(self, now: datetime, command: str, by: str, second: str, data: Mapping[str, Any]) -> Entry:
        cast = self.story.cast
        kept = {name: value for name, value in data.items() if value != ""}
        entered_at = max(now, self._kept_at or now)
        return Entry(
            command,
            cast[by or self.nurse],
            entered_at,
            kept,
            occurred_at=now if now < entered_at and command in OBSERVED else None,
            second=cast[second] if second else None,
        )

    def _weigh(self, now: datetime) -> None:
        nurse, patient = self.story.cast[self.nurse], self.story.patient
        people.record_history(patient=patient, facts={"scales.phq9.total": self.phq9}, by=nurse, now=now)
        weight = self.story.person.weight_kg
        people.record_measurement(patient=patient, kind="weight", value=weight, observed_at=now, by=nurse, now=now)

    def _open(self, now: datetime) -> None:
        story = self.story
        booked = self.find_visit() if self.find_visit is not None else None
        if booked is not None:
            self.session = story.start_booked(booked, now, by=story.cast["prescriber"])
        else:
            self.session = open_session(
                patient=story.patient,
                plan=story.plan,
                site=story.site,
                place=self.place,
                by=story.cast[self.nurse],
                now=now,
            )
        if story.consent is not None:
            confirm_consent(consent=story.consent, by=story.cast[self.nurse], now=now)

    def _assign(self, now: datetime) -> list[Entry]:
        nurse = {"nurse": self.story.cast[self.nurse].pk}
        return [self._entry(now, "assign-nurse", "", "", nurse)]

    def _record_checks(self, now: datetime, solids_h: str) -> list[Entry]:
        entries = []
        fasting = {"solids_h": solids_h, "solids_kind": "light", "fluids_h": "3"}
        for check in self.protocol.checks:
            if check.kind in ("confirm", "escort", "fasting"):
                data: dict[str, Any] = {"check": check.id, "passed": True}
                data |= fasting if check.kind == "fasting" else {}
                entries.append(self._entry(now, "record-check", "", "", data))
        return entries

    def _order(self, now: datetime) -> list[Entry]:
        plan = self.story.plan
        data: dict[str, Any] = {"rescue": ["Ondansetron 4 mg IV once for nausea"]}
        if self.protocol.pattern is Pattern.DEVICES:
            data["devices"] = int(plan.dose_mg / self._device_mg)
        else:
            data["dose_mg_per_kg"] = f"{plan.dose_mg_per_kg.normalize():f}"
            data |= {"cap_mg": f"{plan.cap_mg.normalize():f}"} if plan.cap_mg is not None else {}
            data |= {"duration_min": f"{plan.over_min.normalize():f}"} if plan.over_min is not None else {}
        return [self._entry(now, "sign-order", "prescriber", "", data)]

    def _prepare(self, now: datetime) -> list[Entry]:
        if self.protocol.pattern is Pattern.DEVICES:
            return []
        drawn = (self.ordered_mg / VIAL_MG_PER_ML).quantize(Decimal("0.01"))
        data = {"vial_mg_per_ml": "50", "lot": "DEMO-0417", "drawn_ml": str(drawn), "expires_on": "2031-08-31"}
        if self.protocol.pattern is Pattern.INFUSION:
            data |= {"diluent_ml": "100", "line_ml": "1.5"}
        return [self._entry(now, "record-preparation", "", "", data)]

    def _sign_time_out(self, now: datetime) -> list[Entry]:
        second = "nurse2" if self.nurse != "nurse2" else "nurse"
        needed = second if int(self.protocol.setting("time_out.signers")) > 1 else ""
        return [self._entry(now, "sign-time-out", "", needed, {"confirmed": list(READ_ALOUD)})]

    def _start(self, now: datetime) -> list[Entry]:
        if self.protocol.pattern is Pattern.INFUSION:
            return [self._entry(now, "start", "", "", {})]
        if self.protocol.pattern is Pattern.INJECTION:
            data = {"dose_mg": str(self.ordered_mg), "site": "left-deltoid", "lot": "DEMO-0417"}
            return [self._entry(now, "give-injection", "", "", data)]
        return self.give_device(1, now)

    def give_device(self, number: int, now: datetime) -> list[Entry]:
        """Write down one device."""
        data = {"number": number, "lot": "DEMO-SP77", "outcome": "given"}
        return [self._entry(now, "give-device", "", "", data)]

    def _reconcile(self, now: datetime) -> list[Entry]:
        is_spray = self.protocol.pattern is Pattern.DEVICES
        known = find_known(load_state(self.session), self.protocol, now, in_devices=is_spray)
        given = (known.given or Decimal(0)).quantize(Decimal(1) if is_spray else Decimal("0.1"))
        prepared = max(known.used if is_spray else known.drawn or Decimal(0), given)
        data: dict[str, Any] = {"prepared": prepared, "given": given, "returned": 0, "wasted": prepared - given}
        if is_spray:
            data = {f"{name}_devices": int(each) for name, each in data.items()}
        else:
            data = {f"{name}_mg": str(each) for name, each in data.items()} | {"left_in_line_mg": "0"}
        second = "nurse2" if self.nurse != "nurse2" else "nurse"
        return [self._entry(now, "record-reconciliation", "", second, data)]

    @property
    def protocol(self) -> Protocol:
        """Return the protocol that the plan froze."""
        if self._protocol is None:
            self._protocol = load_signed_protocol(self.story.plan)
        return self._protocol

    @property
    def _device_mg(self) -> Decimal:
        return Decimal(str(self.protocol.doses["device_mg"].value))

    @property
    def ordered_mg(self) -> Decimal:
        """Return what the session's order comes to, by the plan and today's weight."""
        plan = self.story.plan
        if self.protocol.pattern is Pattern.DEVICES:
            return Decimal(plan.dose_mg).quantize(Decimal("0.1"))
        mg = plan.dose_mg_per_kg * Decimal(self.story.person.weight_kg)
        mg = min(mg, plan.cap_mg) if plan.cap_mg is not None else mg
        return Decimal(mg).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)


def play_infusion(visit: Visit, peaks: tuple[int, ...] = (134, 141, 146), cadss6: int = 4) -> None:
    """Play a whole infusion visit: forty minutes of dose, an hour of recovery, discharge."""
    visit.get_ready()
    visit.start()
    for index, systolic in enumerate(peaks, start=1):
        visit.vitals(24 + 10 * index, systolic, 84)
        visit.scales(24 + 10 * index, cadss6)
    visit.do(64, "record-complete", pump_ml="100.5")
    for index, systolic in enumerate((138, 132, 128, 126, 124), start=1):
        visit.vitals(64 + 15 * index, systolic, 80)
    visit.scales(94, 2)
    visit.scales(124, 0)
    visit.discharge(141)


def play_injection(visit: Visit) -> None:
    """Play a whole injection visit."""
    visit.get_ready()
    visit.start()
    for minute, systolic in ((10, 138), (20, 144), (30, 140), (40, 134), (50, 130), (60, 128)):
        visit.vitals(24 + minute, systolic, 82)
    for minute, total in ((20, 9), (40, 5), (60, 1)):
        visit.scales(24 + minute, total)
    for minute, systolic in ((75, 126), (90, 124)):
        visit.vitals(24 + minute, systolic, 80)
    visit.scales(114, 0)
    visit.discharge(116)


def play_spray(visit: Visit, devices: int = 2) -> None:
    """Play a whole esketamine visit: devices five minutes apart, two hours after the last one, discharge."""
    visit.get_ready()
    give_spray(visit, devices)
    last = 24 + 5 * (devices - 1)
    for minute in range(15, 135, 15):
        visit.do(24 + minute, "record-vitals", spo2=98, resp_rate=14, moaas=5, origin="monitor")
    for minute, systolic, diastolic in ((40, 142, 88), (90, 132, 82), (115, 128, 80), (121, 126, 78)):
        visit.vitals(last + minute, systolic, diastolic)
    for minute, total in ((40, 8), (100, 1)):
        visit.scales(last + minute, total)
    visit.discharge(last + 122)


def give_spray(visit: Visit, devices: int) -> None:
    """Give the devices, five minutes apart."""
    visit.start()
    for number in range(2, devices + 1):
        visit.add(24 + 5 * (number - 1), partial(visit.give_device, number))
