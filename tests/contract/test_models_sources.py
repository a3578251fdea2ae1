"""`afterglow models ID`: every number that is printed carries its source and its grade."""

import copy
import json

import pytest

from afterglow.cli import main
from afterglow.pharmacology.models.catalogue import _load_content, get_model, load_model_ids
from afterglow.pharmacology.models.reading import read_model
from afterglow.terms import InvalidInput


@pytest.mark.parametrize("name", load_model_ids())
def test_derived_numbers_have_source_place_and_grade(capsys, name):
    assert main(["models", name, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert set(content["derived"]) == {one.name for one in get_model(name).derived}
    for row in content["derived"].values():
        assert row["source"]
        assert row["locator"]
        assert row["grade"] in "ABCD"
        assert row["value_grade"] == "D"
    assert main(["models", name]) == 0
    for line in capsys.readouterr().out.splitlines():
        if line.startswith(("Derived:", "Studied:", "Residual error", "  ")):
            assert "; grade " in line


def test_stated_clearance_is_that_of_the_abstract_and_says_so(capsys):
    assert main(["models", "perez-ruixo-2021", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)["derived"]["clearance"]
    assert (row["published"], row["grade"], row["locator"]) == (114.0, "A", "abstract")
    assert row["value"] == pytest.approx(109, abs=1)


@pytest.mark.parametrize("key", ["source", "locator", "grade", "published"])
def test_derived_number_without_its_origin_is_refused(key):
    content = copy.deepcopy(dict(_load_content("perez-ruixo-2021")))
    assert read_model(content).derived
    del content["derived"]["clearance"][key]
    with pytest.raises(InvalidInput) as refused:
        read_model(content)
    (problem,) = refused.value.problems
    assert (problem.path, problem.code) == ("perez-ruixo-2021.derived.clearance", "model-file-not-accepted")
