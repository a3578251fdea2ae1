"""Requests of the outcomes page."""

from tests.web.matrix.ask import Ask

ASKS = {("web:outcomes-tables", "POST csv"): lambda house: Ask({"format": "csv"})}
