"""What the order's page says before anybody signs: beyond the plan, and on whose weight."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from afterglow.web.present.orders import list_beyond_plan

PLAN = SimpleNamespace(dose_mg_per_kg=Decimal("0.5"), dose_mg=None, cap_mg=Decimal(50), over_min=Decimal(40))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"dose_mg_per_kg": Decimal("0.5"), "over_min": Decimal(40)}, []),
        ({"dose_mg_per_kg": Decimal(5)}, ["5 mg/kg is more than the plan signs: 0.5 mg/kg."]),
        ({"cap_mg": Decimal(80)}, ["80 mg is more than the plan signs: 50 mg."]),
        ({"over_min": Decimal(39)}, ["39 min is faster than the plan signs: 40 min."]),
        ({}, []),
    ],
)
def test_what_is_typed_beyond_the_plan_is_said(typed: dict[str, Any], told: list[str]) -> None:
    assert list_beyond_plan(PLAN, SimpleNamespace(cleaned_data=typed)) == told
