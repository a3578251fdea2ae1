"""A story: what happens to one invented person, step by step, each at its instant; told as one transaction."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.consents import actions as consents
from afterglow.clinic.consents.texts import list_current_texts
from afterglow.clinic.demo import facts
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.dosing_sessions.opening import find_latest_consent
from afterglow.clinic.people import actions as people
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.plans import actions as plans
from afterglow.clinic.scheduling.actions import start_session
from afterglow.clinic.screening import actions as screening
from afterglow.clinicday.booking import load_rules

Act = Callable[[datetime], object]
COVERED = ("goals", "benefits", "risks", "alternatives", "off-label", "expectations")


@dataclass(frozen=True, slots=True)
class Person:
    """Who a story is about, and how it is treated."""

    family_name: str
    given_name: str
    birth_on: date
    protocol: str
    weight_kg: str
    height_cm: int = 170
    pronouns: str = ""
    sex: str = "female"
    can_become_pregnant: bool = False
    escort: str = ""
    text: str = "ketamine-infusion"
    preferences: tuple[str, ...] = ()
    history: Mapping[str, Any] = field(default_factory=dict)
    medicines: tuple[tuple[str, str], ...] = (("Sertraline", "150 mg daily"),)
    allergies: tuple[tuple[str, str], ...] = ()
    blood_pressure: tuple[int, int] = (124, 78)
    phq9: int = 21
    indication: str = "trd"
    problem: tuple[str, str] = ("Recurrent depression, severe", "F33.2")


def list_acceptable() -> tuple[str, ...]:
    """Return the rules of a booking, each of which is accepted where it may be."""
    return (*load_rules(), *(f"LT-{number}" for number in range(1, 14)), "L-FREQ")


class Story:
    """The steps of one person's way; later steps use what earlier ones made."""

    def __init__(self, person: Person, *, cast: Cast, site: Any, clock: SimulatedClock) -> None:
        """Begin without steps."""
        self.person, self.cast, self.site, self.clock = person, cast, site, clock
        self.steps: list[tuple[datetime, Act]] = []
        self.patient: Any = None
        self.plan: Any = None
        self.run: Any = None
        self.consent: Any = None
        self.escort: Any = None
        # the minutes by which this person's hours differ from the hour at which the demonstration is made
        self.shift = 0.0
        self.has_visits = False

    @classmethod
    def take(cls, patient: Any, *, cast: Cast, site: Any, clock: SimulatedClock) -> "Story":
        """Return the story of somebody who has a chart, to be told on from where it stands."""
        plan = patient.plans.filter(state="signed").order_by("signed_at").last()
        weight = patient.measurement_set.filter(kind="weight", ended_at__isnull=True).order_by("observed_at").last()
        escort = patient.escorts.filter(ended_at__isnull=True).order_by("recorded_at").last()
        person = Person(
            patient.family_name,
            patient.given_name,
            patient.birth_on,
            plan.protocol if plan is not None else "",
            f"{weight.value.normalize():f}" if weight is not None else "",
            escort=escort.name if escort is not None else "",
        )
        story = cls(person, cast=cast, site=site, clock=clock)
        story.patient, story.plan, story.escort = patient, plan, escort
        story.consent = find_latest_consent(patient.pk, get_local_date(site, clock.now))
        return story

    def start_booked(self, visit: Any, now: datetime, *, by: Any) -> Any:
        """Open the session of a booked visit, accepting what has come up since, where that may be."""
        accepted = list_acceptable()
        return start_session(appointment=visit, by=by, now=now, accepted=accepted)

    def tell(self) -> None:
        """Carry out the steps in the order of time, all of them in one transaction or none."""
        with gather_links():
            for instant, act in sorted(self.steps, key=lambda step: step[0]):
                self.clock.act(instant, act)
        self.steps = []

    def at(self, instant: datetime, act: Act) -> None:
        """Add a step."""
        self.steps.append((instant, act))

    def ago(self, days: float, minutes: float = 0) -> datetime:
        """Return an instant so many days before the demonstration's now, and so many minutes after that."""
        return self.clock.now - timedelta(days=days) + timedelta(minutes=minutes + (self.shift if days >= 1 else 0))

    # ---- the way to the first session -----------------------------------------------------------

    def arrive_at_clinic(self, days: float) -> None:
        """Register the person and record the chart."""
        self.at(self.ago(days), self.register)
        self.at(self.ago(days, 12), self._record_history)
        self.at(self.ago(days, 25), self._record_medication)
        self.at(self.ago(days, 35), self._measure)
        self.at(self.ago(days, 45), self._record_scales)

    def screen(self, days: float, *, decision: str = "eligible", reason: str = "") -> None:
        """Run the screening, accept its cautions with a plan, decide."""
        self.at(self.ago(days), self.run_screening)
        self.at(self.ago(days, 6), self._accept_cautions)
        if decision:
            self.at(self.ago(days, 15), lambda now: self._decide(now, decision, reason))

    def agree(self, days: float) -> None:
        """Hold the consent talk and sign."""
        self.at(self.ago(days), self._talk)
        self.at(self.ago(days, 12), self._sign_consent)

    def plan_treatment(self, days: float, **values: Any) -> None:
        """Draft and sign a plan."""
        self.at(self.ago(days), lambda now: self._draft(now, values))
        self.at(self.ago(days, 8), self._sign_plan)

    def draft_only(self, days: float, **values: Any) -> None:
        """Draft a plan that nobody has signed yet."""
        self.at(self.ago(days), lambda now: self._draft(now, values))

    def prepare(self, days: float, **values: Any) -> None:
        """Everything from registration to a signed plan, within about a week."""
        self.arrive_at_clinic(days + 7)
        self.screen(days + 6)
        self.agree(days + 5)
        self.plan_treatment(days + 4, **values)

    def score(self, days: float, name: str, total: int) -> None:
        """Record a questionnaire's total."""
        self.at(
            self.ago(days),
            lambda now: people.record_history(
                patient=self.patient, facts={name: total}, by=self.cast["nurse"], now=now
            ),
        )

    # ---- the steps ------------------------------------------------------------------------------

    def register(self, now: datetime) -> None:
        """Register the person with who takes them home."""
        person = self.person
        self.patient = people.register_patient(
            site=self.site,
            family_name=person.family_name,
            given_name=person.given_name,
            pronouns=person.pronouns,
            birth_on=person.birth_on,
            sex=person.sex,
            can_become_pregnant=person.can_become_pregnant,
            by=self.cast["frontdesk"],
            now=now,
        )
        if person.escort:
            self.escort = people.add_escort(
                patient=self.patient, name=person.escort, relation="friend", by=self.cast["frontdesk"], now=now
            )

    def _record_history(self, now: datetime) -> None:
        nurse, chart = self.cast["nurse"], self.patient
        stated = {**facts.HISTORY, **facts.WORK_UP, **(facts.HCG if self.person.can_become_pregnant else {})}
        stated |= self.person.history
        answered = {name: value for name, value in stated.items() if value != ""}
        people.record_history(patient=chart, facts=answered, by=nurse, now=now)
        display, code = self.person.problem
        people.record_problem(patient=chart, display=display, code=code, by=self.cast["prescriber"], now=now)
        for substance, reaction in self.person.allergies:
            people.record_allergy(patient=chart, substance=substance, reaction=reaction, by=nurse, now=now)
        if not self.person.allergies:
            people.record_no_known_allergies(patient=chart, by=nurse, now=now)
        for text in self.person.preferences:
            people.record_preference(patient=chart, text=text, by=nurse, now=now)

    def _record_medication(self, now: datetime) -> None:
        by = self.cast["prescriber"]
        for name, dose in self.person.medicines:
            people.record_medication(
                patient=self.patient,
                name=name,
                dose_text=dose,
                is_as_needed="as needed" in dose,
                last_taken_at=now - timedelta(hours=26),
                by=by,
                now=now,
            )
        if not self.person.medicines:
            people.record_no_medicines(patient=self.patient, by=by, now=now)
        for trial in facts.TRIALS:
            begun, ended = trial["days"]
            given = {name: value for name, value in trial.items() if name != "days"}
            people.record_trial(
                patient=self.patient,
                is_current_episode=True,
                started_on=(now - timedelta(days=begun)).date(),
                stopped_on=(now - timedelta(days=ended)).date(),
                by=by,
                now=now,
                **given,
            )

    def _measure(self, now: datetime) -> None:
        systolic, diastolic = self.person.blood_pressure
        for kind, value, second in (
            ("height", self.person.height_cm, None),
            ("weight", self.person.weight_kg, None),
            ("blood-pressure", systolic, diastolic),
            ("heart-rate", 70, None),
            ("spo2", 98, None),
            ("respiratory-rate", 14, None),
            ("temperature", "36.7", None),
        ):
            people.record_measurement(
                patient=self.patient,
                kind=kind,
                value=value,
                second_value=second,
                observed_at=now,
                by=self.cast["nurse"],
                now=now,
            )

    def _record_scales(self, now: datetime) -> None:
        scales = {**facts.SCALES, "scales.phq9.total": self.person.phq9, "scales.phq9.item9": 0}
        scales |= {name: value for name, value in self.person.history.items() if name in scales}
        answered = {name: value for name, value in scales.items() if value != ""}
        people.record_history(patient=self.patient, facts=answered, by=self.cast["nurse"], now=now)

    def run_screening(self, now: datetime) -> None:
        """Run the screening."""
        self.run = screening.run_screening(
            patient=self.patient,
            protocol_id=self.person.protocol,
            indication=self.person.indication,
            by=self.cast["prescriber"],
            now=now,
        )

    def _accept_cautions(self, now: datetime) -> None:
        cautions = [item["rule"] for item in self.run.findings if item["severity"] == "caution"]
        for rule in dict.fromkeys(cautions):
            words = "Talked through; watched for at each session."
            screening.accept_caution(run=self.run, rule=rule, mitigation=words, by=self.cast["prescriber"], now=now)

    def _decide(self, now: datetime, decision: str, reason: str) -> None:
        screening.decide_screening(run=self.run, decision=decision, reason=reason, by=self.cast["prescriber"], now=now)

    def _talk(self, now: datetime) -> None:
        consents.record_talk(
            patient=self.patient,
            topics=COVERED,
            goals="To get up in the morning and be able to work again.",
            has_capacity=True,
            held_at=now,
            by=self.cast["prescriber"],
            now=now,
        )

    def _sign_consent(self, now: datetime) -> None:
        text = next(item for item in list_current_texts() if item.key == self.person.text)
        self.consent = consents.sign_consent(
            patient=self.patient,
            text=text,
            typed_name=f"{self.person.given_name} {self.person.family_name}",
            identifiers=["name", "birth-date"],
            by=self.cast["nurse"],
            now=now,
        )

    def _draft(self, now: datetime, values: Mapping[str, Any]) -> None:
        by = self.cast["prescriber"]
        self.plan = plans.draft_plan(
            patient=self.patient, protocol_id=self.person.protocol, indication=self.person.indication, by=by, now=now
        )
        if values:
            self.plan = plans.update_draft(plan=self.plan, values=values, by=by, now=now)

    def _sign_plan(self, now: datetime) -> None:
        self.plan = plans.sign_plan(plan=self.plan, by=self.cast["prescriber"], now=now)
