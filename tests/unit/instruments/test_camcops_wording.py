"""Wording made from the published CamCOPS wheel; here its string files are invented, but for the opt-in test.

`AFTERGLOW_TEST_CAMCOPS=1` fetches the pinned release from the package registry and reads it.
"""

import os

import pytest
from defusedxml.common import DefusedXmlException

from afterglow.commands.wording.registry import fetch_release, find_link
from afterglow.instruments import load_instruments
from afterglow.instruments.camcops import get_release, make_pack, read_camcops, read_strings
from afterglow.terms import InvalidInput

ROW = {"task": "gad7", "instructions": "stem", "item": "q{id}", "answer": "a{value}"}
BOMB = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<resources><task><string name="q1">&b;</string></task></resources>"""
OUTSIDE = b"""<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<resources><task><string name="q1">&a;</string></task></resources>"""


def write_strings(**changes):
    texts = {"stem": "<b>Invented</b> stem\\nand more"}
    texts |= {f"q{n}": f"invented question {n}" for n in range(1, 8)} | {f"a{n}": f"invented {n}" for n in range(4)}
    rows = "".join(f'<string name="{name}">{text}</string>' for name, text in (texts | changes).items() if text)
    return f"<resources><task name='gad7'>{rows}</task></resources>".encode()


def test_strings_are_read_without_markup():
    assert read_strings(write_strings())["stem"] == "Invented stem and more"


@pytest.mark.parametrize("xml", [BOMB, OUTSIDE])
def test_entities_are_refused(xml):
    with pytest.raises(DefusedXmlException):
        read_strings(xml)


def test_a_pack_is_made_and_sealed():
    reading = make_pack("gad7", ROW, read_strings(write_strings()))
    assert reading.problems == ()
    assert reading.pack.instructions == "Invented stem and more"
    assert reading.pack.items["7"].text == "invented question 7"
    assert "gad7.xml" in reading.pack.source


def test_a_string_that_is_not_there_is_a_problem_and_never_an_empty_question():
    reading = make_pack("gad7", ROW, read_strings(write_strings(q3="")))
    assert reading.pack is None
    assert ("items.3.text", "wording-empty") in {(each.path, each.code) for each in reading.problems}


def test_another_file_than_the_pinned_one_is_refused():
    with pytest.raises(InvalidInput) as refusal:
        read_camcops(b"PK another wheel")
    assert refusal.value.problems[0].accepted == get_release().sha256


PAGE = "https://registry.example/simple/camcops-server/"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('<a href="../../files/wanted.whl#sha256=0">w</a>', "https://registry.example/files/wanted.whl"),
        ('{"files": [{"url": "https://files.example/wanted.whl"}]}', "https://files.example/wanted.whl"),
        ('<a href="https://files.example/unwanted.whl">u</a>', None),
    ],
)
def test_the_registrys_page_is_read_in_both_its_forms(text, found):
    assert find_link(text, PAGE, "wanted.whl") == found


@pytest.mark.skipif(
    not os.environ.get("AFTERGLOW_TEST_CAMCOPS"), reason="AFTERGLOW_TEST_CAMCOPS is not set: needs the network"
)
def test_the_published_release_words_what_the_map_names():
    readings = read_camcops(fetch_release(get_release()))
    assert {"phq9", "gad7", "pcl5", "audit", "audit-c", "hamd17"} <= set(readings)
    for name, reading in readings.items():
        assert reading.problems == (), name
        assert str(load_instruments()[name].mode) in ("ship", "ship-terms")
