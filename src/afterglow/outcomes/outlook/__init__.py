"""Forecast and next treatment of one course together: from dated scores and sessions to one answer."""

from afterglow.outcomes.outlook.asking import OutlookRequest, Treatment
from afterglow.outcomes.outlook.bounds import find_outlook_bounds
from afterglow.outcomes.outlook.build import Outlook, build_personal_course, make_outlook
from afterglow.outcomes.outlook.made import MadeFrom, find_made_from
from afterglow.outcomes.outlook.reading import read_request
from afterglow.outcomes.outlook.render import render_outlook

__all__ = [
    "MadeFrom",
    "Outlook",
    "OutlookRequest",
    "Treatment",
    "build_personal_course",
    "find_made_from",
    "find_outlook_bounds",
    "make_outlook",
    "read_request",
    "render_outlook",
]
