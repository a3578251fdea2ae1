"""Whether a valid consent covers a dose: the consent, or findings that say what is lacking."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from afterglow.clinic.consents.models import Consent
from afterglow.terms import Citation, Finding, Grade, Override, Severity

POLICY = Citation("SITE", "consent before a dose", Grade.P)


@dataclass(frozen=True, slots=True)
class ConsentCheck:
    """A consent that covers what was asked, or None with the findings that say why there is none."""

    consent: Consent | None
    findings: tuple[Finding, ...] = ()


def find_valid_consent(
    *,
    patient: Any,
    route: str,
    on: date,
    dose_mg_per_kg: Decimal | None = None,
    dose_mg: Decimal | None = None,
    weight_kg: Decimal | None = None,
    drug: str = "",
    must_cover_off_label: bool = False,
) -> ConsentCheck:
    """Return the consent that covers a route and dose on a day; the nearest miss is told otherwise."""
    consents = list(
        Consent.objects.filter(patient=patient).select_related("text", "talk").order_by("-signed_at", "-pk")
    )
    if not consents:
        return ConsentCheck(None, (_lack("CONSENT-1", "No consent signed", "no consent", "a signed consent"),))
    misses = []
    for consent in consents:
        lacks = tuple(
            _list_lacks(consent, route, on, _reach(dose_mg_per_kg, dose_mg, weight_kg), drug, must_cover_off_label)
        )
        if not lacks:
            return ConsentCheck(consent)
        misses.append(lacks)
    return ConsentCheck(None, min(misses, key=len))


@dataclass(frozen=True, slots=True)
class _Dose:
    mg_per_kg: Decimal | None
    mg: Decimal | None


def _reach(dose_mg_per_kg: Decimal | None, dose_mg: Decimal | None, weight_kg: Decimal | None) -> _Dose:
    per_kg, mg = dose_mg_per_kg, dose_mg
    if per_kg is None and mg is not None and weight_kg:
        per_kg = mg / weight_kg
    if mg is None and per_kg is not None and weight_kg:
        mg = per_kg * weight_kg
    return _Dose(per_kg, mg)


def _list_lacks(
    consent: Consent, route: str, on: date, dose: _Dose, drug: str, must_cover_off_label: bool
) -> Iterable[Finding]:
    text = consent.text
    if consent.withdrawn_at is not None:
        seen = f"withdrawn {consent.withdrawn_at.date().isoformat()}"
        yield _lack("CONSENT-2", "Consent withdrawn", seen, "a consent that stands")
    if on > consent.expires_on:
        seen = f"ended {consent.expires_on.isoformat()}"
        yield _lack("CONSENT-3", "Consent expired", seen, f"valid on {on.isoformat()}")
    if route not in text.routes or (drug and text.drug != drug):
        seen = f"{text.drug} {', '.join(text.routes)}"
        yield _lack("CONSENT-4", "Consent covers another route or drug", seen, f"{drug} {route}".strip())
        return
    yield from _check_dose(dose.mg_per_kg, text.max_dose_mg_per_kg, "mg/kg")
    yield from _check_dose(dose.mg, text.max_dose_mg, "mg")
    if must_cover_off_label and not (text.is_off_label or "off-label" in consent.talk.topics):
        yield _lack("CONSENT-6", "Off-label use not covered", "labelled use only", "off-label use talked through")


def _check_dose(dose: Decimal | None, limit: Decimal | None, unit: str) -> Iterable[Finding]:
    if limit is None:
        return
    limit_text = f"up to {limit.normalize():f} {unit}"
    if dose is None:
        yield _lack("CONSENT-5", "Dose not known", f"Not recorded: dose in {unit}", limit_text, Severity.MISSING)
    elif dose > limit:
        yield _lack("CONSENT-5", "Dose above the consent", f"{dose.normalize():f} {unit}", limit_text)


def _lack(rule: str, title: str, seen: str, threshold: str, severity: Severity = Severity.STOP) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        seen=seen,
        threshold=threshold,
        asks="Hold the talk and have the consent signed for this route and dose.",
        override=Override.NONE,
        source=POLICY.text,
        grade=POLICY.grade,
        title=title,
    )
