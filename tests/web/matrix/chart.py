"""Requests of the chart's card: a decision on the next treatment."""

from typing import Any

from tests.web.matrix.ask import Ask


def _decide(house: Any) -> Ask:
    return Ask({"next-decision": "review", "next-reason": "The team looks at the course together."})


ASKS = {("web:patient-next-treatment", "POST"): _decide}
