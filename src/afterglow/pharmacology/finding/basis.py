"""What a prediction rests on, to be printed beside it: model, sampling site, grades, who was studied."""

from typing import Any

from afterglow.pharmacology.effects.parameters import load_endpoints
from afterglow.pharmacology.finding.cadss6 import CITATION, SHARE, SHARE_HIGH, SHARE_LOW
from afterglow.pharmacology.finding.outlook import Outlook
from afterglow.pharmacology.results import render_source


def describe_basis(outlook: Outlook) -> dict[str, Any]:
    """Return the basis of an outlook as plain data; `n` counts the people studied, `virtual_n` the people computed."""
    model = outlook.kinetics.model
    route = model.routes[outlook.option.route]
    endpoints = load_endpoints()
    return {
        "model": model.id,
        "title": model.title,
        "source": render_source(model),
        "sampling_site": outlook.kinetics.sampling_site,
        "grade": max(model.citation.grade, route.citation.grade, key=lambda grade: grade.value).value,
        "n": model.n_subjects,
        "population": model.population,
        "band": "differences between people only; assay error and doubt about the model come on top",
        "virtual_n": outlook.n,
        "seed": outlook.seed,
        "effect_grade": {
            "cadss": endpoints["dissociation"].worst_grade.value,
            "cadss6": CITATION.grade.value,
            "blood_pressure": endpoints["circulation"].worst_grade.value,
        },
        "cadss6_share": {"value": SHARE, "low": SHARE_LOW, "high": SHARE_HIGH, "locator": CITATION.locator},
        "known_failures": [
            *model.known_failures,
            *endpoints["dissociation"].known_failures,
            *endpoints["circulation"].known_failures,
        ],
    }
