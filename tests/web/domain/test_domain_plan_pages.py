"""The pages of plan and order: a plan that is stopped, and an answer that holds the dose."""

from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.measures import actions as measures
from afterglow.clinic.measures.risk import find_stop
from afterglow.clinic.plans import actions as plans
from tests import factories
from tests.factories import NOW, Cast
from tests.support.measuring import ask
from tests.web.domain.test_domain_sweep import HOUR

pytestmark = pytest.mark.django_db


def read(cast: Cast, plan: Any, page: str) -> str:
    client = Client()
    client.force_login(cast.owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(reverse(f"web:{page}", args=[plan.patient_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_stopping_a_plan_without_visits_speaks_of_none(cast: Cast) -> None:
    page = read(cast, factories.make_plan(cast), "patient-plan-stop")
    assert "No visit is booked." in page
    assert "0 visits" not in page


def test_a_stopped_plan_shows_no_days_to_come(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    assert "if begun that day" in read(cast, plan, "patient-plan")
    plans.stop_plan(plan=plan, reason="no response", by=cast.owner, now=NOW + HOUR)
    assert "if begun that day" not in read(cast, plan, "patient-plan")


def test_the_order_s_page_names_the_answer_that_holds_the_dose(cast: Cast) -> None:
    plan = factories.make_plan(cast)
    form, _ = ask(plan.patient, cast.nurse)
    assert "item 9 = 1" not in read(cast, plan, "patient-order")
    measures.save_answer(form=form, item="9", value=1, now=NOW)
    held = find_stop(plan.patient, now=NOW)
    assert held is not None
    page = unescape(read(cast, plan, "patient-order"))
    assert held.seen in page
    assert held.asks in page
