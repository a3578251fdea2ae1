"""What a published drug model is: data with a source and a grade on every number, and formulas for its structure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from afterglow.pharmacology.models.expressions import Expression
from afterglow.terms import Citation


class Status(StrEnum):
    """What a model may be used for."""

    SELECTABLE = "selectable"
    OUT_OF_SCOPE = "out-of-scope"  # a population the product does not treat; only when asked for by name
    RATIOS_ONLY = "ratios-only"  # fold changes, never levels
    STRUCTURE_ONLY = "structure-only"  # its parameter table was not seen; nothing can be computed


@dataclass(frozen=True, slots=True)
class Variance:
    """A random effect: its variance on `scale` (log or logit) and where it comes from; `given` as printed."""

    omega2: float
    scale: str
    given: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Parameter:
    """A published or derived number; `individual` says how a person's value follows from `value` and `eta`."""

    name: str
    value: float
    unit: str
    citation: Citation
    individual: Expression
    between: Variance | None = None
    occasion: Variance | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class FlowRule:
    """First-order flow: the source loses `rate`, the target gains `gain` (the same unless a yield is stated)."""

    source: str
    target: str | None
    rate: Expression
    gain: Expression


@dataclass(frozen=True, slots=True)
class DoseRule:
    """Where a part of a dose enters; without `duration` the dose's own (a bolus when it has none)."""

    into: str
    fraction: Expression
    lag: Expression
    duration: Expression | None


@dataclass(frozen=True, slots=True)
class Route:
    """How a dose by this route reaches the compartments; `uptake` is a share that depends on the level reached."""

    name: str
    rules: tuple[DoseRule, ...]
    citation: Citation
    text: str = ""
    uptake: Expression | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """What was studied; `outside` says whether a value beyond it is marked (warn) or refused."""

    of: str
    low: float
    high: float
    unit: str
    outside: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Covariance:
    """Covariance of two random effects between subjects."""

    of: tuple[str, str]
    value: float
    citation: Citation


@dataclass(frozen=True, slots=True)
class Residual:
    """Residual error of an analyte: proportional or log-additive SD, and an additive SD."""

    of: str
    kind: str
    sd: float
    unit: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Derived:
    """A quantity that follows from the parameters (so grade D), beside the stated one and where that stands."""

    name: str
    expression: Expression
    unit: str
    published: float
    tolerance: float
    text: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Model:
    """One published model; formulas are in its own `time_unit`."""

    id: str
    title: str
    status: Status
    drugs: tuple[str, ...]
    citation: Citation
    doi: str
    population: str
    n_subjects: int | None
    sampling_site: str
    time_unit: str
    parameters: Mapping[str, Parameter]
    definitions: tuple[tuple[str, Expression], ...]
    compartments: tuple[str, ...]
    flows: tuple[FlowRule, ...]
    outputs: Mapping[str, Mapping[str, Expression]]
    routes: Mapping[str, Route]
    ranges: tuple[Range, ...]
    covariances: tuple[Covariance, ...]
    residuals: tuple[Residual, ...]
    derived: tuple[Derived, ...]
    known_failures: tuple[str, ...]
    covariates_without_effect: tuple[str, ...] = ()
    mass_balance_exempt: str = ""
    extends: str = ""
    notes: tuple[str, ...] = field(default=())
    cautions: Mapping[str, str] = field(default_factory=dict)  # analyte -> how far its figures may be trusted

    @property
    def is_selectable(self) -> bool:
        """Whether the model may be chosen for levels without being asked for as out of scope."""
        return self.status is Status.SELECTABLE

    @property
    def can_compute(self) -> bool:
        """Whether the model has what a simulation needs."""
        return self.status is not Status.STRUCTURE_ONLY

    @property
    def symbols_used(self) -> frozenset[str]:
        """Every name that the model's formulas use, covariates among them."""
        used = [parameter.individual for parameter in self.parameters.values()]
        used += [expression for _, expression in self.definitions]
        used += [expression for flow in self.flows for expression in (flow.rate, flow.gain)]
        used += [rule.fraction for route in self.routes.values() for rule in route.rules]
        return frozenset(name for expression in used for name in expression.names)

    @property
    def hours_per_unit(self) -> float:
        """Hours in the model's time unit."""
        return 1.0 / 60.0 if self.time_unit == "min" else 1.0
