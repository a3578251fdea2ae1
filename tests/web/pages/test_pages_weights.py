"""The page of the advice's weights: read by who reads protocols, signed by the medical director."""

from html import unescape
from typing import Any

import pytest

from afterglow.clinic.care.models import AdviceWeights
from afterglow.web.outlook.weighing import WORDS
from tests.web.pages.conftest import ROLES, SECRET

URL = "/protocols/how-the-advice-weighs/"
WHY = "Most of our people travel two hours and lose the day."
DEFAULTS = {
    "unwell_day": "1", "severity_day": "0.5", "visit_low": "0.5", "visit_middle": "1.5", "visit_high": "4",
    "adverse_event": "7", "adverse_per_session": "0.01", "exposure_per_session": "0.1",
}  # fmt: skip


def sign(client: Any, *, reason: str = WHY, secret: str = SECRET, version: int = 0, **weights: str) -> Any:
    fields = {**DEFAULTS, **weights, "reason": reason, "secret": secret, "version": str(version)}
    return client.post(URL, {"act": "change", **{f"weights-{name}": value for name, value in fields.items()}})


def restore(client: Any, *, reason: str = WHY, secret: str = SECRET, version: int = 1) -> Any:
    fields = {"reason": reason, "secret": secret, "version": str(version)}
    return client.post(URL, {"act": "restore", **{f"restore-{name}": value for name, value in fields.items()}})


def show(client: Any) -> str:
    response = client.get(URL)
    assert response.status_code == 200
    return unescape(response.content.decode())


def test_who_reads_protocols_sees_every_weight_with_unit_default_source_and_grade(sign_in: Any) -> None:
    text = show(sign_in("nurse"))
    for words, unit in WORDS.values():
        assert str(words) in text
        assert str(unit) in text
    assert text.count("site policy") >= 7
    assert "Clin Pharmacol Ther" in text
    assert "nobody has changed any" in text
    assert '<form class="card__body stack" method="post"' not in text
    assert sign_in("frontdesk").get(URL).status_code == 403


def test_it_is_reached_from_the_protocols(sign_in: Any) -> None:
    assert f'href="{URL}"' in sign_in("nurse").get("/protocols/").content.decode()


def test_the_medical_director_signs_weights_and_puts_the_defaults_back(sign_in: Any, staff: Any) -> None:
    director = sign_in("medical-director")
    assert sign(director, visit_middle="2,5").status_code == 302
    row = AdviceWeights.objects.get()
    assert (row.number, row.weights["visit_middle"], row.recorded_by) == (1, 2.5, staff["medical-director"])
    text = show(sign_in("nurse"))
    assert "The clinic's own weights of" in text
    assert text.count("site policy: the clinic's own") == 1
    assert WHY in text
    assert "1.5 → <b>2.5</b>" in text
    assert restore(director).status_code == 302
    text = show(director)
    assert "The defaults were put back." in text
    assert "site policy: the clinic's own" not in text
    assert AdviceWeights.objects.count() == 2


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"visit_low": "-1"}, "This weight cannot be -1. (0 to 28)"),
        ({"visit_high": "29"}, "This weight cannot be 29. (0 to 28)"),
        ({"visit_high": "inf"}, "Type a number"),
        ({"visit_high": "nan"}, "Type a number"),
        ({"visit_high": "dear"}, "Type a number"),
        ({"visit_high": ""}, "This field is required"),
        ({"unwell_day": "0"}, "This weight cannot be 0. (above 0, up to 10)"),
        ({"visit_low": "2"}, "The three visit costs must rise."),
        ({"severity_day": "0.6", "reason": "because"}, "Say why in a sentence"),
        ({"severity_day": "0.6", "reason": ""}, "This field is required"),
        ({"severity_day": "0.6", "secret": "wrong"}, "password or PIN is not right"),
        ({}, "These weights are in force already"),
    ],
)
def test_what_is_wrong_goes_back_under_its_field_and_nothing_is_stored(sign_in: Any, weights: Any, words: str) -> None:
    response = sign(sign_in("medical-director"), **weights)
    assert response.status_code == 422
    assert words in unescape(response.content.decode())
    assert not AdviceWeights.objects.exists()


def test_nobody_else_changes_them(sign_in: Any, staff: Any) -> None:
    for role in ROLES:
        if role != "medical-director":
            client = sign_in(role)
            assert sign(client, visit_middle="2").status_code == 403
            assert restore(client, version=0).status_code == 403
    assert not AdviceWeights.objects.exists()


def test_a_page_that_is_out_of_date_changes_nothing(sign_in: Any) -> None:
    director = sign_in("medical-director")
    sign(director, visit_middle="2")
    assert sign(director, visit_middle="3").status_code == 409
    assert restore(director, version=0).status_code == 409
    assert AdviceWeights.objects.count() == 1


def test_the_address_may_name_a_site_where_one_reads(sign_in: Any, site: Any, other_site: Any) -> None:
    director = sign_in("medical-director")
    assert director.get(URL, {"site": site.pk}).status_code == 200
    assert director.get(URL, {"site": other_site.pk}).status_code == 404
    assert director.get(URL, {"site": "nowhere\x00"}).status_code == 404
    assert director.post(f"{URL}?site={other_site.pk}", {"act": "change"}).status_code == 404
    assert director.post(URL, {"act": "unknown"}).status_code == 404


def test_weights_that_this_version_refuses_are_told_and_can_be_put_right(sign_in: Any, site: Any, staff: Any) -> None:
    director = sign_in("medical-director")
    sign(director, visit_middle="2")
    row = AdviceWeights.objects.get()
    AdviceWeights.objects.create(
        site=site, number=2, weights={"visit_low": 99}, reason=WHY, recorded_at=row.recorded_at,
        recorded_by=staff["medical-director"],
    )  # fmt: skip
    text = show(director)
    assert "no forecast is made until they are signed anew" in text
    assert sign(director, version=2, visit_middle="2").status_code == 302
    assert "no forecast is made" not in show(director)
