"""Addresses of the pages; identifiers are opaque and nothing about a patient stands in an address."""

from django.urls import include, path

from afterglow.web import converters  # noqa: F401 - registers the converters
from afterglow.web.outlook import views as outlook
from afterglow.web.outlook import weighing
from afterglow.web.predictions import views as predictions
from afterglow.web.views import (
    account,
    audit,
    chart,
    consents,
    entries,
    home,
    lock,
    orders,
    patients,
    plan_stop,
    plans,
    protocols,
    screening,
)
from afterglow.web.views import help as help_views

app_name = "web"

PATIENT = "patients/<opaque:patient_id>/"

urlpatterns = [
    path("", home.show_today, name="home"),
    # one's own sign-in and screen
    path("theme/", account.choose_theme, name="theme"),
    path("site/", account.choose_site, name="site"),
    path("shortcuts/", account.choose_shortcuts, name="shortcuts"),
    path("sign-out/", account.sign_out, name="sign-out"),
    path("locked/", lock.show_locked, name="locked"),
    path("lock/", lock.lock_now, name="lock"),
    path("pin/", lock.change_pin, name="pin"),
    path("set-up/<str:token>/", lock.set_up, name="set-up"),
    path("help/", help_views.show_help, name="help"),
    # people
    path("patients/", patients.list_patients, name="patients"),
    path("patients/register/", patients.register, name="patient-register"),
    path(PATIENT, chart.show_glance, name="patient"),
    path(PATIENT + "forecast/", outlook.show_forecast, name="patient-forecast"),
    path(PATIENT + "next-treatment/", outlook.decide, name="patient-next-treatment"),
    path(PATIENT + "identity/", patients.edit_identity, name="patient-identity"),
    path(PATIENT + "sessions/", chart.show_sessions, name="patient-sessions"),
    path(PATIENT + "history/", chart.show_history, name="patient-history"),
    path(PATIENT + "history/none/<protocol:kind>/", entries.record_none, name="patient-entry-none"),
    path(PATIENT + "history/add/<protocol:kind>/", entries.add_entry, name="patient-entry"),
    path(PATIENT + "history/end/<protocol:kind>/<opaque:entry_id>/", entries.end_entry, name="patient-entry-end"),
    path(PATIENT + "history/facts/<protocol:group>/", entries.edit_facts, name="patient-facts"),
    path(PATIENT + "documents/", chart.show_documents, name="patient-documents"),
    path(PATIENT + "summary.pdf", chart.print_summary, name="patient-print"),
    path(PATIENT + "access/", chart.show_access, name="patient-access"),
    path(PATIENT + "screening/", screening.show_screening, name="patient-screening"),
    path(PATIENT + "consents/", consents.show_consents, name="patient-consents"),
    path(PATIENT + "consents/<opaque:consent_id>/", consents.show_text, name="consent-text"),
    path(PATIENT + "plan/", plans.show_plan, name="patient-plan"),
    path(PATIENT + "plan/stop/", plan_stop.stop_plan, name="patient-plan-stop"),
    path(PATIENT + "plan/expected/", predictions.show_expected, name="patient-plan-expected"),
    path(PATIENT + "order/", orders.show_order, name="patient-order"),
    path("sessions/<opaque:session_id>/order/", orders.find_order, name="session-order"),
    path("documents/<opaque:document_id>/", chart.show_document, name="document"),
    # what one works under, and who looked
    path("protocols/", protocols.list_protocols, name="protocols"),
    path("protocols/how-the-advice-weighs/", weighing.show_weights, name="advice-weights"),
    path("protocols/<protocol:protocol_id>/", protocols.show_protocol, name="protocol"),
    path("audit/", audit.show_log, name="audit"),
    path("", include("afterglow.web.sessions.urls")),
    path("", include("afterglow.web.record.urls")),
    path("", include("afterglow.web.referrals.urls")),
    path("", include("afterglow.web.schedule.urls")),
    path("", include("afterglow.web.floor.urls")),
    path("", include("afterglow.web.tasks.urls")),
    path("", include("afterglow.web.care.urls")),
    path("", include("afterglow.web.measures.urls")),
    path("", include("afterglow.web.outcomes.urls")),
    path("", include("afterglow.web.security.urls")),
    path("", include("afterglow.web.phone.staff_urls")),
]
