"""The queue of referrals: one of each stage and urgency, a crisis, and one who may be somebody on file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from afterglow.clinic.audit.heads import gather_links
from afterglow.clinic.demo.cast import Cast
from afterglow.clinic.demo.clock import SimulatedClock
from afterglow.clinic.people.checks import get_local_date
from afterglow.clinic.referrals import actions as referrals
from afterglow.clinic.referrals.models import Referral

FORM, FAX = "public-form", "fax"
TOOK_TWO = {
    "trial_1_drug": "Sertraline",
    "trial_1_dose_mg": "150",
    "trial_1_weeks": "10",
    "trial_1_outcome": "none",
    "trial_2_drug": "Venlafaxine",
    "trial_2_dose_mg": "225",
    "trial_2_weeks": "12",
    "trial_2_outcome": "partial",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """One referral: how long ago, by which way, from whom, and what became of it."""

    family: str
    given: str
    birth_on: str
    hours: float
    source: str
    asks: str
    stage: str = "open"
    answers: Mapping[str, str] = field(default_factory=dict)


SENT: tuple[Sent, ...] = (
    Sent("Demo", "Foxglove", "1991-03-14", 0.6, FORM, "Ketamine for depression", "open",
         {"crisis_thoughts": "yes", "crisis_today": "yes", "phone": "555-0181"}),
    Sent("Mock", "Primrose", "1986-08-02", 20, FAX, "Esketamine, suicidal thoughts last month", "taken",
         {"crisis_thoughts": "yes", "indication": "mdd-si", **TOOK_TWO}),
    Sent("Sample", "Jasmin", "1988-09-18", 26, FORM, "Ketamine again", "open", {"phone": "555-0117"}),
    Sent("Example", "Cowslip", "1979-11-30", 30, FAX, "Infusions for treatment-resistant depression", "waiting",
         TOOK_TWO),
    Sent("Placeholder", "Bluebell", "1995-01-21", 50, FORM, "Is this something for me?", "open",
         {"wished_way": "unsure", "phone": "555-0133"}),
    Sent("Test", "Hornbeam", "1968-06-09", 72, FAX, "Chronic pain, CRPS", "paused", {"indication": "chronic-pain"}),
    Sent("Dummy", "Hemlock", "1974-02-11", 96, FAX, "Ketamine for depression", "declined",
         {"psychosis": "yes", **TOOK_TWO}),
    Sent("Specimen", "Rosemary", "1983-09-25", 70, FAX, "Treatment-resistant depression", "accepted", TOOK_TWO),
)  # fmt: skip


def fill_queue(cast: Cast, clock: SimulatedClock) -> None:
    """Receive every referral and bring it to its stage, each in a transaction of its own."""
    for sent in SENT:
        with gather_links():
            _receive(sent, cast, clock)


def add_to_queue(cast: Cast, clock: SimulatedClock) -> None:
    """Receive some more, each another invented person, as on the days after the first."""
    count = Referral.objects.filter(site=clock.site).count()
    for number, (hours, source, asks, stage) in enumerate(ON_LATER_DAYS, start=count):
        round_, place = divmod(number, len(GIVEN))
        birth_on = f"{1958 + number * 7 % 45}-{1 + number % 12:02d}-{1 + number % 27:02d}"
        family = FAMILIES[(round_ + place) % len(FAMILIES)]
        with gather_links():
            _receive(Sent(family, GIVEN[place], birth_on, hours, source, asks, stage, TOOK_TWO), cast, clock)


# who wrote since the day before: hours ago, by which way, asking what, and where it stands
ON_LATER_DAYS = (
    (21.0, FAX, "Infusions for treatment-resistant depression", "taken"),
    (9.0, FORM, "Has nothing helped so far; is this something for me?", "open"),
    (2.0, FAX, "Esketamine after two antidepressants", "open"),
)
FAMILIES = ("Demo", "Mock", "Sample", "Example", "Placeholder", "Test", "Dummy", "Specimen")
GIVEN = (
    "Marjoram", "Celandine", "Anise", "Juneberry", "Quince", "Sorbus", "Plumbago", "Catmint", "Gentian", "Medlar",
    "Speedwell", "Larkspur", "Samphire",
)  # fmt: skip


def _receive(sent: Sent, cast: Cast, clock: SimulatedClock) -> None:
    at = clock.check(clock.now - timedelta(hours=sent.hours))
    answers = {
        "family_name": sent.family,
        "given_name": sent.given,
        "birth_on": sent.birth_on,
        "phone": "555-0100",
        "may_call": "yes",
        "asks": sent.asks,
        **sent.answers,
    }
    if sent.source == FORM:
        key = f"demonstration-{sent.family.lower()}-{sent.given.lower()}"
        row = referrals.receive_public_intake(site=clock.site, answers=answers, now=at, source_key=key)
    else:
        row = referrals.receive_referral(
            site=clock.site,
            answers=answers,
            source=FAX,
            sent_by="family-doctor",
            referrer="Dr. E. Placeholder",
            by=cast["frontdesk"],
            now=at,
        )
    _bring_on(row, sent.stage, cast, clock)


def _bring_on(row: Any, stage: str, cast: Cast, clock: SimulatedClock) -> None:
    later = clock.check(row.received_at + timedelta(minutes=30)) if stage != "open" else clock.now
    asked: dict[str, Any] = {"referral": row, "now": later}
    if stage == "taken":
        referrals.take(by=cast["nurse3"], **asked)
    elif stage == "waiting":
        words = "Please send the last ECG and the doses of both medicines."
        referrals.ask_for(items=(), whom="doctor", text=words, is_first=True, by=cast["nurse"], **asked)
    elif stage == "paused":
        until = get_local_date(clock.site, clock.now) + timedelta(days=21)
        referrals.pause(until=until, reason="In hospital for a planned operation", by=cast["nurse"], **asked)
    elif stage == "declined":
        reason = "A psychotic disorder stands against ketamine."
        other = "Early psychosis service of the county; crisis line 988."
        referrals.decline_referral(reason=reason, other_help=other, by=cast["prescriber"], **asked)
    elif stage == "accepted":
        referrals.accept_referral(by=cast["prescriber"], **asked)
