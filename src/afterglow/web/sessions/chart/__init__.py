"""The session's timeline, drawn as SVG on the server, with its text alternative and its table."""

from afterglow.web.sessions.chart.draw import draw_timeline
from afterglow.web.sessions.chart.model import Forecast, Limit, Mark, Point, Pressure, Timeline, Word

__all__ = ["Forecast", "Limit", "Mark", "Point", "Pressure", "Timeline", "Word", "draw_timeline"]
