"""Model files: every number cited and graded, nothing half-defined, defaults as the routes table says."""

import copy

import numpy as np
import pytest

from afterglow.pharmacology.covariates import Person, build_covariates
from afterglow.pharmacology.models.catalogue import (
    DRUGS,
    _load_content,
    choose_model,
    get_model,
    load_defaults,
    load_model_ids,
)
from afterglow.pharmacology.models.kinetics import build_kinetics
from afterglow.pharmacology.models.model import Status
from afterglow.pharmacology.models.reading import read_model
from afterglow.pharmacology.population import build_typical
from afterglow.pharmacology.regimen import Dose
from afterglow.terms import Grade, InvalidInput

COMPUTABLE = [name for name in load_model_ids() if get_model(name).can_compute]
WANTED = {
    "kamp-2020",
    "clements-1981",
    "domino-1984",
    "perez-ruixo-2021",
    "simons-2022",
    "fanta-otto-2021",
    "ashraf-2018",
    "jonkman-2017",
    "kamp-im",
    "kamp-sc",
    "racemic-nasal",
    "racemic-oral",
    "racemic-sublingual",
    "hijazi-2003",
    "herd-2007",
    "hornik-2018",
    "flint-2017",
    "sigtermans-2009",
    "noppers-2011",
    "dahan-2011",
    "zhao-2012",
}


def code_of(call, *arguments, **named):
    with pytest.raises(InvalidInput) as caught:
        call(*arguments, **named)
    return caught.value.problems[0].code


def test_every_model_of_the_plan_is_there():
    assert set(load_model_ids()) >= WANTED


@pytest.mark.parametrize("name", load_model_ids())
def test_every_number_has_source_locator_and_grade(name):
    model = get_model(name)
    cited = [
        model.citation,
        *(parameter.citation for parameter in model.parameters.values()),
        *(part.citation for p in model.parameters.values() for part in (p.between, p.occasion) if part is not None),
        *(route.citation for route in model.routes.values()),
        *(one.citation for one in (*model.ranges, *model.residuals, *model.covariances)),
    ]
    assert all(citation.grade in (Grade.A, Grade.B, Grade.C, Grade.D) for citation in cited)
    assert all(citation.locator.strip() for citation in cited)


@pytest.mark.parametrize("key", ["source", "locator", "grade"])
def test_parameter_without_its_citation_is_refused(key):
    content = copy.deepcopy(_load_content("kamp-2020"))
    assert read_model(content).id == "kamp-2020"
    del content["parameters"]["cl"][key]
    assert code_of(read_model, content) == "model-file-not-accepted"


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("parameters", "cl"), "value", float("nan")),
        (("parameters", "cl"), "grade", "Z"),
        (("parameters", "cl"), "source", "NOBODY-99"),
        (("parameters", "cl"), "individual", "value * unknown_name"),
        (("parameters", "cl", "iiv"), "omega2", 0.1),
        (("definitions",), "cl_here", "cl_now"),
        (("flows", 0), "rate", "cl_never / v1"),
        (("flows", 1), "to", "nowhere"),
        (("outputs", "ketamine"), "nowhere", "1"),
        (("ranges", 0), "outside", "shrug"),
        ((), "colour", "red"),
    ],
)
def test_half_defined_model_is_refused(where, key, value):
    content = copy.deepcopy(_load_content("kamp-2020"))
    place = content
    for step in where:
        place = place[step]
    place[key] = value
    assert code_of(read_model, content) == "model-file-not-accepted"


@pytest.mark.parametrize("name", COMPUTABLE)
def test_every_computable_model_builds_by_each_of_its_routes(name):
    model = get_model(name)
    age = 5.0 if "children" in model.title.lower() else 40.0
    covariates, _ = build_covariates(Person(weight_kg=70.0, age_years=age))
    for route in model.routes:
        duration = 0.3 if route == "inhaled" else None
        doses = [Dose(28.0, 0.0, duration, session_mg=28.0)]
        kinetics = build_kinetics(model, build_typical(covariates), doses, drug=model.drugs[0], route=route)
        assert kinetics.esketamine in {output.name for output in kinetics.system.outputs}
        assert sum(float(np.max(one.amount_mg)) for one in kinetics.inputs) > 0


@pytest.mark.parametrize("name", COMPUTABLE)
def test_model_states_ranges_failures_and_residual_error(name):
    model = get_model(name)
    assert model.known_failures
    assert {one.of for one in model.ranges} & {"age", "weight", "session_mg", "dose_mg_per_kg"}
    assert model.status is Status.RATIOS_ONLY or model.residuals


@pytest.mark.parametrize(
    ("drug", "route", "model_id", "site"),
    [
        ("racemic", "iv", "kamp-2020", "arterial"),
        ("esketamine", "iv", "simons-2022", "arterial"),
        ("esketamine", "intranasal", "perez-ruixo-2021", "venous"),
        ("esketamine", "sublingual", "simons-2022", "arterial"),
        ("esketamine", "oral", "perez-ruixo-2021", "venous"),
        ("esketamine", "inhaled", "jonkman-2017", "arterial"),
        ("racemic", "im", "kamp-im", "arterial"),
        ("racemic", "sc", "kamp-sc", "arterial"),
    ],
)
def test_default_per_route(drug, route, model_id, site):
    model = choose_model(drug, route)
    assert (model.id, model.sampling_site) == (model_id, site)


def test_every_default_is_selectable_and_covers_its_route():
    for drug in DRUGS:
        for route in load_defaults()[drug]:
            assert choose_model(drug, route).is_selectable


@pytest.mark.parametrize(
    ("drug", "route", "model_id", "code"),
    [
        ("aspirin", "iv", None, "drug-unknown"),
        ("racemic", "eye", None, "route-unknown"),
        ("racemic", "iv", "nobody-1900", "model-unknown"),
        ("racemic", "inhaled", None, "route-without-model"),
        ("racemic", "iv", "zhao-2012", "model-not-selectable"),
        ("esketamine", "oral", "ashraf-2018", "model-not-selectable"),
        ("racemic", "intranasal", "perez-ruixo-2021", "model-does-not-cover"),
        ("esketamine", "inhaled", "perez-ruixo-2021", "model-does-not-cover"),
    ],
)
def test_choice_that_no_model_serves_is_refused(drug, route, model_id, code):
    assert code_of(choose_model, drug, route, model_id) == code


def test_grade_of_borrowed_disposition_is_never_above_its_worst_route():
    assert get_model("jonkman-2017").routes["inhaled"].citation.grade is Grade.D
    assert get_model("kamp-im").routes["im"].citation.grade is Grade.C
