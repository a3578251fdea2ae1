"""The outcomes page through the real stack: figures with their basis, small ones hidden, and the files of a release."""

import csv
import io
import re
import zipfile
from typing import Any

import pytest
from django.test import Client

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.chain import parse_canonical
from afterglow.clinic.outcomes.counting import _kept
from afterglow.clinic.outcomes.models import CourseScore, CourseSummary
from afterglow.web.outcomes.parquet import render_parquet
from tests import factories
from tests.factories import Cast
from tests.support.parquet_reading import read_parquet
from tests.web.domain.test_domain_outcomes import make_summaries

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    return factories.make_cast()


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def test_page_shows_figures_with_their_basis_and_hides_small_groups(cast: Cast) -> None:
    client = sign_in(cast.director)
    empty = client.get("/outcomes/").content.decode()
    assert "No course with a first dose" in empty
    assert "0 %" not in empty.replace("80 %", "").replace("100 %", "")
    make_summaries(cast, None, [True] * 8 + [False] * 6 + [None] * 6)
    make_summaries(cast, None, [True] * 6 + [False] * 6, "ptsd")
    make_summaries(cast, None, [True, False], "ocd")
    shown = client.get("/outcomes/?period=all").content.decode()
    # 8 of 20 is 6 to 10 of 16 to 20, worked out as 8 of 18; 14 of 20 as 13 of 18
    assert "44 % (21 to 71 %), 6–10 of 16–20" in shown
    assert "72 % (41 to 94 %), 11–15 of 16–20" in shown
    assert "Wait for a second score" in shown
    assert "McInnes 2022" in shown
    assert "9,016" in shown
    assert "1–5 people: no figures" in shown
    assert "As of" in shown
    assert " style=" not in shown
    assert "<script" not in shown.split("<main", 1)[1]
    assert client.get("/outcomes/?condition=gout").status_code == 422
    assert "Estimand" not in client.get("/outcomes/method/").content.decode()


def test_release_hides_more_is_written_down_and_says_why_a_cell_is_empty(cast: Cast) -> None:
    make_summaries(cast, None, [True] * 20 + [False] * 25)
    make_summaries(cast, None, [True] * 7 + [False] * 30, "ptsd")
    client = sign_in(cast.manager)
    answer = client.post("/outcomes/tables/", {"format": "csv"})
    assert answer.status_code == 200
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert set(archive.namelist()) == {"outcomes.csv", "dictionary.csv", "README.txt"}
    rows = list(csv.DictReader(io.StringIO(archive.read("outcomes.csv").decode())))
    columns = [row["column"] for row in csv.DictReader(io.StringIO(archive.read("dictionary.csv").decode()))]
    assert list(rows[0]) == columns
    ends = {(row["condition"], row["measure"]): row for row in rows if row["table"] == "end-of-induction"}
    assert pick(ends["ptsd", "response"]) == ("1", "10", "31", "40", "", "few")  # 7 of 37
    assert pick(ends["trd", "response"]) == ("11", "20", "41", "50", "34.1", "")  # 20 of 45, as 15.5 of 45.5
    assert all(row["as_of"] for row in rows)
    for row in rows:
        if row["table"] != "published":
            for name in ("count", "total"):
                low, high = row[f"{name}_from"], row[f"{name}_to"]
                # nobody, nothing told, or a band of ten: 1 to 10, 11 to 20 ...
                assert (low, high) in (("0", "0"), ("", "")) or (int(low) % 10, int(high) - int(low)) == (1, 9)
    event = AuditEvent.objects.get(action="outcomes.released")
    assert parse_canonical(event.detail)["rule"] == "release"
    assert sign_in(cast.owner).post("/outcomes/tables/", {"format": "csv"}).status_code == 403


def pick(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("count_from", "count_to", "total_from", "total_to", "percent", "hidden"))


def download(client: Client, name: str, score: str = "phq9") -> bytes:
    answer = client.post("/outcomes/tables/", {"format": name, "score": score})
    return zipfile.ZipFile(io.BytesIO(answer.content)).read(f"outcomes.{name}")


def read_csv(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_parquet_file_holds_what_the_csv_holds(cast: Cast) -> None:
    make_summaries(cast, None, [True] * 20 + [False] * 25)
    make_summaries(cast, None, [True, False], "ocd")
    client = sign_in(cast.manager)
    written = read_csv(download(client, "csv"))
    read = read_parquet(download(client, "parquet"))
    as_text = [{name: "" if value is None else str(value) for name, value in row.items()} for row in read]
    for one, other in zip(written, as_text, strict=True):
        assert one | {"as_of": ""} == other | {"as_of": ""}
    assert {type(row["total_to"]) for row in read} == {int, type(None)}
    assert {type(row["percent"]) for row in read} == {float, type(None)}


# how many were watched and relapsed, the scale, and the row of the file that says why there is no curve
NO_CURVES = {
    "nobody was watched": ([], "phq9", ("0", "0", "none due")),
    "few were watched": ([True] * 3, "phq9", ("1", "10", "few due")),
    "few have relapsed": ([True] * 18, "phq9", ("11", "20", "few")),
    "the scale has no rule": ([True] * 18, "gad7", ("", "", "no rule")),
}


@pytest.mark.parametrize(("responses", "score", "expected"), NO_CURVES.values(), ids=NO_CURVES)
def test_release_says_in_a_row_why_there_is_no_curve(cast: Cast, responses, score, expected) -> None:
    make_summaries(cast, None, responses)
    rows = [row for row in read_csv(download(sign_in(cast.manager), "csv", score)) if row["table"] == "relapse"]
    (row,) = [row for row in rows if row["measure"] == "without-relapse"]
    assert (row["total_from"], row["total_to"], row["hidden"]) == expected
    assert (row["percent"], row["count_to"]) == ("", "")


def test_release_gives_the_curve_by_bands_with_its_interval_and_shares_of_completeness_with_theirs(cast: Cast) -> None:
    make_summaries(cast, None, [True] * 60)
    rows = read_csv(download(sign_in(cast.manager), "csv"))
    curve = [row for row in rows if row["measure"] == "without-relapse"]
    assert [row["at"] for row in curve[:3]] == ["w0", "w4", "w8"]
    assert curve[0]["percent"] == "100.0"
    assert all(row["total_from"] != "1" and row["hidden"] == "" for row in curve)
    assert any(row["low_percent"] and row["high_percent"] for row in curve)
    bladder = next(row for row in rows if row["measure"] == "bladder")
    assert pick(bladder) == ("21", "30", "51", "60", "45.9", "")  # 30 of 60, as 25.5 of 55.5
    assert float(bladder["low_percent"]) < 45.9 < float(bladder["high_percent"])


def test_clinics_whose_counts_lie_in_the_same_bands_have_the_same_page_and_the_same_files(cast: Cast) -> None:
    # a page of 31 people of whom 30 responded is that of 34 of whom 28 did: what is left over, 1 or 6, stays untold
    make_summaries(cast, None, [True] * 30 + [False])
    first = see(cast)
    wipe()
    make_summaries(cast, None, [True] * 28 + [False] * 6)
    second = see(cast)
    assert first == second
    wipe()
    make_summaries(cast, None, [True] * 24 + [False] * 10)
    assert see(cast) != first


def wipe() -> None:
    for model in (CourseSummary, CourseScore):
        model.objects.all().delete()


def see(cast: Cast) -> tuple[str, ...]:
    """Return what the cards and tables of a page say of people, and the rows of the release."""
    _kept.clear()
    shown = sign_in(cast.director).get("/outcomes/?period=all").content.decode()
    cards = [re.search(rf'aria-labelledby="{name}".*?</section>', shown, re.DOTALL) for name in ("o-ends", "o-asked")]
    assert all(cards)
    ends = [row for row in read_csv(download(sign_in(cast.manager), "csv")) if row["table"] == "end-of-induction"]
    return (*(card[0] for card in cards if card), *(str(pick(row)) for row in ends))


def test_researcher_sees_the_page_by_the_rule_of_a_release_and_can_choose_the_scale_alone(cast: Cast) -> None:
    make_summaries(cast, None, [True] * 20 + [False] * 25)
    make_summaries(cast, None, [True] * 7, "ocd")
    client = sign_in(factories.make_user("rhea", cast.site, "researcher"))
    shown = client.get("/outcomes/").content.decode()
    assert "34 % (" in shown
    assert "11–20 of 41–50" in shown
    assert "1–10 people: no figures" in shown
    assert "CMS cell rule" in shown
    assert 'name="score"' in shown
    for part in ("period", "condition", "way", "site"):
        assert f'name="{part}"' not in shown
        assert client.get(f"/outcomes/?{part}=trd").status_code == 422
    refused = client.get("/outcomes/?period=2026").content.decode()
    assert "no such period here: 2026; there is all" in refused


def test_parquet_file_is_the_one_that_other_programs_read() -> None:
    # these bytes were read back by pyarrow and DuckDB: see docs/outcomes.md
    found = render_parquet(["w", "n", "x"], [str, int, float], [["é", 1, 0.5], [None, None, None], ["b", -2, -1.5]])
    assert found.hex() == GOLDEN


GOLDEN = (
    "504152311500152215222c1506150015061506000002000000030502000000c3a901000000621500152c152c2c1506150015"
    "06150600000200000003050100000000000000feffffffffffffff1500152c152c2c15061500150615060000020000000305"
    "000000000000e03f000000000000f8bf1502194c48086f7574636f6d6573150600150c25021801772500001504250218016e"
    "00150a2502180178001606191c193c26081c150c1925000619180177150016061644164426080000264c1c15041925000619"
    "18016e15001606164e164e264c0000269a011c150a192500061918017815001606164e164e269a01000016e0011606002809"
    "6166746572676c6f77009000000050415231"
)
