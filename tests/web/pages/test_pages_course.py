"""One patient's way over the pages: history, screening, consent, plan, order, session; and each refusal on it."""

from datetime import UTC, date, datetime, timedelta
from html import unescape
from re import findall
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from afterglow.clinic.people.models import HistoryFact
from afterglow.clinic.plans.models import Plan
from afterglow.web.forms.facts import GROUPS, list_specs
from tests.web.pages.conftest import SECRET, make_user

TOPICS = ["goals", "benefits", "risks", "alternatives", "off-label", "expectations"]
BENIGN: dict[str, str] = {
    "person.sex": "male",
    "person.has_escort": "yes",
    "person.has_capacity": "yes",
    "history.substance_use_disorder": "none",
    "history.bipolar": "none",
    "history.child_pugh": "none",
    "airway.mallampati": "1",
    "suicide.ideation": "0",
    "suicide.behaviour": "none",
    "scales.phq9.total": "19",
    "scales.phq9.item9": "0",
    "scales.gad7.total": "12",
    "scales.luts.total": "1",
    "scales.stop_bang.total": "1",
    "scales.dast10.total": "0",
    "scales.audit_c.total": "1",
}


class Clinic:
    """The pages as one role after the other uses them."""

    def __init__(self, sign_in: Any, patient: Any) -> None:
        self.sign_in, self.patient = sign_in, patient

    def post(self, role: str, page: str, /, *more: str, **fields: Any) -> Any:
        return self.sign_in(role).post(reverse(f"web:{page}", args=[self.patient.pk, *more]), fields)

    def get(self, role: str, page: str, /, *more: str) -> Any:
        return self.sign_in(role).get(reverse(f"web:{page}", args=[self.patient.pk, *more]))

    def record_benign_history(self) -> None:
        at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()[:16]
        for kind, value in (("weight", "72"), ("height", "175"), ("heart-rate", "70"), ("spo2", "98")):
            assert (
                self.post("nurse", "patient-entry", "measurement", kind=kind, value=value, observed_at=at).status_code
                == 302
            )
        assert (
            self.post(
                "nurse",
                "patient-entry",
                "measurement",
                kind="blood-pressure",
                value="124",
                second_value="78",
                observed_at=at,
            ).status_code
            == 302
        )
        for kind in ("allergy", "medication"):
            assert self.post("nurse", "patient-entry-none", kind).status_code == 302
        for drug, dose in (("escitalopram", "20"), ("venlafaxine", "225")):
            fields = {"drug": drug, "dose_mg": dose, "weeks": "10", "outcome": "none", "is_current_episode": "yes"}
            assert self.post("prescriber", "patient-entry", "trial", **fields).status_code == 302
        assert (
            self.post("prescriber", "patient-entry", "problem", display="Depression", code="F33.2").status_code == 302
        )
        for group in GROUPS:
            if group not in ("today", "course"):
                response = self.post("nurse", "patient-facts", group, **fill(group))
                assert response.status_code == 302, (group, response.content.decode()[:4000])

    def make_eligible(self) -> None:
        self.record_benign_history()
        self.post("nurse", "patient-screening", act="run", protocol_id="iv-racemic", indication="trd")
        response = self.post("prescriber", "patient-screening", act="eligible", reason="")
        assert response.status_code == 302, list_errors(response)

    def give_consent(self) -> None:
        held = (datetime.now(UTC) - timedelta(hours=3)).isoformat()[:16]
        talk = {"talk-topics": TOPICS, "talk-has_capacity": "yes", "talk-held_at": held}
        assert self.post("prescriber", "patient-consents", act="talk", **talk).status_code == 302
        assert self.sign_consent("Zoë Müller-Beispiel").status_code == 302

    def sign_consent(self, name: str, secret: str = SECRET) -> Any:
        from afterglow.clinic.consents.texts import list_current_texts

        text = next(item for item in list_current_texts("en") if "iv" in item.routes)
        fields = {"sign-text": text.pk, "sign-typed_name": name, "sign-secret": secret}
        return self.post("nurse", "patient-consents", act="sign", **fields)

    def sign_plan(self, secret: str = SECRET) -> Any:
        if not self.patient.plans.filter(state="draft").exists():
            self.post("prescriber", "patient-plan", act="begin", protocol_id="iv-racemic", indication="trd")
        return self.post("prescriber", "patient-plan", act="sign", **{"sign-secret": secret})


def fill(group: str) -> dict[str, Any]:
    """Return an answer that no rule minds for every fact of a group."""
    answers: dict[str, Any] = {}
    for spec in list_specs(group).values():
        if spec.name in BENIGN:
            answers[spec.name] = BENIGN[spec.name]
        elif spec.type == "bool":
            answers[spec.name] = "yes" if spec.name.startswith("workup.") else "no"
        elif spec.type == "code" and "result" in spec.name:
            answers[spec.name] = next(
                word for word in ("negative", "normal", "nothing-unexpected", *spec.choices) if word in spec.choices
            )
    return answers


def list_errors(response: Any) -> list[str]:
    return [
        unescape(text)
        for text in findall(r'field__error"[^>]*>.*?</svg>(.*?)</p>|<li>(.*?)</li>', response.content.decode())
    ][:20]


@pytest.fixture
def clinic(sign_in, patient) -> Clinic:
    return Clinic(sign_in, patient)


def test_unknown_is_shown_as_missing_and_leads_to_where_it_is_recorded(clinic):
    clinic.post("nurse", "patient-screening", act="run", protocol_id="iv-racemic", indication="trd")
    html = clinic.get("prescriber", "patient-screening").content.decode()
    assert "Missing information" in html
    assert "unknown is never read as normal" in html
    assert reverse("web:patient-facts", args=[clinic.patient.pk, "history"]) in html
    response = clinic.post("prescriber", "patient-screening", act="eligible", reason="")
    assert response.status_code == 422
    assert "still open" in response.content.decode().lower()


def test_a_patient_walks_from_history_to_an_open_session(clinic):
    clinic.make_eligible()
    clinic.give_consent()
    response = clinic.sign_plan()
    assert response.status_code == 302, list_errors(response)
    plan = Plan.objects.get(state="signed")
    assert "Signed" in clinic.get("prescriber", "patient-plan").content.decode()
    consent = clinic.patient.consents.get()
    assert clinic.post("nurse", "patient-consents", act="confirm", consent=consent.pk).status_code == 302
    page = clinic.post(
        "prescriber", "patient-order", act="work-out", dose_mg_per_kg="0.5", vial_mg_per_ml="50", diluent_ml="100"
    )
    assert "36" in page.content.decode()
    signed = clinic.post("prescriber", "patient-order", act="sign", dose_mg_per_kg="0.5", **{"sign-secret": SECRET})
    assert signed.status_code == 302, list_errors(signed)
    assert clinic.patient.session_orders.get().plan == plan
    opened = clinic.post("nurse", "patient-order", act="open-session", place="Room 1")
    assert opened.status_code == 302, list_errors(opened)
    session = clinic.patient.sessions.get()
    assert opened["Location"] == reverse("web:session", args=[session.pk])
    assert clinic.patient.session_orders.get().session == session
    for name in ("patient", "patient-sessions", "patient-order", "patient-plan"):
        assert clinic.get("nurse", name).status_code == 200
    assert session.place in clinic.sign_in("nurse").get("/").content.decode()
    assert clinic.sign_in("nurse").get(reverse("web:session-order", args=[session.pk])).status_code == 302


def test_a_signed_plan_is_read_only_until_a_new_version_begins(clinic):
    clinic.make_eligible()
    clinic.give_consent()
    clinic.sign_plan()
    assert 'id="plan-form"' not in clinic.get("prescriber", "patient-plan").content.decode() or (
        'name="dose_mg_per_kg"' not in clinic.get("prescriber", "patient-plan").content.decode()
    )
    assert clinic.post("prescriber", "patient-plan", act="store", dose_mg_per_kg="0.7").status_code == 404
    assert clinic.post("prescriber", "patient-plan", act="begin").status_code == 302
    assert Plan.objects.filter(state="draft").count() == 1
    assert "draft 2" in clinic.get("prescriber", "patient-plan").content.decode()
    assert (
        clinic.sign_in("prescriber")
        .get(reverse("web:patient-plan", args=[clinic.patient.pk]) + "?version=1")
        .status_code
        == 200
    )


def test_a_plan_is_not_signed_with_a_wrong_secret_or_by_a_nurse(clinic):
    clinic.make_eligible()
    clinic.give_consent()
    wrong = clinic.sign_plan("not the passphrase")
    assert wrong.status_code == 422
    assert Plan.objects.get().state == "draft"
    assert clinic.post("nurse", "patient-plan", act="sign", **{"sign-secret": SECRET}).status_code == 403
    assert Plan.objects.get().state == "draft"


def test_a_plan_without_consent_or_decision_is_refused_with_the_reason(clinic):
    response = clinic.sign_plan()
    assert response.status_code == 422
    assert "nobody has decided" in response.content.decode()
    assert Plan.objects.get().state == "draft"


@pytest.mark.parametrize("name", ["Zoë", "somebody else", "x" * 500, "\x00"])
def test_a_typed_name_that_is_not_the_patients_is_no_signature(name, clinic):
    clinic.post(
        "prescriber",
        "patient-consents",
        act="talk",
        **{
            "talk-topics": TOPICS,
            "talk-has_capacity": "yes",
            "talk-held_at": (datetime.now(UTC) - timedelta(hours=3)).isoformat()[:16],
        },
    )
    response = clinic.sign_consent(name)
    assert response.status_code == 422
    assert not clinic.patient.consents.exists()


def test_no_signature_before_the_talk(clinic):
    assert clinic.sign_consent("Zoë Müller-Beispiel").status_code == 422
    assert "The talk comes first" in clinic.get("nurse", "patient-consents").content.decode()


def test_a_withdrawn_consent_stays_and_says_so(clinic):
    clinic.make_eligible()
    clinic.give_consent()
    consent = clinic.patient.consents.get()
    response = clinic.post(
        "nurse", "patient-consents", act="withdraw", consent=consent.pk, **{f"withdraw-{consent.pk}-reason": "asked to"}
    )
    assert response.status_code == 302
    assert "withdrawn" in clinic.get("nurse", "patient-consents").content.decode()
    text = clinic.get("nurse", "consent-text", consent.pk)
    assert text.status_code == 200
    assert "Withdrawn" in text.content.decode()


def test_an_override_needs_cause_mitigation_expiry_and_reason(clinic):
    clinic.record_benign_history()
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()[:16]
    clinic.post(
        "nurse", "patient-entry", "measurement", kind="blood-pressure", value="168", second_value="102", observed_at=at
    )
    clinic.post("nurse", "patient-screening", act="run", protocol_id="iv-racemic", indication="trd")
    run = clinic.patient.screening_runs.get()
    stop = next(item for item in run.findings if item["severity"] == "stop" and item["override"] != "none")
    rule = stop["rule"]
    short = {f"override-{rule}-reason": "White coat"}
    response = clinic.post("medical-director", "patient-screening", act="override", rule=rule, **short)
    html = response.content.decode()
    assert response.status_code == 422
    assert "White coat" in html
    assert html.count("field__error") >= 3
    whole = {
        f"override-{rule}-reason": "Measured twice at home this morning, normal both times.",
        f"override-{rule}-cause": "measurement-artefact",
        f"override-{rule}-mitigation": "Recheck before the dose",
        f"override-{rule}-expires_on": (date.today() + timedelta(days=7)).isoformat(),
    }
    response = clinic.post("medical-director", "patient-screening", act="override", rule=rule, **whole)
    assert response.status_code == 302, list_errors(response)
    assert "Overridden" in clinic.get("nurse", "patient-screening").content.decode()
    assert clinic.post("medical-director", "patient-screening", act="undo", rule=rule).status_code == 302
    assert run.overrides.get().withdrawn_at is not None


@pytest.mark.parametrize("act", ["", "\x00", "delete", "run\x00", "eligible"])
def test_an_act_the_page_does_not_know_is_not_found(act, clinic):
    assert clinic.post("prescriber", "patient-screening", act=act).status_code == 404


@pytest.mark.parametrize("kind", ["allergy", "problem", "medication", "trial", "measurement", "preference"])
def test_no_entry_breaks_a_page(kind, clinic):
    nurse = clinic.sign_in("nurse")
    address = reverse("web:patient-entry", args=[clinic.patient.pk, kind])
    names = set(findall(r'name="([a-z_]+)"', nurse.get(address).content.decode())) - {"csrfmiddlewaretoken"}
    for text in ("\x00", "1e400", "-5", "NaN", "9" * 300, "<b>", "2026-99-99"):
        assert nurse.post(address, dict.fromkeys(names, text)).status_code in (302, 422), text


def test_identity_changed_by_two_is_kept_from_the_second(clinic):
    fields = {"family_name": "Müller", "given_name": "Zoë", "birth_on": "1983-04-12", "version": "1", "act": "identity"}
    assert clinic.post("frontdesk", "patient-identity", **fields).status_code == 302
    fields["family_name"] = "Other"
    assert clinic.post("nurse", "patient-identity", **fields).status_code == 409
    clinic.patient.refresh_from_db()
    assert clinic.patient.family_name == "Müller"


def test_an_entry_is_ended_once_and_never_by_another_site(clinic, other_site):
    clinic.post("nurse", "patient-entry", "medication", name="Sertraline", dose_text="50 mg")
    row = clinic.patient.medicationstatement_set.get()
    address = reverse("web:patient-entry-end", args=[clinic.patient.pk, "medication", row.pk])
    far = Client()
    far.force_login(
        make_user("far", other_site, "nurse"), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert far.post(address).status_code == 404
    assert clinic.sign_in("nurse").post(address).status_code == 302
    assert clinic.sign_in("nurse").post(address).status_code == 404


def test_an_answer_is_never_lost_when_it_changes(clinic):
    for word in ("yes", "unknown", "no"):
        assert clinic.post("nurse", "patient-facts", "history", **{"history.aneurysm": word}).status_code == 302
    rows = HistoryFact.objects.filter(patient=clinic.patient, name="history.aneurysm").order_by("recorded_at")
    assert [row.value for row in rows] == [True, None, False]
    assert [row.ended_at is None for row in rows] == [False, False, True]
