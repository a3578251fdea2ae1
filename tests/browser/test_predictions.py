"""Curves in the browser: they follow what is typed, B stays on its route, the band of a session, both schemes."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.measuring import judge
from tests.browser.people import Person
from tests.browser.servers import Served
from tests.browser.test_live_link import find_running
from tests.browser.test_pages_accessible import find_chart

# the page takes its mark back as soon as it hears the server again, so it is looked at in the same breath
LOSE = """() => {
  document.querySelector('[data-session]').classList.add('s-lost-page');
  const look = kind => [...document.querySelectorAll(`.c-pred-${kind}`)].map(path => getComputedStyle(path));
  const grey = getComputedStyle(document.querySelector('.c-unit')).fill;
  return [look('next').every(path => path.display === 'none'), look('past').every(path => path.fill === grey)];
}"""


def open_draft(person: Person) -> None:
    """Open the draft of the demonstration and wait for its curves."""
    person.go(find_chart(person, "Oleander") + "plan/")
    expect(person.page.locator(".expect__line--a").first).to_be_visible()


def change_other(person: Person, **fields: str) -> None:
    """Write another option B and show it."""
    page = person.page
    page.get_by_role("button", name="Change B").click()
    for name, value in fields.items():
        field = page.locator(f"#id_b-{name}")
        if field.evaluate("item => item.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("#id_b-amount").press("Enter")
    expect(page.locator("#expect-other")).to_be_hidden()


def test_the_curves_follow_what_is_typed_and_b_stays_on_its_route(demo: Served, enter: Enter) -> None:
    prescriber = enter(demo, "prescriber")
    page = prescriber.page
    open_draft(prescriber)
    head = page.locator(".compare thead")
    page.locator("#id_dose_mg_per_kg").fill("0.65")
    expect(head).to_contain_text("A: 0.65 mg/kg")
    expect(page.get_by_role("button", name="Use B instead")).to_be_visible()
    change_other(prescriber, way="esketamine.intranasal", amount="84", unit="mg", cap_mg="")
    expect(head).to_contain_text("3 × 28 mg")
    expect(page.get_by_role("button", name="Use B instead")).to_have_count(0)
    expect(page.locator(".compare__acts")).to_contain_text("never converted between routes")
    page.get_by_role("button", name="Model and source").click()
    expect(page.locator("#expect-model")).to_contain_text("Where this model is known to fail")
    assert judge(page, "the sheet of the model", is_thorough=True) == []
    page.keyboard.press("Escape")
    assert judge(page, "curves", is_thorough=True) == []


def test_without_script_a_button_draws_again(demo: Served, enter: Enter) -> None:
    prescriber = enter(demo, "prescriber")
    chart = find_chart(prescriber, "Oleander")
    plain = enter(demo, "prescriber", java_script_enabled=False)
    page = plain.go(chart + "plan/")
    page.locator("#id_dose_mg_per_kg").fill("0.55")
    page.get_by_role("button", name=re.compile("Draw again|Look again")).first.click()
    expect(page.locator(".compare thead")).to_contain_text("A: 0.55 mg/kg")
    expect(page.locator("#id_dose_mg_per_kg")).to_have_value("0.55")


def test_the_band_of_a_session_is_folded_and_stops_at_now_without_a_link(demo: Served, enter: Enter) -> None:
    nurse = enter(demo, "nurse")
    page = nurse.go(find_running(nurse))
    ahead = page.locator(".c-pred-level.c-pred-next, .c-pred-level.c-pred-past")
    expect(ahead.first).to_be_attached()
    sheet = page.locator("#sheet-predicted")
    expect(sheet).to_be_hidden()
    page.get_by_role("button", name="Predicted, not measured: scale, source").click()
    expect(sheet).to_be_visible()
    expect(sheet).to_contain_text("They say nothing about this moment or about leaving.")
    assert judge(page, "the sheet of the band", least_px=44) == []
    page.keyboard.press("Escape")
    assert page.evaluate(LOSE) == [True, True]
