"""The doses of one way that a protocol lets through, with what each of them asks for; what a dose question is put to.

Hard lines of the protocol are never crossed, and a protocol without one is not searched.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from django.utils.translation import gettext as _

from afterglow.protocols.dose_limits import check_limits
from afterglow.protocols.model import Protocol
from afterglow.terms import Finding, Override
from afterglow.web.predictions.options import BY_AMOUNT, BY_WEIGHT, DEVICE_MG, Option

STEPS = {
    BY_WEIGHT: tuple(Decimal(text) for text in ("0.05", "0.1", "0.25", "0.5")),
    BY_AMOUNT: tuple(Decimal(text) for text in ("1", "5", "10", "25", "50")),
}
LOWEST = {BY_WEIGHT: "lowest_mg_per_kg", BY_AMOUNT: "lowest_mg"}
MOST_STEPS = 30
MOST_DEVICES = 3
DOSE_LIMITS = frozenset({"dose.mg_per_kg", "dose.mg", "rate.mg_per_kg_h", "devices"})


@dataclass(frozen=True, slots=True)
class Dose:
    """An option that the protocol lets through, the mg it comes to, and the limits it passes."""

    option: Option
    amount_mg: Decimal
    passed: tuple[Finding, ...]

    @property
    def needs(self) -> str:
        """What ordering it asks for, in words; empty within all limits."""
        overrides = {finding.override for finding in self.passed}
        if Override.SECOND_CLINICIAN in overrides:
            return _("asks for another clinician")
        return _("asks for a stated reason") if overrides else ""


def has_hard_line(protocol: Protocol) -> bool:
    """Whether the protocol sets a dose that is never passed."""
    return any(limit.level == "hard" and limit.of in DOSE_LIMITS for limit in protocol.limits)


def list_doses(first: Option, protocol: Protocol, weight_kg: Decimal) -> list[Dose]:
    """Return the doses of the option's way from the smallest, each within every hard line; none without such a line.

    A dose that the cap makes the same as the one before is left out.
    """
    if not has_hard_line(protocol):
        return []
    for step in (DEVICE_MG,) if first.is_devices else STEPS[first.unit]:
        found = list(_walk(first, protocol, weight_kg, step))
        if len(found) <= MOST_STEPS:
            return found
    return []


def _walk(first: Option, protocol: Protocol, weight_kg: Decimal, step: Decimal) -> Iterator[Dose]:
    lowest = protocol.doses.get(LOWEST[first.unit])
    start = Decimal(str(lowest.value)) if lowest is not None and not first.is_devices else step
    amount, last_mg = max(-(-start // step) * step, step), Decimal(-1)
    most = MOST_DEVICES if first.is_devices else MOST_STEPS + 1
    for _place in range(most):
        option = replace(first, amount=amount)
        mg = calculate_mg(option, weight_kg)
        passed = judge(option, mg, protocol, weight_kg)
        is_stopped = any(finding.override is Override.NONE for finding in passed)
        if mg == last_mg or (is_stopped and not first.is_devices):
            return
        if not is_stopped:
            yield Dose(option, mg, passed)
        amount, last_mg = amount + step, mg


def calculate_mg(option: Option, weight_kg: Decimal) -> Decimal:
    """Return what an option comes to for a weight; its cap is kept."""
    if option.unit != BY_WEIGHT:
        return option.amount
    mg = option.amount * weight_kg
    return mg if option.cap_mg is None else min(mg, option.cap_mg)


def judge(option: Option, mg: Decimal, protocol: Protocol, weight_kg: Decimal) -> tuple[Finding, ...]:
    """Return the limits that a dose passes, as the order's own check finds them; the dose per kg is the given one."""
    measured: dict[str, Decimal | int | None] = {"dose.mg": mg}
    if option.is_devices:
        measured["devices"] = int(option.amount / DEVICE_MG)
    else:
        measured["dose.mg_per_kg"] = mg / weight_kg
        if option.over_min:
            measured["rate.mg_per_kg_h"] = mg / weight_kg * 60 / option.over_min
            measured["infusion.min"] = option.over_min
    return check_limits(protocol, measured)
