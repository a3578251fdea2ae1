"""Forecast and next treatment on the chart: asked of the worker, drawn, put into words, decided on by a clinician."""
