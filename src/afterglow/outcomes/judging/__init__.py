"""How well forecast and advice do: on the open trial set, and on simulated truths, some outside the model.

Nothing here runs in the serving process; `tools/make_forecast_page.py` and `bench/recommender.py` call it.
"""
