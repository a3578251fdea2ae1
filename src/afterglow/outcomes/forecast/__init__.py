"""Forecast of one course from virtual patients who resemble the person; pure and seeded."""

from afterglow.outcomes.forecast.ahead import QUANTILES, Bands, RelapseOutlook
from afterglow.outcomes.forecast.calibration import NOT_CALIBRATED, Calibration, calibrate
from afterglow.outcomes.forecast.exposure import GivenDose, build_dose
from afterglow.outcomes.forecast.forecast import Forecast, ForecastOutcome, RelapseQuestion, make_forecast
from afterglow.outcomes.forecast.parameters import load_forecast_parameters
from afterglow.outcomes.forecast.personal import GivenSession, PersonalCourse, Reading
from afterglow.outcomes.forecast.retrospect import calibrate_on_courses
from afterglow.outcomes.forecast.update import DEFAULT_SEED, Similar, find_similar

__all__ = [
    "DEFAULT_SEED",
    "NOT_CALIBRATED",
    "QUANTILES",
    "Bands",
    "Calibration",
    "Forecast",
    "ForecastOutcome",
    "GivenDose",
    "GivenSession",
    "PersonalCourse",
    "Reading",
    "RelapseOutlook",
    "RelapseQuestion",
    "Similar",
    "build_dose",
    "calibrate",
    "calibrate_on_courses",
    "find_similar",
    "load_forecast_parameters",
    "make_forecast",
]
