"""Wording packs: read whole or refused with every reason; the texts here are invented."""

import copy
import json

import pytest

from afterglow.instruments import build_questionnaire, get_instrument, load_instruments, read_pack
from afterglow.instruments.packs import FORMAT, hash_wording, render_pack


def make_content(name="gad7"):
    """A sealed pack in invented words."""
    items = {
        item.id: {
            "text": f"Invented question {item.id}",
            "answers": {f"{each.value}": f"invented {each.value}" for each in item.answers},
        }
        for item in get_instrument(name).items
    }
    content = {
        "format": FORMAT,
        "instrument": name,
        "version": "1",
        "locale": "en-XX",
        "source": "invented for tests",
        "licence": "none needed",
        "title": "Invented",
        "instructions": "Answer each",
        "items": items,
        "item_count": len(items),
    }
    return content | {"hash": hash_wording(content)}


def list_codes(content):
    reading = read_pack(content)
    assert reading.pack is None
    assert all(problem.accepted and problem.message for problem in reading.problems)
    return sorted({problem.code for problem in reading.problems})


def test_a_sealed_pack_is_read_and_written_back_the_same():
    reading = read_pack(make_content())
    assert reading.problems == ()
    assert reading.pack.items["7"].text == "Invented question 7"
    assert read_pack(json.loads(json.dumps(render_pack(reading.pack)))).pack == reading.pack


@pytest.mark.parametrize(
    ("words", "change", "code"),
    [
        ("one word was changed", lambda c: c["items"]["1"].update(text="Another"), "hash-wrong"),
        ("another hash", lambda c: c.update(hash="sha256:0"), "hash-wrong"),
        ("a count that is not true", lambda c: c.update(item_count=8), "item-count-wrong"),
        ("an instrument that is not carried", lambda c: c.update(instrument="siq"), "instrument-unknown"),
        ("a form that may not be installed", lambda c: c.update(instrument="moca"), "instrument-total-only"),
        ("another version", lambda c: c.update(version="2"), "version-unknown"),
        ("an item that is not there", lambda c: c["items"].update({"8": c["items"]["7"]}), "item-unknown"),
        ("an item without text", lambda c: c["items"]["2"].update(text=" "), "wording-empty"),
        ("an item left out", lambda c: c["items"].pop("3"), "item-missing"),
        ("an answer left out", lambda c: c["items"]["4"]["answers"].pop("2"), "answer-missing"),
        ("an answer too many", lambda c: c["items"]["4"]["answers"].update({"9": "x"}), "answer-not-accepted"),
        (
            "an answer that is no number",
            lambda c: c["items"]["4"]["answers"].update({"often": "x"}),
            "number-malformed",
        ),
        ("no licence", lambda c: c.pop("licence"), "pack-field-missing"),
        ("no source", lambda c: c.update(source=""), "pack-field-missing"),
        ("a locale that is none", lambda c: c.update(locale="../../etc"), "locale-malformed"),
        ("items that are no table", lambda c: c.update(items=["a"]), "pack-field-missing"),
        ("an item that is no table", lambda c: c["items"].update({"1": "a"}), "pack-field-malformed"),
        ("another format", lambda c: c.update(format="other"), "pack-format-unknown"),
    ],
)
def test_what_is_wrong_is_named(words, change, code):
    content = make_content()
    assert read_pack(copy.deepcopy(content)).pack is not None
    change(content)
    assert code in list_codes(content), words


@pytest.mark.parametrize("content", [None, [], "text", 3, {}])
def test_what_is_no_pack_at_all_is_refused(content):
    assert len(read_pack(content).problems) == 1


def test_a_pack_makes_the_form_and_the_form_makes_the_pack():
    pack = read_pack(make_content()).pack
    form = json.loads(json.dumps(build_questionnaire(get_instrument("gad7"), pack)))
    again = read_pack(form)
    assert again.problems == ()
    assert (again.pack.hash, again.pack.items, again.pack.locale) == (pack.hash, pack.items, "en-XX")


def test_a_form_whose_text_was_changed_is_refused():
    form = build_questionnaire(get_instrument("gad7"), read_pack(make_content()).pack)
    form["item"][0]["item"][2]["text"] = "Another"
    assert list_codes(form) == ["hash-wrong"]
    del form["identifier"]
    assert list_codes(form) == ["pack-malformed"]


@pytest.mark.parametrize("name", sorted(each.id for each in load_instruments().values() if each.scores))
def test_every_instrument_with_items_can_be_worded(name):
    content = make_content(name)
    reading = read_pack(content)
    assert reading.problems == ()
    assert build_questionnaire(get_instrument(name), reading.pack)["status"] == "active"
