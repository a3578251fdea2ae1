"""Address parts: opaque identifiers only."""

from django.urls import register_converter


class OpaqueIdConverter:
    """A random identifier of 20 characters; anything else is no address of ours."""

    regex = "[0-9a-z]{20}"

    def to_python(self, value: str) -> str:
        """Return the text as it is."""
        return value

    def to_url(self, value: object) -> str:
        """Return the identifier as text."""
        return str(value)


class ProtocolIdConverter(OpaqueIdConverter):
    """The id of a protocol: lower-case words joined by hyphens."""

    regex = "[a-z0-9]+(?:-[a-z0-9]+)*"


register_converter(OpaqueIdConverter, "opaque")
register_converter(ProtocolIdConverter, "protocol")
