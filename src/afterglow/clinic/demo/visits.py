"""One dosing visit of a story, played through the session's own commands, minute by minute."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from afterglow.clinic.demo.story import Story
from afterglow.clinic.dosing_sessions.actions import open_session, submit_command
from afterglow.clinic.people import actions as people
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.plans.values import load_signed_protocol
from afterglow.instruments import get_instrument
from afterglow.protocols.model import Pattern, Protocol

READ_ALOUD = ("patient", "drug", "dose", "route", "pump", "allergies")
FINE = {"heart_rate": 68, "spo2": 98, "resp_rate": 14, "moaas": 5, "origin": "cuff"}
# a step of a visit: what to do at an instant
Later = Callable[[datetime], None]


class Visit:
    """A visit that begins at an instant; minutes count from there."""

    def __init__(self, story: Story, begins_at: datetime, *, place: str, phq9: int = 12) -> None:
        """Keep where and when."""
        self.story, self.begins_at, self.place, self.phq9 = story, begins_at, place, phq9
        self.session: Any = None
        self.protocol: Protocol | None = None

    # ---- writing the script ---------------------------------------------------------------------

    def do(self, minute: float, command: str, by: str = "nurse", second: str = "", **data: Any) -> None:
        """Add one command at a minute of the visit."""
        self.add(minute, lambda now: self._submit(now, command, by, second, data))

    def add(self, minute: float, act: Later) -> None:
        """Add any act at a minute of the visit."""
        self.story.at(self.begins_at + timedelta(minutes=minute), act)

    def vitals(self, minute: float, systolic: int, diastolic: int, **changes: Any) -> None:
        """Add a set of vitals."""
        self.do(minute, "record-vitals", **{**FINE, "systolic": systolic, "diastolic": diastolic, **changes})

    def scales(self, minute: float, cadss6: int, nausea: str = "none") -> None:
        """Add dissociation and nausea."""
        self.do(minute, "record-score", scale="cadss6", total=cadss6)
        self.do(minute, "record-symptom", kind="nausea", level=nausea)

    def check_in(self) -> None:
        """Weigh, open, arrive, identify, check, ask, confirm: everything before the order."""
        self.add(0, self._weigh)
        self.add(1, self._open)
        self.do(2, "record-arrival", by="frontdesk-nurse", escort=self.story.person.escort)
        self.do(4, "confirm-identity", identifiers=["name", "birth-date"])
        self.do(5, "record-suicide-screen", level=0, behaviour=False)
        self.do(6, "confirm-consent", agrees=True)
        self.add(6, self._confirm_consent)
        self.add(7, self._record_weight)
        self.add(10, self._record_checks)

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
        aldrete = {item.id: int(item.maximum) for item in get_instrument("aldrete").items}
        self.do(minute, "record-score", scale="aldrete", answers=aldrete)
        self.do(minute, "record-suicide-screen", level=0, behaviour=False)
        for what in ("oriented", "walks-unaided", "escort-present", "instructions-given"):
            self.do(minute + 1, "record-check", check=what, passed=True)
        if self.story.person.protocol.startswith("iv"):
            self.do(minute + 2, "record-access", state="removed")
        self.do(minute + 4, "sign-release", by="prescriber")
        self.do(minute + 6, "record-left", **{"with": self.story.person.escort})
        self.finish(minute + 10)

    def finish(self, minute: float) -> None:
        """Account for the drug and close the record."""
        self.add(minute, self._reconcile)
        self.do(minute + 4, "close-record", by="prescriber")

    # ---- acting it ------------------------------------------------------------------------------

    def _submit(self, now: datetime, command: str, by: str, second: str, data: Mapping[str, Any]) -> None:
        cast = self.story.cast
        submit_command(
            session=self.session,
            type=command,
            data={name: value for name, value in data.items() if value != ""},
            by=cast["nurse" if by == "frontdesk-nurse" else by],
            second=cast[second] if second else None,
            now=now,
        )

    def _weigh(self, now: datetime) -> None:
        people.record_history(
            patient=self.story.patient,
            facts={"scales.phq9.total": self.phq9},
            by=self.story.cast["nurse"],
            now=now,
        )
        people.record_measurement(
            patient=self.story.patient,
            kind="weight",
            value=self.story.person.weight_kg,
            observed_at=now,
            by=self.story.cast["nurse"],
            now=now,
        )

    def _open(self, now: datetime) -> None:
        story = self.story
        self.session = open_session(
            patient=story.patient, plan=story.plan, site=story.site, place=self.place, by=story.cast["nurse"], now=now
        )
        story.session = self.session
        self.protocol = load_signed_protocol(story.plan)

    def _record_weight(self, now: datetime) -> None:
        self._submit(now, "record-weight", "nurse", "", {"weight_kg": self.story.person.weight_kg})

    def _confirm_consent(self, now: datetime) -> None:
        from afterglow.clinic.consents.actions import confirm_consent

        confirm_consent(consent=self.story.consent, by=self.story.cast["nurse"], now=now)

    def _record_checks(self, now: datetime) -> None:
        for check in self._protocol.checks:
            if check.kind in ("confirm", "escort", "fasting"):
                fasting = {"solids_h": "10", "solids_kind": "light", "fluids_h": "3"}
                data: dict[str, Any] = {"check": check.id, "passed": True}
                self._submit(now, "record-check", "nurse", "", data | (fasting if check.kind == "fasting" else {}))

    def _order(self, now: datetime) -> None:
        plans.sign_order(
            plan=self.story.plan,
            session=self.session,
            rescue=["Ondansetron 4 mg IV once for nausea"],
            by=self.story.cast["prescriber"],
            now=now,
        )

    def _prepare(self, now: datetime) -> None:
        if self._protocol.pattern is Pattern.DEVICES:
            return
        drawn = (self._ordered_mg / 50).quantize(Decimal("0.01"))
        data = {"vial_mg_per_ml": "50", "lot": "DEMO-0417", "drawn_ml": str(drawn), "expires_on": "2031-08-31"}
        if self._protocol.pattern is Pattern.INFUSION:
            data |= {"diluent_ml": "100", "line_ml": "1.5"}
        self._submit(now, "record-preparation", "nurse", "", data)

    def _sign_time_out(self, now: datetime) -> None:
        second = "nurse2" if int(self._protocol.setting("time_out.signers")) > 1 else ""
        self._submit(now, "sign-time-out", "nurse", second, {"confirmed": list(READ_ALOUD)})

    def _start(self, now: datetime) -> None:
        if self._protocol.pattern is Pattern.INFUSION:
            self._submit(now, "start", "nurse", "", {})
        elif self._protocol.pattern is Pattern.INJECTION:
            data = {"dose_mg": str(self._ordered_mg), "site": "deltoid-left", "lot": "DEMO-0417"}
            self._submit(now, "give-injection", "nurse", "", data)
        else:
            self.give_device(1, now)

    def give_device(self, number: int, now: datetime) -> None:
        """Give one device."""
        self._submit(now, "give-device", "nurse", "", {"number": number, "lot": "DEMO-SP77", "outcome": "given"})

    def _reconcile(self, now: datetime) -> None:
        prepared = self._ordered_mg
        given = prepared if self.given_mg is None else self.given_mg
        data = {
            "prepared_mg": str(prepared),
            "given_mg": str(given),
            "left_in_line_mg": "0",
            "returned_mg": "0",
            "wasted_mg": str(prepared - given),
        }
        self._submit(now, "record-reconciliation", "nurse", "nurse2", data)

    given_mg: Decimal | None = None

    @property
    def _protocol(self) -> Protocol:
        if self.protocol is None:
            raise RuntimeError("the visit is not open yet")
        return self.protocol

    @property
    def _ordered_mg(self) -> Decimal:
        order = self.story.patient.session_orders.order_by("signed_at").last()
        return Decimal(order.dose_mg).quantize(Decimal("0.1"))


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
