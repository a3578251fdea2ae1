"""What the drug does within hours: mind, circulation, pain, and the share of channels it holds."""

from afterglow.pharmacology.effects.calculate import EffectSeries, Setting, calculate_effects
from afterglow.pharmacology.effects.parameters import (
    EffectParameter,
    EffectValues,
    Endpoint,
    build_typical_values,
    draw_values,
    list_parameters,
    load_endpoints,
)
from afterglow.pharmacology.effects.static import (
    calculate_cadss,
    calculate_occupancy,
    calculate_pain_change_cm,
    calculate_pain_relief,
    calculate_sigmoid,
    calculate_tolerance,
)
from afterglow.pharmacology.effects.uncertainty import EffectRange, calculate_effect_range

__all__ = [
    "EffectParameter",
    "EffectRange",
    "EffectSeries",
    "EffectValues",
    "Endpoint",
    "Setting",
    "build_typical_values",
    "calculate_cadss",
    "calculate_effect_range",
    "calculate_effects",
    "calculate_occupancy",
    "calculate_pain_change_cm",
    "calculate_pain_relief",
    "calculate_sigmoid",
    "calculate_tolerance",
    "draw_values",
    "list_parameters",
    "load_endpoints",
]
