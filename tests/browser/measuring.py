"""What is measured on every page: axe's findings, sideways scrolling at small widths, the size of targets."""

from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# a phone, the narrowest reflow the standard asks, a laptop at 200 %
WIDTHS = ((390, 844), (320, 640), (683, 500))
DESKTOP = (1366, 1000)
AXE = """tags => axe.run(document, {runOnly: tags, resultTypes: ['violations'], preload: false}).then(found =>
  found.violations.map(item => [item.id, item.nodes.slice(0, 3).map(node =>
    node.html.slice(0, 160) + ' ' + (node.any[0]?.message || node.failureSummary || '').slice(0, 160))]))"""
BUTTONS = "button, a[class*=button], a[class*=s-btn], select, input[type=submit]"
SMALL = """([wanted, least]) => [...document.querySelectorAll(wanted)]
  .filter(item => item.checkVisibility({visibilityProperty: true}) && !item.closest('.visually-hidden, .s-hidden'))
  .filter(item => !item.matches('.skip-link, .s-link, .link-button'))
  .map(item => [item.outerHTML.slice(0, 90), item.getBoundingClientRect()])
  .filter(([words, box]) => box.width && (box.height < least - .5 || box.width < least - .5))
  .map(([words, box]) => `${words} ${box.width.toFixed(0)}x${box.height.toFixed(0)}`)"""
# what may be wider than its place scrolls in a box of its own
WIDE = """() => {
  if (document.documentElement.scrollWidth <= window.innerWidth) return [];
  const scrolls = item => item && (getComputedStyle(item).overflowX !== 'visible' || scrolls(item.parentElement));
  const found = [...document.querySelectorAll('body *')]
    .filter(item => item.getBoundingClientRect().right > window.innerWidth + 1 && !scrolls(item.parentElement))
    .slice(-4).map(item => item.outerHTML.slice(0, 160));
  return found.length ? found : ['nothing that could be named'];
}"""


@cache
def load_axe() -> str:
    """Return axe's own script."""
    return str(Axe().axe_script)


def judge(page: Page, where: str, *, least_px: int = 24, is_thorough: bool = False) -> list[str]:
    """Return what is wrong with a page: in light on a laptop and dim on a phone, or in all four when thorough."""
    faults: list[str] = []
    looks: list[tuple[str, tuple[int, int]]] = [("light", DESKTOP), ("dim", WIDTHS[0])]
    if is_thorough:
        looks += [("dim", DESKTOP), ("light", WIDTHS[0])]
    for theme, size in looks:
        set_look(page, theme, size)
        faults += [f"{where}, {theme} {size[0]}: {item}" for item in run_axe(page)]
    for size in WIDTHS:
        set_look(page, "light", size)
        faults += [f"{where}, wider than {size[0]}: {item}" for item in page.evaluate(WIDE)]
    set_look(page, "light", DESKTOP)
    return faults + [f"{where}, small: {item}" for item in page.evaluate(SMALL, [BUTTONS, least_px])]


def set_look(page: Page, theme: str, size: tuple[int, int]) -> None:
    """Show a page in a theme and a size."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)


def run_axe(page: Page) -> list[Any]:
    """Return axe's violations, each with its first elements."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(load_axe())
    return list(page.evaluate(AXE, TAGS))
