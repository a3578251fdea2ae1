"""Every page of the URL table, populated, empty and with errors: axe in both schemes, reflow, size of targets."""

from collections.abc import Sequence

from playwright.sync_api import expect

from tests.browser import charting
from tests.browser.charting import Case
from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.people import Person
from tests.browser.servers import ClockedClinic, Served
from tests.browser.test_live_link import find_running

CHART = ("", "identity/", "sessions/", "history/", "documents/", "screening/", "consents/", "plan/", "order/")
FORMS = ("history/facts/history/", "history/facts/labs/", "history/facts/scales/", "history/add/trial/")
STAFF = ("/", "/patients/", "/patients/register/", "/protocols/", "/help/", "/downtime/", "/pin/")
ENTRIES = ("allergy", "problem", "medication", "trial", "measurement", "preference")


def judge_all(person: Person, paths: Sequence[str], **options: bool) -> list[str]:
    """Return the faults of several pages."""
    return [fault for path in paths for fault in judge(person.go(path), path[-40:], **options)]


def find_chart(person: Person, name: str) -> str:
    """Return the address of a chart."""
    page = person.go("/patients/")
    return str(page.locator("table th a", has_text=name).first.get_attribute("href"))


def test_pages_of_staff(demo: Served, enter: Enter) -> None:
    director = enter(demo, "medical-director")
    protocol = "/protocols/iv-racemic/"
    assert judge_all(director, [*STAFF, protocol, "/audit/", "/audit/?kind=acts"]) == []
    assert judge(director.search("Alder"), "somebody found") == []
    assert judge(director.search("zzzz"), "nobody found") == []


def test_a_chart_that_is_full(demo: Served, enter: Enter) -> None:
    prescriber = enter(demo, "prescriber")
    chart = find_chart(prescriber, "Alder")
    assert judge_all(prescriber, [chart + path for path in CHART + FORMS]) == []
    page = prescriber.go(chart + "consents/")
    text = page.get_by_role("link", name="Read the text").first.get_attribute("href")
    assert judge_all(prescriber, [str(text)]) == []
    director = enter(demo, "medical-director")
    assert judge_all(director, [chart + "access/"]) == []


def test_a_chart_that_is_empty(clinic: ClockedClinic, enter: Enter) -> None:
    prescriber = enter(clinic, "prescriber")
    case = Case("Blank", "Sorrel", "", "", "")
    charting.register(prescriber, case, has_escort=False)
    assert judge_all(prescriber, [case.chart + path for path in CHART]) == []


def test_forms_with_errors(clinic: ClockedClinic, enter: Enter) -> None:
    prescriber = enter(clinic, "prescriber")
    case = Case("Blunder", "Burdock", "", "", "")
    charting.register(prescriber, case, has_escort=False)
    page, faults = prescriber.page, list[str]()
    posts = [("/patients/register/", "Register"), (case.chart + "consents/", "Store the talk")]
    posts += [(f"{case.chart}history/add/{kind}/", "Store") for kind in ENTRIES]
    posts += [(case.chart + "screening/", "Screen the chart"), (case.chart + "plan/", "Draft with")]
    posts += [(case.chart + "identity/", "Add escort"), ("/pin/", "Set the PIN")]
    for path, words in posts:
        prescriber.go(path)
        with page.expect_navigation():
            page.locator("main").get_by_role("button", name=words).first.click()
        expect(page.locator(".field__error").first).to_be_visible()
        faults += judge(page, f"{path[-30:]} with errors")
    assert faults == []


def test_the_door_and_what_is_not_there(clinic: ClockedClinic, enter: Enter) -> None:
    stranger = enter(clinic, "nobody", signs_in=False)
    page, faults = stranger.page, list[str]()
    page.goto(stranger.url + "/accounts/login/")
    faults += judge(page, "sign-in", is_thorough=True)
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("#problems")).to_be_visible()
    faults += judge(page, "sign-in refused")
    nurse = enter(clinic, "nurse")
    nurse.watched.is_lost = True
    nurse.page.goto(nurse.url + "/patients/aaaaaaaaaaaaaaaaaaaa/")
    faults += judge(nurse.page, "not found")
    nurse.page.goto(nurse.url + "/audit/")
    faults += judge(nurse.page, "not allowed")
    nurse.page.goto(nurse.url + "/patients/")
    with nurse.page.expect_navigation():
        nurse.page.evaluate(LOCK)
    faults += judge(nurse.page, "locked")
    assert faults == []


LOCK = """() => {
  const token = document.querySelector('[name=csrfmiddlewaretoken]').cloneNode();
  const form = Object.assign(document.createElement('form'), {method: 'post', action: '/lock/'});
  form.append(token);
  document.body.append(form);
  form.submit();
}"""


def test_sessions_before_during_and_after(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    faults = judge(nurse.go(find_running(nurse)), "infusion", least_px=44, is_thorough=True)
    faults += judge_sheets(nurse)
    page = nurse.go("/")
    others = [str(card.get_attribute("href")) for card in page.locator(".today__card").all()]
    for session in [item for item in others if item != find_running(nurse)]:
        faults += judge(nurse.go(session), f"session {session[-22:]}", least_px=44)
    chart = find_chart(nurse, "Rowan")
    session = str(nurse.go(chart + "sessions/").locator("table th a").first.get_attribute("href"))
    faults += judge(nurse.go(session), "closed session", least_px=44)
    faults += judge(nurse.go(session + "hand-off/"), "hand-off")
    assert faults == []


def judge_sheets(nurse: Person) -> list[str]:
    """Return the faults of some longer forms while they are open."""
    page, faults = nurse.page, list[str]()
    for sheet in ("record-symptom", "record-drug-given", "record-reconciliation", "correct-entry"):
        page.evaluate("id => document.getElementById(id).showPopover()", f"sheet-{sheet}")
        faults += judge(page, sheet, least_px=44)
        page.evaluate("id => document.getElementById(id).hidePopover()", f"sheet-{sheet}")
    return faults


def refuse_override(person: Person, chart: str) -> None:
    """Try to override the first stop with a reason that is none."""
    page = person.go(chart + "screening/")
    expect(page.locator("#group-stop")).to_be_visible()
    page.get_by_text("Override", exact=True).first.click()
    form = page.locator("details[open] form")
    form.locator("textarea").last.fill("White coat")
    form.locator("button[data-guard]").press("Enter")
    with page.expect_navigation():
        form.locator(".hold__confirm button").first.click()
    expect(page.locator(".field__error").first).to_be_visible()


def test_findings_and_a_draft_with_errors(demo: Served, enter: Enter) -> None:
    prescriber = enter(demo, "prescriber")
    page = prescriber.page
    refuse_override(prescriber, find_chart(prescriber, "Willow"))
    faults = judge(page, "an override without a cause")
    page = prescriber.go(find_chart(prescriber, "Oleander") + "plan/")
    faults += judge(page, "a draft", is_thorough=True)
    prescriber.fill({"dose_mg_per_kg": "many"})
    with page.expect_navigation():
        page.get_by_role("button", name="Store draft").click()
    expect(page.locator(".field__error").first).to_be_visible()
    faults += judge(page, "a draft with errors")
    assert faults == []


def test_a_day_without_sessions(clinic: ClockedClinic, enter: Enter) -> None:
    manager = enter(clinic, "manager")
    manager.watched.is_lost = True
    manager.page.goto(manager.url + "/")
    assert judge(manager.page, "the manager's first page") == []
