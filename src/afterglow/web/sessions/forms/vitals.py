"""The data of `record-vitals` from the pad: fields and the line, under the command's own names."""

from typing import Any

from afterglow.web.sessions.vitals_line import merge_line

NAMES = {
    "systolic": "systolic",
    "diastolic": "diastolic",
    "heart_rate": "heart_rate",
    "spo2": "spo2",
    "resp_rate": "resp_rate",
    "oxygen": "oxygen_l_per_min",
    "temperature": "temperature_cel",
}


def build_vitals_data(data: dict[str, Any], line: str) -> dict[str, Any]:
    """Return the readings of fields and line together."""
    return merge_line(data, line, NAMES) if line else data
