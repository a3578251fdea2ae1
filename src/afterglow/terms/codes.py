"""Coded meaning: system, code and display travel together."""

from dataclasses import dataclass

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
LOCAL = "urn:afterglow:code"


@dataclass(frozen=True, slots=True)
class Coding:
    """A code of a named system with the words that belong to it."""

    system: str
    code: str
    display: str
