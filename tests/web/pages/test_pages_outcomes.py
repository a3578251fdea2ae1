"""The outcomes page through the real stack: figures with their basis, small ones hidden, and the files of a release."""

import csv
import io
import zipfile
from typing import Any

import pytest
from django.test import Client

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.chain import parse_canonical
from afterglow.web.outcomes.parquet import render_parquet
from tests import factories
from tests.factories import Cast
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
    assert "40 % (22 to 61 %), 8 of 20" in shown  # Wilson by hand: (8 + 1.92) / (20 + 3.84) +/- ...
    assert "70 % (48 to 85 %), 14 of 20" in shown
    assert "wait for a second score" in shown
    assert "McInnes 2022" in shown
    assert "9,016" in shown
    assert "under 5" in shown
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
    assert (ends["ptsd", "response"]["count"], ends["ptsd", "response"]["hidden"]) == ("", "small")
    assert ends["trd", "response"]["count"] == ""  # or 7 would follow from the total
    assert all(row["as_of"] for row in rows)
    for row in rows:
        if row["table"] != "published" and row["count"]:
            assert int(row["count"]) == 0 or int(row["count"]) >= 11
    event = AuditEvent.objects.get(action="outcomes.released")
    assert parse_canonical(event.detail)["rule"] == "release"
    assert sign_in(cast.owner).post("/outcomes/tables/", {"format": "csv"}).status_code == 403
    parquet = zipfile.ZipFile(io.BytesIO(client.post("/outcomes/tables/", {"format": "parquet"}).content))
    assert parquet.read("outcomes.parquet")[:4] == b"PAR1"


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
