"""The words all rooms share: grades, findings, problems, sources, quantities, codes, times, spacing."""

from afterglow.terms.claims import parse_claim_id
from afterglow.terms.codes import Coding
from afterglow.terms.findings import Finding, Override, Severity, Verdict, calculate_verdict
from afterglow.terms.grades import Grade
from afterglow.terms.problems import InvalidInput, Problem, TermsError, build_error, build_warning
from afterglow.terms.quantities import Quantity, UnitMismatch, is_plain_number, parse_decimal, parse_quantity
from afterglow.terms.sources import Citation, Source, UnknownSource, get_source, load_bibliography
from afterglow.terms.spacing import FrequencyLimit, IntervalEdge
from afterglow.terms.times import parse_instant, render_instant

__all__ = [
    "Citation",
    "Coding",
    "Finding",
    "FrequencyLimit",
    "Grade",
    "IntervalEdge",
    "InvalidInput",
    "Override",
    "Problem",
    "Quantity",
    "Severity",
    "Source",
    "TermsError",
    "UnitMismatch",
    "UnknownSource",
    "Verdict",
    "build_error",
    "build_warning",
    "calculate_verdict",
    "get_source",
    "is_plain_number",
    "load_bibliography",
    "parse_claim_id",
    "parse_decimal",
    "parse_instant",
    "parse_quantity",
    "render_instant",
]
