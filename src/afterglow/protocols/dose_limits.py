"""A protocol's limits asked about measured amounts: soft, second clinician, hard.

A soft limit is a caution, a second-clinician limit a stop that another clinician may override, a hard limit a
stop without override. Of several levels that are passed only the highest speaks. Limits are asked about what was
ordered and about what is really drawn: rounding to a syringe never hides a limit that the drawn amount reaches.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from afterglow.protocols.dose_sheet import show
from afterglow.protocols.model import Limit, Protocol, Value
from afterglow.terms import Finding, Override, Severity

NOT_PASSED = -1
_LEVELS = {"soft": 0, "second-clinician": 1, "hard": 2}
_OUTCOMES: Mapping[str, tuple[Severity, Override, str]] = {
    "soft": (Severity.CAUTION, Override.PRESCRIBER, "Confirm that this is meant, with the reason."),
    "second-clinician": (
        Severity.STOP,
        Override.SECOND_CLINICIAN,
        "A second clinician who did not order must agree, with the reason.",
    ),
    "hard": (Severity.STOP, Override.NONE, "Do not give. Change the order."),
}
_COMPARISONS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    ">": (lambda a, b: a > b, "more than"),
    ">=": (lambda a, b: a >= b, "from"),
    "<": (lambda a, b: a < b, "less than"),
    "<=": (lambda a, b: a <= b, "up to"),
    "not-in": (lambda a, b: a not in {Decimal(word) for word in b}, "anything but"),
}
_NAMES: Mapping[str, tuple[str, str]] = {
    "dose.mg_per_kg": ("Dose", "mg/kg"),
    "dose.mg": ("Dose", "mg"),
    "rate.mg_per_kg_h": ("Rate", "mg/kg/h"),
    "infusion.min": ("Infusion over", "min"),
    "devices": ("Devices", ""),
    "weight.kg": ("Weight", "kg"),
    "weight.age_d": ("Weight taken", "days ago"),
    "weight.change_percent": ("Weight changed by", "%"),
    "step.percent": ("Step of", "%"),
    "step.mg_per_kg": ("Step of", "mg/kg"),
    "sessions.1d": ("Sessions on one day:", ""),
    "sessions.7d": ("Sessions in 7 days:", ""),
    "sessions.28d": ("Sessions in 28 days:", ""),
}


def check_limits(
    protocol: Protocol,
    measured: Mapping[str, Decimal | int | None],
    drawn: Mapping[str, Decimal] | None = None,
) -> tuple[Finding, ...]:
    """Return one finding per limit id and measure that is passed; a measure that is None is missing, not fine.

    Measures that the mapping does not name are not asked. `drawn` holds the measures of what the syringe really
    takes; where they pass a higher level than what was ordered, the finding names the drawn amount.
    """
    found: list[Finding] = []
    for (_, of), limits in _group(protocol.limits).items():
        if of not in measured:
            continue
        amount = measured[of]
        if amount is None:
            found.append(build_missing(limits[0]))
            continue
        worst, level = _find_worst(limits, Decimal(amount))
        taken = (drawn or {}).get(of)
        worst_drawn, level_drawn = (None, NOT_PASSED) if taken is None else _find_worst(limits, taken)
        if taken is not None and worst_drawn is not None and level_drawn > level:
            found.append(build_finding(worst_drawn, taken, is_drawn=True))
        elif worst is not None:
            found.append(build_finding(worst, Decimal(amount)))
    return tuple(found)


def raises_level(protocol: Protocol, measured: Mapping[str, Decimal], drawn: Mapping[str, Decimal]) -> bool:
    """Return whether what is drawn passes a higher level of any limit than what was ordered."""
    return any(
        _find_worst(limits, drawn[of])[1] > _find_worst(limits, measured[of])[1]
        for (_, of), limits in _group(protocol.limits).items()
        if of in measured and of in drawn
    )


def _find_worst(limits: Iterable[Limit], amount: Decimal) -> tuple[Limit | None, int]:
    """Return the highest limit that an amount passes, and its level."""
    passed = [limit for limit in limits if is_passed(limit, amount)]
    worst = max(passed, key=lambda limit: _LEVELS[limit.level], default=None)
    return worst, NOT_PASSED if worst is None else _LEVELS[worst.level]


def is_passed(limit: Limit, amount: Decimal) -> bool:
    """Return whether an amount is on the far side of a limit."""
    compare, _ = _COMPARISONS[limit.comparison]
    return compare(amount, limit.value.value)


def build_finding(limit: Limit, amount: Decimal, *, is_drawn: bool = False) -> Finding:
    """Return what a passed limit says, with enough decimals to tell the amount from the limit."""
    severity, override, asks = _OUTCOMES[limit.level]
    name, unit = _NAMES[limit.of]
    return Finding(
        rule=limit.id,
        severity=severity,
        seen=f"{name}{' as drawn' if is_drawn else ''} {_show_apart(amount, limit)} {unit}".strip(),
        threshold=describe_limit(limit),
        asks=asks,
        override=override,
        source=limit.value.citation.text,
        grade=limit.value.citation.grade,
        title=f"{name} beyond the {limit.level} limit",
        facts=(limit.of,),
    )


def build_missing(limit: Limit) -> Finding:
    """Return what a limit says whose measure is not known."""
    name, unit = _NAMES[limit.of]
    return Finding(
        rule=limit.id,
        severity=Severity.MISSING,
        seen=f"Not recorded: {name.lower().rstrip(':')} ({unit or 'count'})",
        threshold=describe_limit(limit),
        asks="Record it before the dose.",
        override=Override.NONE,
        source=limit.value.citation.text,
        grade=limit.value.citation.grade,
        title=f"{name.rstrip(':')} not known",
        facts=(limit.of,),
    )


def _show_apart(amount: Decimal, limit: Limit) -> str:
    """Return the amount with as many decimals as it needs to differ from the limit's own number."""
    border = limit.value.value
    if isinstance(border, tuple) or amount == border:
        return show(amount)
    return next(text for places in range(3, 30) if (text := show(amount, places)) != show(border) or places == 29)


def describe_limit(limit: Limit) -> str:
    """Return a limit in words with its unit."""
    _, words = _COMPARISONS[limit.comparison]
    value = limit.value.value
    amount = ", ".join(value) if isinstance(value, tuple) else show(value)
    unit = _NAMES[limit.of][1]
    extra = f" ({limit.text})" if limit.text else ""
    return f"{limit.level}: {words} {amount} {unit}".strip() + extra


def build_stop(rule: str, title: str, seen: str, threshold: str, asks: str, value: Value) -> Finding:
    """Return a stop without override whose threshold is one of the protocol's values."""
    return Finding(
        rule, Severity.STOP, seen, threshold, asks, Override.NONE, value.citation.text, value.citation.grade, title
    )


def build_caution(rule: str, title: str, seen: str, threshold: str, asks: str, value: Value) -> Finding:
    """Return a caution whose threshold is one of the protocol's values."""
    citation = value.citation
    return Finding(
        rule, Severity.CAUTION, seen, threshold, asks, Override.PRESCRIBER, citation.text, citation.grade, title
    )


def check_weight(
    protocol: Protocol, *, weight_kg: Decimal | None, age_d: int | None, previous_kg: Decimal | None = None
) -> tuple[Finding, ...]:
    """Return what L-WT says of a dosing weight: its size, its age, its change since the last session.

    `previous_kg` is None at a first session; then no change is asked about.
    """
    measured: dict[str, Decimal | int | None] = {"weight.kg": weight_kg, "weight.age_d": age_d}
    if previous_kg is not None and weight_kg is not None:
        measured["weight.change_percent"] = abs(weight_kg - previous_kg) / previous_kg * 100
    return check_limits(protocol, measured)


def check_step(
    protocol: Protocol, *, dose: Decimal, previous: Decimal | None, is_per_kg: bool = True
) -> tuple[Finding, ...]:
    """Return what L-STEP says of a dose after the one before it; a lower or equal dose is no step.

    `previous` is None at a first session. `is_per_kg` says that both are in mg/kg.
    """
    if previous is None or dose <= previous:
        return ()
    measured: dict[str, Decimal | int | None] = {"step.percent": (dose - previous) / previous * 100}
    if is_per_kg:
        measured["step.mg_per_kg"] = dose - previous
    return check_limits(protocol, measured)


def _group(limits: Iterable[Limit]) -> dict[tuple[str, str], list[Limit]]:
    groups: dict[tuple[str, str], list[Limit]] = {}
    for limit in limits:
        groups.setdefault((limit.id, limit.of), []).append(limit)
    return groups
