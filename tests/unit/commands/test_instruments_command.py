"""`afterglow instruments`: definitions, forms, and wording packs that a person accepted."""

import json

import pytest

from afterglow.cli import main
from afterglow.clinic.setup import make_folder
from afterglow.commands.wording import store
from afterglow.instruments import get_instrument, read_pack
from afterglow.instruments.packs import FORMAT, hash_wording


@pytest.fixture
def clinic(tmp_path):
    folder = tmp_path / "clinic"
    make_folder(folder, url="")
    return folder


def write_pack(path, question="Invented question"):
    items = {item.id: {"text": f"{question} {item.id}", "answers": {}} for item in get_instrument("madrs").items}
    content = {"format": FORMAT, "instrument": "madrs", "version": "1", "locale": "en", "source": "invented"}
    content |= {"licence": "none needed", "items": items, "item_count": 10}
    content["hash"] = hash_wording(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    return str(path)


def add(pack, clinic, name="Ada Example"):
    return main(["instruments", "add", pack, "--data", str(clinic), "--accepted-by", name])


def read_problem(capsys):
    return json.loads(capsys.readouterr().err)["problems"][0]


def test_the_list_names_every_instrument_with_its_mode(capsys):
    assert main(["instruments", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["phq9"]["mode"], rows["phq9"]["needs_pack"]) == ("ship", True)
    assert (rows["madrs"]["mode"], rows["madrs"]["needs_pack"]) == ("structure", False)
    assert (rows["moca"]["mode"], rows["moca"]["items"]) == ("total", 0)


def test_one_definition_tells_scores_settings_rights_and_grades(capsys):
    assert main(["instruments", "phq9", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["items"][8]["code"] == "http://loinc.org|44260-8"
    assert content["scores"][0]["role"] == "total"
    assert {each["grade"] for each in content["bands"]} == {"●"}
    assert content["settings"]["suicide_item"]["accepted"] == [1, 1]
    assert content["rights"]["terms"]
    assert main(["instruments", "phq9"]) == 0
    assert "checked against the source" in capsys.readouterr().out


def test_a_form_for_other_systems(capsys):
    assert main(["instruments", "gad7", "--fhir"]) == 0
    assert json.loads(capsys.readouterr().out)["resourceType"] == "Questionnaire"
    assert main(["instruments", "moca", "--fhir", "--json"]) == 2
    assert read_problem(capsys)["code"] == "no-items"


def test_an_accepted_pack_is_kept_with_who_accepted_it_and_words_the_form(tmp_path, clinic, capsys):
    assert add(write_pack(tmp_path / "madrs.json"), clinic) == 0
    assert "stored" in capsys.readouterr().out
    (manifest,) = store.list_manifests(clinic)
    assert (manifest["accepted_by"], manifest["item_count"], manifest["locale"]) == ("Ada Example", 10, "en")
    assert main(["instruments", "madrs", "--fhir", "--data", str(clinic)]) == 0
    form = json.loads(capsys.readouterr().out)
    assert (form["item"][0]["item"][0]["text"], form["language"]) == ("Invented question 1", "en")
    assert main(["instruments", "--data", str(clinic)]) == 0
    assert "wording: en" in capsys.readouterr().out


def test_the_same_pack_twice_stays_as_it_was_first_accepted(tmp_path, clinic, capsys):
    pack = write_pack(tmp_path / "madrs.json")
    assert add(pack, clinic) == 0
    assert add(pack, clinic, "Bea Example") == 0
    assert "was stored before" in capsys.readouterr().out
    assert [each["accepted_by"] for each in store.list_manifests(clinic)] == ["Ada Example"]


def test_a_new_wording_stands_beside_the_old_one(tmp_path, clinic):
    assert add(write_pack(tmp_path / "a.json"), clinic) == 0
    assert add(write_pack(tmp_path / "b.json", "Another question"), clinic) == 0
    assert len(store.list_manifests(clinic)) == 2


def test_a_pack_that_was_altered_is_refused_and_nothing_is_kept(tmp_path, clinic, capsys):
    pack = tmp_path / "madrs.json"
    write_pack(pack)
    pack.write_text(pack.read_text("utf-8").replace("Invented question 3", "Changed"), encoding="utf-8")
    status = main(["instruments", "add", str(pack), "--data", str(clinic), "--accepted-by", "Ada Example", "--json"])
    assert status == 2
    assert json.loads(capsys.readouterr().out)["problems"][0]["code"] == "hash-wrong"
    assert not (clinic / store.PACKS).exists()


def test_an_installed_pack_that_was_altered_words_nothing(tmp_path, clinic, capsys):
    assert add(write_pack(tmp_path / "madrs.json"), clinic) == 0
    (path,) = (clinic / store.PACKS).rglob(store.TEXT)
    path.write_text(path.read_text("utf-8").replace("Invented question 3", "Changed"), encoding="utf-8")
    assert main(["instruments", "madrs", "--fhir", "--data", str(clinic), "--json"]) == 2
    assert read_problem(capsys)["code"] == "hash-wrong"


def test_a_write_that_fails_leaves_nothing_behind(tmp_path, clinic, monkeypatch, capsys):
    def fail(*_paths):
        raise OSError(28, "No space left on device")

    pack = write_pack(tmp_path / "madrs.json")
    monkeypatch.setattr(store.os, "rename", fail)
    assert add(pack, clinic) == 2
    assert "No space left" in capsys.readouterr().err
    assert not [path for path in (clinic / store.PACKS).rglob("*") if path.is_file()]
    monkeypatch.undo()
    assert add(pack, clinic) == 0


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("add",), "pack"),
        (("add", "x.json"), "data"),
        (("add", "x.json", "--data", "CLINIC"), "accepted-by"),
        (("add", "PACK", "--data", "CLINIC", "--accepted-by", " "), "accepted-by"),
        (("add", "x.json", "--data", "CLINIC", "--accepted-by", "Ada Example"), "pack"),
        (("add", "PACK", "--data", "NOWHERE", "--accepted-by", "Ada Example"), "data"),
        (("add", "camcops", "--wheel", "PACK", "--data", "CLINIC", "--accepted-by", "Ada Example"), "wheel"),
        (("phq9", "phq2"), "arguments"),
        (("hope",), "instrument"),
        (("madrs", "--fhir", "--data", "CLINIC"), "locale"),
    ],
)
def test_a_wrong_call_names_what_is_missing(tmp_path, clinic, capsys, arguments, path):
    places = {"CLINIC": str(clinic), "NOWHERE": str(tmp_path), "PACK": write_pack(tmp_path / "madrs.json")}
    assert main(["instruments", *(places.get(word, word) for word in arguments), "--json"]) == 2
    assert read_problem(capsys)["path"] == path


def test_a_toml_pack_is_read_like_json(tmp_path, clinic):
    content = json.loads((tmp_path / write_pack(tmp_path / "madrs.json")).read_text("utf-8"))
    assert read_pack(content).pack
    lines = [f"{key} = {json.dumps(value)}" for key, value in content.items() if key != "items"]
    for item_id, row in content["items"].items():
        lines += [f"[items.{item_id}]", f"text = {json.dumps(row['text'])}"]
    path = tmp_path / "madrs.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert add(str(path), clinic) == 0
