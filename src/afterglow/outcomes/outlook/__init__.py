"""Forecast and next treatment of one course together: from dated scores and sessions to one answer."""

from afterglow.outcomes.outlook.build import Outlook, OutlookRequest, Treatment, build_personal_course, make_outlook
from afterglow.outcomes.outlook.reading import read_request
from afterglow.outcomes.outlook.render import render_outlook

__all__ = [
    "Outlook",
    "OutlookRequest",
    "Treatment",
    "build_personal_course",
    "make_outlook",
    "read_request",
    "render_outlook",
]
