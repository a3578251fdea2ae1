"""Where scenarios of refusal are registered: `REFUSALS` maps a code to who to ask and how."""

from collections.abc import Callable

from afterglow.chairside.decide import Refusal
from tests.support.rooms import Room

Maker = Callable[..., Room]
Scenario = Callable[[Maker], Refusal]
REFUSALS: dict[str, list[Scenario]] = {}


def refusing(code: str) -> Callable[[Scenario], Scenario]:
    """Register a scenario under the code it must be refused with."""

    def register(scenario: Scenario) -> Scenario:
        REFUSALS.setdefault(code, []).append(scenario)
        return scenario

    return register
