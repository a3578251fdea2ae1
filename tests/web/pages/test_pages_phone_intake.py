"""The public form: help first, a crisis stored at the first step, nothing lost, floods refused and told of."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from afterglow.clinic.audit.models import AuditEvent
from afterglow.clinic.checkins import doors
from afterglow.clinic.errors import Refused
from afterglow.clinic.referrals.models import Referral, ReferralEvent
from afterglow.clinic.sites.models import Site
from afterglow.clinic.tasks.models import Task
from afterglow.clinicday.checkin import load_checkin
from afterglow.clinicday.intake import load_intake
from tests.factories import make_cast

pytestmark = pytest.mark.django_db
FORM = re.compile(r'name="form" value="([^"]+)"')
PERSON = {
    "given_name": "Linden",
    "family_name": "Demo",
    "birth_on": "1996-04-01",
    "phone": "0660 1234567",
    "may_call": "yes",
    "asks": "Help with depression",
}
SAFE = {"crisis_harm": "no", "crisis_thoughts": "no", "crisis_today": "no"}


@pytest.fixture
def site() -> Any:
    cast = make_cast()
    Site.objects.exclude(pk=cast.site.pk).update(created_at=timezone.now())
    Site.objects.filter(pk=cast.site.pk).update(phone="555 0100", emergency_number="911", crisis_line="988")
    cast.site.refresh_from_db()
    return cast.site


@pytest.fixture
def client(site: Any) -> Client:
    return Client()


def read(answer: Any) -> str:
    return str(answer.content.decode())


def fill(client: Client, page: Any = None, **fields: str) -> Any:
    """Send a step of the form with the hidden field that its page gave."""
    page = page or client.get("/intake/")
    found = FORM.search(read(page))
    assert found is not None
    return client.post("/intake/?language=en", {"form": found[1], "language": "en", **fields})


def send_whole(client: Client, **changes: str) -> Any:
    """Walk both steps."""
    first = fill(client, step="first", **SAFE)
    return fill(client, first, step="all", **{**SAFE, **PERSON, **changes})


def test_help_stands_before_the_first_field_and_says_when_nobody_reads(client: Client) -> None:
    page = read(client.get("/intake/"))
    first_field = page.index('type="radio"')
    for words in ("tel:911", "tel:988", "tel:5550100"):
        assert page.index(words) < first_field
    assert min(page.find("Nobody reads"), page.find("nobody reads")) < first_field
    assert "Nobody reads" in page or "nobody reads" in page


def test_a_whole_form_becomes_a_referral_once(client: Client) -> None:
    first = fill(client, step="first", **SAFE)
    answers = [fill(client, first, step="all", **SAFE, **PERSON) for _ in range(3)]
    assert {answer["Location"] for answer in answers} == {"/intake/done/?language=en"}
    referral = Referral.objects.get()
    assert (referral.family_name, referral.source, referral.urgency) == ("Demo", "public-form", "routine")
    assert "Thank you, we have it" in read(client.get("/intake/done/"))


def test_a_crisis_is_stored_at_the_first_step_with_nothing_else_filled_in(client: Client) -> None:
    answer = fill(client, step="first", crisis_today="yes")
    page = read(answer)
    assert answer.status_code == 200
    assert page.index("tel:911") < page.index('name="phone"')
    assert "the team was told at" in page
    assert Referral.objects.get().urgency == "crisis"
    assert Task.objects.get(kind="crisis-call").priority == "urgent"


def test_a_crisis_with_letters_that_a_database_refuses_is_stored_with_marks_in_their_place(client: Client) -> None:
    answer = fill(client, step="first", crisis_today="yes", given_name="Lin\x00den", phone="\x1b0660 1234567")
    assert answer.status_code == 200
    kept = ReferralEvent.objects.get(kind="received").text
    assert "Lin\ufffdden" in kept
    assert not any(letter in kept for letter in "\x00\x1b")


def test_a_number_given_after_a_crisis_joins_the_same_referral(client: Client) -> None:
    page = fill(client, step="first", crisis_today="yes")
    fill(client, page, step="first", crisis_today="yes", phone="0660 1234567", may_call="yes", given_name="Linden")
    referral = Referral.objects.get()
    assert (referral.phone, referral.given_name, referral.may_call) == ("0660 1234567", "Linden", True)


def test_a_crisis_is_stored_even_from_a_page_that_was_open_too_long(site: Any) -> None:
    answer = Client().post("/intake/", {"step": "first", "crisis_harm": "yes", "website": "filled by a machine"})
    assert "tel:911" in read(answer)
    assert Referral.objects.get().urgency == "crisis"


def test_thoughts_without_a_plan_show_help_and_go_on(client: Client) -> None:
    page = fill(client, step="first", crisis_harm="no", crisis_thoughts="yes", crisis_today="no")
    assert page.status_code == 200
    assert "Help is there at all hours" in read(page)
    fill(client, page, step="all", crisis_harm="no", crisis_thoughts="yes", crisis_today="no", **PERSON)
    assert Referral.objects.get().urgency == "urgent"


def test_nothing_is_lost_when_a_field_is_wrong(client: Client) -> None:
    answer = send_whole(client, birth_on="2999-01-01", history="Since 2019 & <worse>", medicine_1_name="Sertraline")
    page = read(answer)
    assert answer.status_code == 422
    assert "This day is not possible." in page
    assert 'id="birth_on-error"' in page
    for kept in ('value="Linden"', 'value="Sertraline"', "Since 2019 &amp; &lt;worse&gt;", 'value="2999-01-01"'):
        assert kept in page
    assert not Referral.objects.exists()
    assert fill(client, answer, step="all", **SAFE, **PERSON).status_code == 302


def test_the_summary_names_each_field_and_leads_to_it(client: Client) -> None:
    page = read(send_whole(client, birth_on="2999-01-01", asks=""))
    summary = page[page.index('class="problems"') : page.index("<form id=")]
    for name in ("birth_on", "asks"):
        label = find_label(name)
        assert f'<a href="#{name}">{label}</a>: ' in summary
        assert f'id="{name}"' in page


def find_label(name: str) -> str:
    field = load_intake().find_field(name)
    assert field is not None
    return field.label["en"]


def test_the_page_s_own_back_leads_to_the_first_step_and_loses_nothing(client: Client) -> None:
    refused = send_whole(client, birth_on="2999-01-01", history="Since 2019")
    assert 'name="back"' in read(refused)
    back = fill(client, refused, step="all", back="yes", **{**SAFE, **PERSON, "history": "Since 2019"})
    page = read(back)
    assert back.status_code == 200
    assert 'name="step" value="first"' in page
    for kept in ('name="crisis_harm" value="no" checked', 'value="Linden"', 'name="history" value="Since 2019"'):
        assert kept in page
    assert not Referral.objects.exists()
    again = fill(client, back, step="first", **{**SAFE, **PERSON, "history": "Since 2019"})
    assert "Since 2019" in read(again)


def test_back_may_show_a_step_again_and_the_last_page_lets_the_browser_forget_it(client: Client) -> None:
    first = fill(client, step="first", **SAFE)
    refused = fill(client, first, step="all", **{**SAFE, **PERSON, "birth_on": "2999-01-01"})
    for page in (client.get("/intake/"), first, refused):
        assert page["Cache-Control"] == "private, no-cache"
        assert "Linden" not in page.request["QUERY_STRING"]
    done = client.get("/intake/done/")
    assert (done["Cache-Control"], done["Clear-Site-Data"]) == ("no-store", '"cache"')


def test_the_page_of_a_crisis_is_kept_by_no_browser(client: Client) -> None:
    assert fill(client, step="first", crisis_today="yes")["Cache-Control"] == "no-store"


def test_the_language_changes_without_losing_a_word(client: Client) -> None:
    first = fill(client, step="first", **SAFE)
    page = read(fill(client, first, step="all", switch="es", **SAFE, **PERSON))
    assert '<html lang="es">' in page
    assert 'value="Linden"' in page
    assert "Traducción provisional" in page
    assert not Referral.objects.exists()


def test_a_machine_that_fills_every_field_is_thanked_and_not_stored(client: Client) -> None:
    first = fill(client, step="first", **SAFE)
    answer = fill(client, first, step="all", website="http://buy", **SAFE, **PERSON)
    assert answer.status_code == 302
    assert not Referral.objects.exists()


def test_a_form_that_is_not_this_pages_is_shown_again_with_what_was_typed(site: Any, client: Client) -> None:
    client.get("/intake/")
    answer = client.post("/intake/", {"step": "all", "form": "forged", **SAFE, **PERSON})
    assert answer.status_code == 403
    assert 'value="Linden"' in read(answer)
    assert not Referral.objects.exists()


def test_a_flood_from_one_address_is_refused_calmly_and_others_still_get_through(client: Client) -> None:
    limit = load_checkin().policy["intake_form_an_address"].value
    answers = [send_whole(Client(), given_name=f"Person{number}") for number in range(limit + 2)]
    assert [answer.status_code for answer in answers] == [302] * limit + [429] * 2
    page = read(answers[-1])
    assert "tel:5550100" in page
    assert "Too many forms came at once" in page
    assert Referral.objects.count() == limit
    assert AuditEvent.objects.filter(action="intake.flood").count() == 1
    elsewhere = Client(REMOTE_ADDR="203.0.113.9")
    assert send_whole(elsewhere, given_name="Honest").status_code == 302


def test_a_flood_of_forms_does_not_stop_a_crisis(client: Client) -> None:
    for number in range(load_checkin().policy["intake_form_an_address"].value + 1):
        send_whole(Client(), given_name=f"Person{number}")
    fill(client, step="first", crisis_today="yes")
    assert Referral.objects.filter(urgency="crisis").count() == 1


def test_a_flood_of_crises_still_shows_the_numbers(client: Client) -> None:
    limit = load_checkin().policy["intake_crisis_an_address"].value
    answers = [fill(Client(), step="first", crisis_today="yes") for _ in range(limit + 1)]
    assert answers[-1].status_code == 429
    assert "tel:911" in read(answers[-1])
    assert "could not store" in read(answers[-1])
    assert Referral.objects.count() == limit


def test_both_limits_name_their_finding(site: Any) -> None:
    now, policy = timezone.now(), load_checkin().policy
    for number in range(policy["intake_form_in_all"].value):
        doors.pass_intake(site=site, address=f"192.0.2.{number}", is_crisis=False, now=now)
    with pytest.raises(Refused) as refused:
        doors.pass_intake(site=site, address="198.51.100.1", is_crisis=False, now=now)
    assert [finding.rule for finding in refused.value.findings] == ["IN-2"]
    later = now + doors.STRETCH
    doors.pass_intake(site=site, address="198.51.100.1", is_crisis=False, now=later)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"given_name": "L" * 50_000}, 422),
        ({"given_name": "a\x00b"}, 422),
        ({"phone": "none"}, 422),
        ({"email": "not an address"}, 422),
        ({"asks": ""}, 422),
        ({"phq9_total": "20"}, 302),
        ({"history": "x" * 300_000}, 413),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field(client: Client, changes: dict[str, str], status: int) -> None:
    answer = send_whole(client, **changes)
    assert answer.status_code == status
    assert Referral.objects.exists() is (status == 302)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_a_wrong_method_is_calm(client: Client, method: str) -> None:
    assert getattr(client, method)("/intake/").status_code == 405
