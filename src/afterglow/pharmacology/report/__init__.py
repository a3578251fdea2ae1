"""The credibility report: published figures beside the engine's, checks of code and calculation, use and limits."""

from afterglow.pharmacology.report.build import DEFAULT_PEOPLE, DEFAULT_SEED, PeerCheck, Report, build_report
from afterglow.pharmacology.report.document import Document, Grid, Section, build_document
from afterglow.pharmacology.report.rows import Kind, Row, RowTable, Verdict
from afterglow.pharmacology.report.verification import Check, PeerCase, list_peer_cases, run_compiled_checks

__all__ = [
    "DEFAULT_PEOPLE",
    "DEFAULT_SEED",
    "Check",
    "Document",
    "Grid",
    "Kind",
    "PeerCase",
    "PeerCheck",
    "Report",
    "Row",
    "RowTable",
    "Section",
    "Verdict",
    "build_document",
    "build_report",
    "list_peer_cases",
    "run_compiled_checks",
]
