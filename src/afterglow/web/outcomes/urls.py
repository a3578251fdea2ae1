"""Addresses of this room; what is chosen stands in them, and nothing about a patient."""

from django.urls import path

from afterglow.web.outcomes import views

urlpatterns = [
    path("outcomes/", views.show_outcomes, name="outcomes"),
    path("outcomes/method/", views.show_method, name="outcomes-method"),
    path("outcomes/tables/", views.download_tables, name="outcomes-tables"),
]
