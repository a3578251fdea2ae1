"""Without a mouse, and without script: the acts that must never depend on either."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.people import Person
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running

# an element shows its focus by its own outline, or by the box around it
SHOWS_FOCUS = """field => [field, field.parentElement].some(element => {
  const style = getComputedStyle(element);
  return style.outlineStyle !== 'none' || style.borderTopWidth === '2.5px';
})"""


def walk_to(page: Page, selector: str, key: str = "Tab", most: int = 60) -> None:
    """Press a key until the focus stands on an element; it must be visible and show its focus."""
    for _step in range(most):
        page.keyboard.press(key)
        if page.evaluate("wanted => document.activeElement?.matches(wanted) ?? false", selector):
            break
    focus = page.locator(":focus")
    assert focus.evaluate("(field, wanted) => field.matches(wanted)", selector), f"never reached {selector}"
    assert focus.evaluate(SHOWS_FOCUS), f"{selector} does not show its focus"


def test_a_nurse_works_by_keyboard_alone(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse", signs_in=False)
    page = nurse.page
    page.goto(nurse.url + "/")
    walk_to(page, "[name=login]")
    page.keyboard.type("nurse")
    walk_to(page, "[name=password]")
    page.keyboard.type(nurse.password)
    page.keyboard.press("Enter")
    expect(page).to_have_title(re.compile("Clinic floor"))
    find_patient(page)
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page).to_have_title(re.compile("Clinic floor"))
    session = page.locator(".today__card", has_text="Room 2")
    walk_to(page, f'.today__card[href="{session.get_attribute("href")}"]')
    page.keyboard.press("Enter")
    # the keys answer once the page is alive
    expect(page.locator("[data-link-words]")).to_have_text("Live")
    enter_vitals(page, nurse)
    acknowledge(page, nurse)
    page.keyboard.press("?")
    expect(page).to_have_title(re.compile("Help"))


def find_patient(page: Page) -> None:
    """Search, walk to the one found, open the chart."""
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("Alder")
    page.keyboard.press("Enter")
    expect(page.locator("table th a")).to_have_count(1)
    walk_to(page, "table th a")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Alder")


def enter_vitals(page: Page, nurse: Person) -> None:
    """Type a pressure past its limit; a full field hands the focus on."""
    before = nurse.seq
    page.keyboard.press("v")
    expect(page.locator("#vitals-systolic")).to_be_focused()
    page.keyboard.type("171")
    expect(page.locator("#vitals-diastolic")).to_be_focused()
    page.keyboard.type("101")
    walk_to(page, ".s-save")
    page.keyboard.press("Enter")
    page.wait_for_function("n => Number(document.querySelector('[data-session]').dataset.seq) > n", arg=before)
    expect(page.locator("[data-alarm]:not(.s-alarm-seen)").first).to_be_visible()


def acknowledge(page: Page, nurse: Person) -> None:
    """Answer the first alarm by its key."""
    waiting = page.locator("[data-alarm]:not(.s-alarm-seen)")
    first = waiting.first.get_attribute("data-alarm")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("a")
    expect(page.locator(f'[data-alarm="{first}"]')).to_have_class(re.compile("s-alarm-seen"))


def test_signing_in_and_a_vitals_form_work_without_script(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse2", java_script_enabled=False)
    page = nurse.go(find_running(nurse))
    form = page.locator("form[data-vitals]")
    form.locator('[name="data.systolic"]').fill("79")
    form.locator('[name="data.diastolic"]').fill("131")
    with page.expect_response(lambda answer: answer.request.method == "POST") as posted:
        form.get_by_role("button", name="Save vitals").click()
    assert posted.value.status == 422
    assert page.locator("#vitals-systolic").input_value() == "79"
    assert page.locator("#vitals-diastolic").input_value() == "131"
    expect(page.locator("main [role=alert]").first).to_be_visible()
    form.locator('[name="data.systolic"]').fill("131")
    form.locator('[name="data.diastolic"]').fill("79")
    form.get_by_role("button", name="Save vitals").click()
    expect(page.locator("main")).to_contain_text("Stored")
    expect(page.locator('[data-part="log"]')).to_contain_text("131/79")
