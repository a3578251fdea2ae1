"""Option A is the plan's draft, option B another that one may look at; neither is ever made from the other's route."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from afterglow.pharmacology.models.catalogue import DRUGS
from afterglow.protocols.model import Pattern, Protocol
from afterglow.web.templatetags.words import plain

DEVICE_MG = Decimal(28)
BY_WEIGHT = "mg/kg"
BY_AMOUNT = "mg"
SHORTEST_MIN, LONGEST_MIN = 150, 480
# minutes shown after the end of an infusion, and where the drug comes slowly
AFTER_MIN = 90
SLOW = {"intranasal": 180, "im": 180, "sc": 180, "sublingual": 300, "oral": 300}
INFUSED = ("iv", "im", "sc")


@dataclass(frozen=True, slots=True)
class Way:
    """Drug and route as one choice."""

    drug: str
    route: str

    @property
    def key(self) -> str:
        """The word of the choice."""
        return f"{self.drug}.{self.route}"


@dataclass(frozen=True, slots=True)
class Option:
    """What would be given: amount with its unit, cap, minutes. Devices are an amount of 28 mg each."""

    way: Way
    amount: Decimal
    unit: str
    cap_mg: Decimal | None = None
    over_min: Decimal | None = None

    @property
    def is_devices(self) -> bool:
        """Whether it is given as 28 mg devices."""
        return self.way == Way("esketamine", "intranasal")

    def to_payload(self) -> dict[str, Any]:
        """Return the option as the worker takes it."""
        given: dict[str, Any] = {"drug": self.way.drug, "route": self.way.route}
        if self.is_devices:
            return given | {"devices": int(self.amount / DEVICE_MG)}
        given["dose_mg_per_kg" if self.unit == BY_WEIGHT else "dose_mg"] = float(self.amount)
        if self.cap_mg is not None and self.unit == BY_WEIGHT:
            given["cap_mg"] = float(self.cap_mg)
        if self.over_min is not None and self.way.route in INFUSED:
            given["duration_min"] = float(self.over_min)
        return given

    def describe(self, *, with_way: bool = False) -> str:
        """Return it in a few words: `0.50 mg/kg, 40 min`."""
        amount = f"{self.amount:.2f}" if self.unit == BY_WEIGHT and self.exponent >= -2 else plain(self.amount)
        words = f"{amount} {self.unit}"
        if self.is_devices:
            words = _("%(n)d × 28 mg") % {"n": int(self.amount / DEVICE_MG)}
        if self.over_min is not None:
            words = _("%(dose)s, %(n)s min") % {"dose": words, "n": plain(self.over_min)}
        return f"{describe_way(self.way)} {words}" if with_way else words

    @property
    def exponent(self) -> int:
        """Decimal places of the amount, as a negative number."""
        exponent = self.amount.normalize().as_tuple().exponent
        return exponent if isinstance(exponent, int) else 0


def find_way(protocol: Protocol) -> Way:
    """Return drug and route of a protocol."""
    return Way(str(protocol.drug), str(protocol.route))


def list_ways() -> list[tuple[str, str]]:
    """Return the choices of drug and route with their words."""
    routes = ("iv", "im", "sc", "intranasal", "sublingual", "oral")
    ways = [Way(drug, route) for drug in DRUGS for route in routes]
    return [(way.key, describe_way(way)) for way in ways]


def describe_way(way: Way) -> str:
    """Return drug and route in words."""
    routes = {
        "iv": _("IV"),
        "im": _("IM"),
        "sc": _("SC"),
        "intranasal": _("nasal"),
        "sublingual": _("under the tongue"),
        "oral": _("by mouth"),
    }
    drugs = {"racemic": _("ketamine"), "esketamine": _("esketamine")}
    return f"{drugs.get(way.drug, way.drug)} {routes.get(way.route, way.route)}"


def build_option(values: Mapping[str, Any], protocol: Protocol) -> Option | None:
    """Return option A from a draft's values, or None where its dose or its minutes are not there yet."""
    way = find_way(protocol)
    per_kg, amount, over = values.get("dose_mg_per_kg"), values.get("dose_mg"), values.get("over_min")
    if protocol.pattern is Pattern.INFUSION and not over:
        return None
    dose, unit = (per_kg, BY_WEIGHT) if per_kg is not None else (amount, BY_AMOUNT)
    if not dose or (way == Way("esketamine", "intranasal") and dose % DEVICE_MG):
        return None
    over_min = over if protocol.pattern is Pattern.INFUSION else None
    return Option(way, dose, unit, values.get("cap_mg"), over_min)


def propose_other(first: Option, protocol: Protocol | None) -> Option:
    """Return the B that is shown until somebody changes it: slower for an infusion, else a smaller dose."""
    if first.over_min is not None:
        slower = _read(protocol, "slower_over_min")
        over = slower if slower and slower != first.over_min else first.over_min + 20
        usual = _read(protocol, "over_min")
        if slower and slower == first.over_min and usual:
            over = usual
        return Option(first.way, first.amount, first.unit, first.cap_mg, over)
    if first.is_devices:
        return Option(first.way, Decimal(56) if first.amount != 56 else Decimal(84), BY_AMOUNT)
    step = Decimal("0.05") if first.unit == BY_WEIGHT else Decimal(5)
    less = max((first.amount * Decimal("0.75") / step).quantize(Decimal(1), ROUND_HALF_UP) * step, step)
    return Option(first.way, less, first.unit, first.cap_mg)


def find_end_min(*options: Option) -> int:
    """Return the minutes to show: long enough for the slower of the options."""
    ends = [SLOW.get(option.way.route, 0) for option in options if option.over_min is None]
    ends += [int(option.over_min) + AFTER_MIN for option in options if option.over_min is not None]
    end = max([SHORTEST_MIN, *ends])
    return min(-(-end // 30) * 30, LONGEST_MIN)


def judge_use(protocol: Protocol, other: Option) -> str:
    """Return why B cannot take the place of a draft under a protocol, or nothing where it can."""
    if find_way(protocol) != other.way:
        return _("Another drug or route: side by side only. An order is never converted between routes.")
    unit = BY_WEIGHT if protocol.pattern in (Pattern.INFUSION, Pattern.INJECTION) else ""
    if unit and other.unit != unit:
        return _("This plan signs %(unit)s; write B in %(unit)s to use it.") % {"unit": unit}
    if other.over_min is not None and protocol.pattern is not Pattern.INFUSION:
        return _("This plan gives no infusion; leave the minutes of B empty to use it.")
    return ""


def write_values(option: Option) -> dict[str, str]:
    """Return a usable B as the fields of the draft that it replaces."""
    name = "dose_mg_per_kg" if option.unit == BY_WEIGHT else "dose_mg"
    values = {name: plain(option.amount)}
    if option.cap_mg is not None and not option.is_devices:
        values["cap_mg"] = plain(option.cap_mg)
    if option.over_min is not None:
        values["over_min"] = plain(option.over_min)
    return values


def _read(protocol: Protocol | None, name: str) -> Decimal | None:
    value = protocol.doses.get(name) if protocol is not None else None
    return None if value is None else Decimal(str(value.value))
