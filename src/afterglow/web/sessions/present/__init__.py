"""The session's derived view, put into words and parts for the templates. Nothing is decided here."""

from afterglow.web.sessions.present.page import PARTS, build_parts

__all__ = ["PARTS", "build_parts"]
