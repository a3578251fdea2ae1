"""Bands held against the clinic's own past: its courses forecast again, and the factors that they ask for.

Looking back takes up to a second a patient and is done by a command in a process of its own, at night. A person's own
scores never serve that person's own band.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from afterglow import __version__
from afterglow.clinic.care.forecasts import build_question
from afterglow.clinic.care.models import ForecastCalibration
from afterglow.clinic.ids import make_id
from afterglow.clinic.people.models import Patient
from afterglow.clinic.prepared import Prepared
from afterglow.outcomes.forecast.calibration import Judged, calibrate, render_calibration
from afterglow.outcomes.forecast.parameters import get_number
from afterglow.outcomes.forecast.personal import PersonalCourse
from afterglow.outcomes.forecast.retrospect import judge_course
from afterglow.outcomes.outlook import build_personal_course, read_request
from afterglow.outcomes.outlook.asking import choose_series
from afterglow.outcomes.series import build_series
from afterglow.terms import InvalidInput

# those treated last: enough for every group, and no row that is slow to read
MOST_PATIENTS = 1000
_KEPT = 64
_NEWEST: Prepared[tuple[str, datetime]] = Prepared(
    lambda site: ForecastCalibration.objects.filter(site=site, version=__version__).values_list("word", "made_at")
)


@dataclass(frozen=True, slots=True)
class OwnCalibration:
    """The factors that a site's other patients ask for, as plain data, and when they were worked out."""

    content: dict[str, Any]
    made_at: datetime | None = None


def look_back_at(site: Any, now: datetime) -> ForecastCalibration:
    """Forecast a site's past courses again and keep how far out each score lay; replaces what was there."""
    judged = [[row.patient, row.group, *row.distance] for row in _judge_courses(site, now)]
    content = {
        "made_at": now,
        "version": __version__,
        "word": make_id(),
        "patients": len({row[0] for row in judged}),
        "judged": judged,
    }
    with transaction.atomic():
        return ForecastCalibration.objects.update_or_create(site=site, defaults=content)[0]


def summarise(row: ForecastCalibration) -> dict[str, Any]:
    """Return what a looking back came to, for whoever runs it: counts and factors, nobody named."""
    groups = _calibrate(str(row.site_id), row.word, "")
    fewest = int(get_number("fewest_past_patients"))
    return {"site": row.site.name, "patients": row.patients, "fewest": fewest, "groups": groups}


def read_calibration(patient: Any) -> OwnCalibration:
    """Return the calibration of a person's band from the site's other patients; empty where there are too few."""
    found = _NEWEST.find(site=patient.site_id)
    if found is None:
        return OwnCalibration({})
    everybody = _read_judged(str(patient.site_id), found[0])
    content = _calibrate(str(patient.site_id), found[0], str(patient.pk) if str(patient.pk) in everybody else "")
    return OwnCalibration(content, found[1] if content else None)


@lru_cache(maxsize=4)
def _read_judged(site_id: str, word: str) -> dict[str, list[Judged]]:
    row = ForecastCalibration.objects.filter(site=site_id, word=word).first()
    found: dict[str, list[Judged]] = {}
    for patient, group, inner, outer in [] if row is None else row.judged:
        found.setdefault(patient, []).append(Judged(patient, group, (inner, outer)))
    return found


@lru_cache(maxsize=_KEPT)
def _calibrate(site_id: str, word: str, without: str) -> dict[str, Any]:
    rows = [row for name, rows in _read_judged(site_id, word).items() if name != without for row in rows]
    return render_calibration(calibrate(rows))


def _judge_courses(site: Any, now: datetime) -> Iterator[Judged]:
    treated = Patient.objects.filter(site=site, sessions__isnull=False).distinct().order_by("-created_at", "-pk")
    for patient in treated.select_related("site")[:MOST_PATIENTS]:
        course = _read_course(patient, now)
        if course is not None:
            yield from judge_course(str(patient.pk), course)


def _read_course(patient: Any, now: datetime) -> PersonalCourse | None:
    """Return the course as the forecast of that chart reads it; None where the chart cannot be asked."""
    question = build_question(patient, now)
    if question.code:
        return None
    try:
        request = read_request(question.payload["course"])
        series, _ = build_series(request.course)
        mine = choose_series(series, request.instrument)
        return None if mine is None else build_personal_course(request.course, mine, request.treatment)
    except InvalidInput:
        return None
