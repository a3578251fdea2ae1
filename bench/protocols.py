"""How fast a case is screened: screenings per second of the packaged examples, and what a screening is made of.

The reference is reading the same case from JSON: what any program would pay that only looked at it.
"""

import json
from importlib import resources
from typing import Any

from afterglow.protocols.cases import flatten_case
from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.evaluate import evaluate_rules
from afterglow.protocols.model import Stage
from afterglow.protocols.render import parse_protocol, render_protocol
from afterglow.protocols.screening import screen
from bench._report import measure, print_ratios

FULL = "clear-iv.json"


def load_examples() -> dict[str, str]:
    """Return the packaged cases as text by name."""
    folder = resources.files("afterglow.protocols") / "examples"
    found = (path for path in folder.iterdir() if path.name.endswith(".json"))
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(found, key=lambda path: path.name)}


def main() -> None:
    """Print a table of whole screenings and one of their parts."""
    texts = load_examples()
    cases: dict[str, dict[str, Any]] = {name: json.loads(text) for name, text in texts.items()}
    reading = {f"json.loads of {FULL}": measure(lambda: json.loads(texts[FULL]))}
    whole = {name: measure(lambda case=case: screen(case)) for name, case in cases.items()}  # type: ignore[misc]
    print_ratios("a case screened", {**reading, **whole}, reference=next(iter(reading)), unit="screenings")
    print()
    protocol = get_effective("iv-racemic", indication="trd")
    facts = flatten_case(cases[FULL]).facts
    written = render_protocol(protocol)
    parts = {
        "flatten_case": measure(lambda: flatten_case(cases[FULL])),
        f"{len(protocol.rules)} rules at screening": measure(lambda: evaluate_rules(protocol, facts, Stage.SCREENING)),
        "the same rules before a session": measure(lambda: evaluate_rules(protocol, facts, Stage.PRE_SESSION)),
        "parse_protocol of a kept one": measure(lambda: parse_protocol(written)),
    }
    print_ratios("its parts", {**reading, **parts}, reference=next(iter(reading)))


if __name__ == "__main__":
    main()
