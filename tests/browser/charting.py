"""The way of one person from the front desk to a signed order, through the pages and by the roles that would do it."""

from dataclasses import dataclass

from playwright.sync_api import expect

from tests.browser.people import Person

HISTORY_NO = (
    "aneurysm",
    "arteriovenous_malformation",
    "intracerebral_haemorrhage",
    "pressure_hazard",
    "cardiovascular_event",
    "cardiovascular_risk",
    "unstable_cardiovascular",
    "significant_respiratory",
    "psychosis",
    "mania",
    "ketamine_misuse",
    "liver_risk",
    "raised_intracranial_pressure",
    "raised_intraocular_pressure",
    "uncontrolled_seizures",
    "untreated_hyperthyroidism",
    "urinary_symptoms",
    "ketamine_bladder_injury",
    "dementia_or_delirium",
    "porphyria",
    "recurrent_dissociation",
)
TRIALS = (
    {"drug": "Escitalopram", "drug_class": "SSRI", "dose_mg": "20", "weeks": "11", "outcome": "none"},
    {"drug": "Venlafaxine", "drug_class": "SNRI", "dose_mg": "225", "weeks": "15", "outcome": "none"},
)
TOPICS = ["goals", "benefits", "risks", "alternatives", "off-label", "expectations"]


@dataclass
class Case:
    """Who comes, and for what."""

    family_name: str
    given_name: str
    protocol: str
    consent: str
    weight_kg: str
    escort: str = "Sample, Fern"
    pressure: tuple[str, str] = ("124", "78")
    chart: str = ""

    @property
    def full_name(self) -> str:
        """Return the name as the person types it."""
        return f"{self.given_name} {self.family_name}"


def register(desk: Person, case: Case, *, has_escort: bool = True) -> None:
    """Register the person and their escort at the front desk."""
    desk.go("/patients/register/")
    names = {"family_name": case.family_name, "given_name": case.given_name}
    desk.fill({**names, "birth_on": "1986-03-14", "sex": "male", "can_become_pregnant": "no"})
    desk.press("Register")
    case.chart = desk.page.url.removeprefix(desk.url).removesuffix("identity/")
    if not has_escort:
        return
    desk.fill({"name": case.escort, "phone": "555-0142"}, prefix="escort-")
    desk.press("Add escort")


def write_history(nurse: Person, case: Case) -> None:
    """Ask and record the facts of the chart; nothing is taken for granted."""
    answers: dict[str, dict[str, object]] = {
        "history": {f"history.{name}": "no" for name in HISTORY_NO}
        | {"history.bipolar": "none", "history.substance_use_disorder": "none", "history.child_pugh": "none"},
        "person": {
            "person.pregnant": "no",
            "person.breastfeeding": "no",
            "person.has_escort": "yes",
            "person.has_capacity": "yes",
        },
        "examination": {"bp.is_symptomatic": "no", "airway.mallampati": "1"},
        "work-up": {
            "workup.has_diagnosis": "yes",
            "workup.has_mental_state_exam": "yes",
            "workup.has_suicide_risk_assessment": "yes",
            "workup.has_physical_exam": "yes",
        },
        "labs": {
            "labs.ecg.result": "normal",
            "labs.urine_drug_screen.result": "expected",
            "labs.urinalysis.result": "normal",
            "labs.pdmp.result": "expected",
            "labs.alt.value": "24",
            "labs.alt.upper_limit": "40",
            "labs.ast.value": "21",
            "labs.ast.upper_limit": "40",
        },
        "scales": {
            "scales.phq9.total": "21",
            "scales.phq9.item9": "0",
            "scales.gad7.total": "14",
            "scales.stop_bang.total": "1",
            "scales.audit_c.total": "2",
            "scales.dast10.total": "0",
            "scales.luts.total": "2",
        },
        "suicide": {"suicide.ideation": "0", "suicide.behaviour": "none"},
    }
    for group, values in answers.items():
        nurse.go(f"{case.chart}history/facts/{group}/")
        nurse.fill(values)
        nurse.press("Store")


def write_entries(nurse: Person, case: Case) -> None:
    """Record no allergy, a medicine, two trials, and what was measured today."""
    nurse.go(f"{case.chart}history/")
    nurse.press("None, asked today", nurse.page.locator('form[action$="/history/none/allergy/"]'))
    nurse.go(f"{case.chart}history/add/medication/")
    nurse.fill({"name": "Sertraline", "dose_text": "150 mg daily"})
    nurse.press("Store")
    for trial in TRIALS:
        nurse.go(f"{case.chart}history/add/trial/")
        nurse.fill({**trial, "is_current_episode": "yes"})
        nurse.press("Store")
    systolic, diastolic = case.pressure
    measured = (
        {"kind": "weight", "value": case.weight_kg},
        {"kind": "height", "value": "176"},
        {"kind": "blood-pressure", "value": systolic, "second_value": diastolic},
        {"kind": "heart-rate", "value": "70"},
        {"kind": "spo2", "value": "98"},
        {"kind": "respiratory-rate", "value": "14"},
        {"kind": "temperature", "value": "36.7"},
    )
    for values in measured:
        nurse.go(f"{case.chart}history/add/measurement/")
        nurse.fill({**values, "observed_at": read_minute(nurse)})
        nurse.press("Store")


def screen(prescriber: Person, case: Case) -> None:
    """Run the rules, answer every caution with a plan, decide eligible."""
    page = prescriber.go(f"{case.chart}screening/")
    prescriber.fill({"protocol_id": case.protocol, "indication": "trd"})
    prescriber.press("Screen the chart as it stands")
    while (opener := page.get_by_text("Accept, with plan")).count():
        opener.first.click()
        form = page.locator("details[open] form")
        form.locator("textarea").fill("Talked through; watched for at each session.")
        prescriber.press("Accept this caution", form)
    assert page.locator("#group-stop").count() == 0, page.locator("main").inner_text()
    assert page.locator("#group-missing").count() == 0, page.locator("main").inner_text()
    eligible = page.locator('button[name="act"][value="eligible"]')
    with page.expect_navigation():
        eligible.click()
    expect(page.locator("[role=status]:not([data-help-sent])")).to_contain_text("Decided")


def consent(prescriber: Person, nurse: Person, case: Case) -> None:
    """Hold the talk, then let the person sign before a witness."""
    prescriber.go(f"{case.chart}consents/")
    talk = {"topics": TOPICS, "goals": "To work again", "has_capacity": "yes", "held_at": read_minute(prescriber)}
    prescriber.fill(talk, prefix="talk-")
    prescriber.press("Store the talk")
    page = nurse.go(f"{case.chart}consents/")
    option = page.locator('[name="sign-text"] option', has_text=case.consent).first
    nurse.fill(
        {
            "text": option.get_attribute("value"),
            "typed_name": case.full_name,
            "identifiers": ["name", "birth-date"],
            "secret": nurse.password,
        },
        prefix="sign-",
    )
    nurse.press("Sign with the typed name")
    expect(page.locator("main")).to_contain_text("The consent is signed")


def plan(prescriber: Person, case: Case) -> None:
    """Draft the plan with the protocol's values and sign it."""
    page = prescriber.go(f"{case.chart}plan/")
    prescriber.fill({"protocol_id": case.protocol, "indication": "trd"})
    prescriber.press("Draft with the protocol's values")
    prescriber.fill({"sign-secret": prescriber.password})
    with page.expect_navigation():
        page.locator('button[name="act"][value="sign"]').click()
    assert page.locator("#problems").count() == 0, page.locator("#problems").inner_text()
    expect(page.locator("main")).to_contain_text("A signed plan is never edited")


def order(prescriber: Person, nurse: Person, case: Case, place: str, **supply: str) -> str:
    """Weigh, sign today's order, open the session; return its address."""
    nurse.go(f"{case.chart}order/")
    nurse.fill({"weight_kg": case.weight_kg})
    nurse.press("Store today's weight")
    page = prescriber.go(f"{case.chart}order/")
    prescriber.fill({**supply, "rescue": "Ondansetron 4 mg IV once for nausea", "sign-secret": prescriber.password})
    prescriber.press("Sign today's order")
    expect(page.locator("main")).to_contain_text("Signed: today's order")
    page = nurse.go(f"{case.chart}order/")
    nurse.fill({"place": place})
    with page.expect_navigation():
        page.locator('button[name="act"][value="open-session"]').click()
    page.wait_for_selector("[data-session]")
    return page.url.removeprefix(nurse.url)


def read_minute(person: Person) -> str:
    """Return the clinic's minute as a date-and-time field takes it: the clock of the page head, on its day."""
    page = person.page
    instant = page.locator("[data-clock]").get_attribute("data-clock")
    zone = page.locator("[data-clock]").get_attribute("data-zone")
    script = """([at, zone]) => {
      const day = new Intl.DateTimeFormat('sv-SE', {timeZone: zone, dateStyle: 'short', timeStyle: 'short'});
      return day.format(new Date(at)).replace(' ', 'T');
    }"""
    return str(page.evaluate(script, [instant, zone]))


def enrol(nurse: Person) -> None:
    """Answer the questions of the programme on the page of the course: yes to each."""
    place = nurse.page.locator("main")
    for name in place.locator('input[type=radio][value=yes][name^="rems."]').evaluate_all(
        "all => all.map(i => i.name)"
    ):
        place.locator(f'[name="{name}"][value="yes"]').check()
    nurse.press("Store")
