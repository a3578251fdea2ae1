"""Who works at two sites chooses one; every page then works there, with the role held there."""

import pytest
from django.test import Client

from afterglow.web.sites import SITE_COOKIE, get_site
from tests.web.security_support import House, build_house

pytestmark = pytest.mark.django_db


@pytest.fixture
def house() -> House:
    return build_house()


def read_bar(client: Client) -> str:
    return client.get("/account/").content.decode().partition("</header>")[0]


def find_shown(client: Client) -> str:
    """Return the site that the schedule works at."""
    return str(get_site(client.get("/schedule/").wsgi_request).pk)


def test_the_oldest_site_is_the_first_one_and_the_choice_moves_every_page(house: House) -> None:
    split, cast = house.client("split"), house.cast
    assert cast.site.name in read_bar(split)
    # front desk here: the board of the floor shows arrivals; a nurse elsewhere
    assert find_shown(split) == cast.site.pk
    assert split.post("/site/", {"site": cast.elsewhere.pk})["Location"] == "/"
    assert cast.elsewhere.name in read_bar(split)
    assert find_shown(split) == cast.elsewhere.pk
    assert split.post("/site/", {"site": cast.site.pk}).status_code == 302
    assert find_shown(split) == cast.site.pk


def test_a_site_where_one_holds_no_role_is_not_there(house: House) -> None:
    nurse = house.client("nurse")
    for wanted in (house.cast.elsewhere.pk, "", "\x00", "x" * 5000):
        assert nurse.post("/site/", {"site": wanted}).status_code == 404
    assert SITE_COOKIE not in nurse.cookies


def test_a_choice_of_somebody_else_on_this_browser_chooses_nothing(house: House) -> None:
    nurse = house.client("nurse")
    for kept in (house.cast.elsewhere.pk, "nonsense"):
        nurse.cookies[SITE_COOKIE] = kept
        assert find_shown(nurse) == house.cast.site.pk


def test_who_works_at_one_site_is_not_asked(house: House) -> None:
    page = house.client("nurse").get("/account/").content.decode()
    assert "/site/" not in page
    assert "Work at" not in page
