"""Addresses of this room. The patient's pages: intake, check-in, forms, calendar feed; they know no staff page."""

from django.urls import path

from afterglow.web.phone import checkin, feed, form, help_views, intake, private

app_name = "phone"

LINK = "checkin/<str:token>/"
FORM = "form/<str:token>/"

urlpatterns = [
    path("help-now/", help_views.show_help, name="help"),
    path("intake/", intake.show_intake, name="intake"),
    path("intake/done/", intake.show_done, name="intake-done"),
    path(LINK, checkin.show_start, name="checkin"),
    path(LINK + "ask/<slug:question>/", checkin.ask, name="checkin-ask"),
    path(LINK + "review/", checkin.review, name="checkin-review"),
    path(LINK + "done/", checkin.show_done, name="checkin-done"),
    path(LINK + "crisis/", checkin.show_crisis, name="checkin-crisis"),
    path(LINK + "mine/", private.show_mine, name="checkin-mine"),
    path(LINK + "language/", checkin.choose_language, name="checkin-language"),
    path(LINK + "help/", help_views.show_link_help, name="checkin-help"),
    path(FORM, form.show_start, name="form"),
    path(FORM + "ask/<slug:item>/", form.ask, name="form-ask"),
    path(FORM + "review/", form.review, name="form-review"),
    path(FORM + "done/", form.show_done, name="form-done"),
    path(FORM + "crisis/", form.show_crisis, name="form-crisis"),
    path(FORM + "language/", form.choose_language, name="form-language"),
    path("feed/<str:token>.ics", feed.show_feed, name="feed"),
]
