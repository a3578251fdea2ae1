"""The invented patients of the demonstration and what becomes of them; every name says that nobody is meant."""

from collections.abc import Callable
from datetime import date, datetime

from afterglow.clinic.consents import actions as consents
from afterglow.clinic.demo.story import Person, Story
from afterglow.clinic.demo.visits import Visit, give_spray, play_infusion, play_injection, play_spray
from afterglow.clinic.people import actions as people

Teller = Callable[[Callable[[Person], Story]], Story]
# eight places, as the floor board draws them
ROOMS = ("Room 1", "Room 2", "Room 3", "Room 4", "Chair 5", "Chair 6", "Chair 7", "Chair 8")


def tell_rowan(begin: Callable[[Person], Story]) -> Story:
    """Two infusions, discharged each time; response."""
    story = begin(Person("Sample", "Rowan", date(1990, 6, 2), "iv-racemic", "65.0", escort="Sample, Fern"))
    story.prepare(40)
    for days, phq9 in ((33, 19), (26, 12)):
        play_infusion(Visit(story, story.ago(days), place=ROOMS[0], phq9=phq9))
    return story


def tell_hazel(begin: Callable[[Person], Story]) -> Story:
    """An injection, discharged."""
    story = begin(
        Person(
            "Mock",
            "Hazel",
            date(1978, 11, 20),
            "im-racemic",
            "80.0",
            escort="Mock, Teasel",
            text="ketamine-injection",
            sex="male",
        )
    )
    story.prepare(20)
    play_injection(Visit(story, story.ago(12), place=ROOMS[2]))
    return story


def tell_linden(begin: Callable[[Person], Story]) -> Story:
    """Esketamine under the US label, observed now."""
    story = begin(
        Person(
            "Example",
            "Linden",
            date(1969, 1, 14),
            "nasal-esketamine-us",
            "77.0",
            pronouns="he/him",
            sex="male",
            escort="Example, Clover",
            text="esketamine-spray-us",
        )
    )
    story.prepare(14)
    play_spray(Visit(story, story.ago(5), place=ROOMS[2], phq9=16))
    return story


def tell_alder(begin: Callable[[Person], Story]) -> Story:
    """An infusion under way, its pressure past the limit a minute ago, after a long course."""
    story = begin(
        Person(
            "Demo",
            "Alder",
            date(1983, 4, 12),
            "iv-racemic",
            "72.0",
            pronouns="they/them",
            sex="other",
            escort="Demo, Ivy",
            allergies=(("Penicillin", "rash, 2009"),),
            medicines=(
                ("Sertraline", "150 mg daily"),
                ("Lisinopril", "10 mg daily"),
                ("Clonazepam", "0.5 mg as needed"),
            ),
            preferences=("Eye mask, quiet room, no music", "Ondansetron before the start helped"),
            phq9=22,
        )
    )
    story.prepare(150)
    for days, phq9, peak in ((140, 21, 138), (33, 4, 156)):
        play_infusion(Visit(story, story.ago(days), place=ROOMS[1], phq9=phq9), peaks=(134, 146, peak), cadss6=6)
    for days, total in ((135, 17), (128, 13), (110, 9), (90, 8), (75, 4), (45, 7), (5, 6)):
        story.score(days, "scales.phq9.total", total)
    for days, total in ((128, 11), (75, 6), (5, 5)):
        story.score(days, "scales.gad7.total", total)
    story.agree(32)
    return story


def tell_juniper(begin: Callable[[Person], Story]) -> Story:
    """Esketamine under the EU label, discharged."""
    story = begin(
        Person(
            "Placeholder",
            "Juniper",
            date(1995, 9, 9),
            "nasal-esketamine-eu",
            "58.0",
            can_become_pregnant=True,
            escort="Placeholder, Sage",
            text="esketamine-spray-eu",
        )
    )
    story.prepare(10)
    play_spray(Visit(story, story.ago(3), place=ROOMS[3], phq9=17))
    return story


def tell_olive(begin: Callable[[Person], Story]) -> Story:
    """Esketamine under the EU label from 65 years: one device to begin with."""
    story = begin(
        Person(
            "Test",
            "Olive",
            date(1954, 3, 30),
            "nasal-esketamine-eu",
            "69.0",
            escort="Test, Basil",
            text="esketamine-spray-eu",
        )
    )
    story.prepare(9)
    play_spray(Visit(story, story.ago(2), place=ROOMS[3], phq9=20), devices=1)
    return story


def tell_aspen(begin: Callable[[Person], Story]) -> Story:
    """An infusion after which the person left against advice."""
    story = begin(Person("Sample", "Aspen", date(1987, 7, 7), "iv-racemic", "70.0", escort="Sample, Heather"))
    story.prepare(25)
    visit = Visit(story, story.ago(18), place=ROOMS[0])
    visit.get_ready()
    visit.start()
    visit.vitals(34, 138, 84)
    visit.scales(34, 4)
    visit.vitals(44, 142, 86)
    visit.scales(44, 5)
    visit.vitals(54, 140, 84)
    visit.do(64, "record-complete", pump_ml="100.5")
    visit.vitals(79, 136, 82)
    visit.do(
        84,
        "record-ending",
        kind="left-against-advice",
        last_vitals="136/82, pulse 68, 5 minutes before",
        told="Prescriber told at once; escort reached by telephone",
        drug_reconciled=True,
        note="Did not want to wait; walked unaided, oriented.",
    )
    visit.finish(90)
    return story


def tell_cedar(begin: Callable[[Person], Story]) -> Story:
    """Esketamine, and the person was gone."""
    story = begin(
        Person(
            "Mock",
            "Cedar",
            date(1992, 2, 29),
            "nasal-esketamine-us",
            "83.0",
            sex="male",
            escort="Mock, Thistle",
            text="esketamine-spray-us",
        )
    )
    story.prepare(22)
    visit = Visit(story, story.ago(15), place=ROOMS[2])
    visit.get_ready()
    give_spray(visit, 2)
    visit.do(39, "record-vitals", spo2=98, resp_rate=14, moaas=5, origin="monitor")
    visit.do(
        52,
        "record-ending",
        kind="eloped",
        last_vitals="SpO2 98 %, respiration 14, 13 minutes before",
        told="Prescriber, escort; welfare check asked for",
        drug_reconciled=True,
    )
    visit.finish(60)
    return story


def tell_maple(begin: Callable[[Person], Story]) -> Story:
    """An injection, chest pain, an ambulance."""
    story = begin(
        Person(
            "Demo",
            "Maple",
            date(1971, 12, 1),
            "im-racemic",
            "88.0",
            sex="male",
            escort="Demo, Yarrow",
            text="ketamine-injection",
        )
    )
    story.prepare(30)
    visit = Visit(story, story.ago(21), place=ROOMS[2])
    visit.get_ready((132, 82))
    visit.start()
    visit.vitals(34, 158, 94, heart_rate=98)
    visit.do(36, "record-symptom", kind="chest-pain", level="severe")
    visit.vitals(37, 172, 98, heart_rate=112, spo2=95)
    visit.do(38, "record-adverse-event", kind="Chest pain", severity="severe", serious=True)
    visit.do(
        52,
        "record-ending",
        kind="transferred",
        to="Demonstration General Hospital, by ambulance",
        last_vitals="164/96, pulse 104, SpO2 96 %",
        told="Prescriber present; escort told",
        drug_reconciled=True,
    )
    visit.finish(58)
    return story


def tell_birch(begin: Callable[[Person], Story]) -> Story:
    """An infusion stopped at a collapse; the person died."""
    story = begin(Person("Example", "Birch", date(1959, 5, 5), "iv-racemic", "74.0", escort="Example, Moss"))
    story.prepare(70)
    visit = Visit(story, story.ago(63), place=ROOMS[0])
    visit.get_ready()
    visit.start()
    visit.vitals(34, 136, 84)
    visit.scales(34, 3)
    visit.do(45, "record-stop", pump_ml="52", reason="Collapse, no pulse; resuscitation begun, ambulance called")
    visit.do(46, "record-adverse-event", kind="Cardiac arrest", severity="severe", serious=True)
    visit.do(
        88,
        "record-ending",
        kind="died",
        last_vitals="No pulse from minute 21 of the infusion; resuscitation 43 minutes",
        told="Prescriber, medical director, family; authority informed",
        drug_reconciled=True,
    )
    visit.finish(120)
    return story


def tell_laurel(begin: Callable[[Person], Story]) -> Story:
    """A session cancelled before the dose for its pressure."""
    story = begin(Person("Placeholder", "Laurel", date(1980, 10, 17), "iv-racemic", "91.0", escort="Placeholder, Reed"))
    story.prepare(16)
    visit = Visit(story, story.ago(8), place=ROOMS[0])
    visit.check_in()
    visit.vitals(14, 166, 98)
    visit.vitals(24, 164, 96)
    visit.do(28, "cancel-session", reason="Pressure 164/96 twice before the dose; general practitioner asked to treat")
    return story


def tell_myrtle(begin: Callable[[Person], Story]) -> Story:
    """One session, then the consent was withdrawn."""
    story = begin(Person("Sample", "Myrtle", date(1999, 8, 8), "iv-racemic", "54.0", escort="Sample, Bracken"))
    story.prepare(19)
    play_infusion(Visit(story, story.ago(11), place=ROOMS[0], phq9=20))
    story.at(
        story.ago(6),
        lambda now: consents.withdraw_consent(
            consent=story.consent,
            reason="Found the experience frightening; wants to try talking therapy first",
            by=story.cast["nurse"],
            now=now,
        ),
    )
    return story


def tell_willow(begin: Callable[[Person], Story]) -> Story:
    """Not yet eligible: a pressure that stops, cautions, and answers that are missing."""
    story = begin(
        Person(
            "Mock",
            "Willow",
            date(1975, 2, 3),
            "iv-racemic",
            "94.0",
            height_cm=163,
            escort="Mock, Bramble",
            medicines=(("Sertraline", "100 mg daily"), ("Lorazepam", "1 mg nightly")),
            blood_pressure=(168, 102),
            history={
                "airway.mallampati": 2,
                "history.cardiovascular_risk": True,
                "labs.ecg.result": "",
                "scales.luts.total": "",
                "scales.stop_bang.total": 5,
                "suicide.ideation": 2,
            },
        )
    )
    story.arrive_at_clinic(9)
    story.at(story.ago(0, -62), lambda now: _measure_pressure(story, now, 168, 102))
    story.at(story.ago(0, -57), lambda now: _measure_pressure(story, now, 166, 101))
    story.at(story.ago(0, -52), lambda now: _measure_pressure(story, now, 168, 102))
    story.at(story.ago(0, -40), story.run_screening)
    story.at(story.ago(0, -31), lambda now: _accept_body_mass(story, now))
    return story


def tell_oleander(begin: Callable[[Person], Story]) -> Story:
    """Eligible, with a draft that waits for a signature."""
    story = begin(
        Person(
            "Demo",
            "Oleander",
            date(1985, 1, 25),
            "im-racemic",
            "63.0",
            can_become_pregnant=True,
            escort="Demo, Nettle",
            text="ketamine-injection",
        )
    )
    story.arrive_at_clinic(6)
    story.screen(5)
    story.agree(4)
    story.draft_only(3)
    return story


def tell_sorrel(begin: Callable[[Person], Story]) -> Story:
    """Registered today, nothing asked yet."""
    story = begin(Person("Example", "Sorrel", date(2001, 4, 1), "iv-racemic", "60.0"))
    story.at(story.ago(0, -130), story.register)
    return story


def _measure_pressure(story: Story, now: datetime, systolic: int, diastolic: int) -> None:
    people.record_measurement(
        patient=story.patient,
        kind="blood-pressure",
        value=systolic,
        second_value=diastolic,
        observed_at=now,
        by=story.cast["nurse"],
        now=now,
    )


def _accept_body_mass(story: Story, now: datetime) -> None:
    from afterglow.clinic.screening.actions import accept_caution

    if any(item["rule"] == "C-25" and item["severity"] == "caution" for item in story.run.findings):
        words = "Airway looked at: Mallampati 2; head raised, oxygen at hand."
        accept_caution(run=story.run, rule="C-25", mitigation=words, by=story.cast["prescriber"], now=now)


STORIES: tuple[Teller, ...] = (
    tell_rowan,
    tell_hazel,
    tell_linden,
    tell_alder,
    tell_juniper,
    tell_olive,
    tell_aspen,
    tell_cedar,
    tell_maple,
    tell_birch,
    tell_laurel,
    tell_myrtle,
    tell_willow,
    tell_oleander,
    tell_sorrel,
)
