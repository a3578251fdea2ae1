"""What is measured: scale definitions as data and one scorer.

Item wording is never here; it arrives as a content pack.
"""

from afterglow.instruments.catalogue import MalformedInstrument, get_instrument, load_instruments, parse_instrument
from afterglow.instruments.model import Instrument, ScoreAlert, ScoreResult
from afterglow.instruments.scorer import score_answers, score_sequence, score_total

__all__ = [
    "Instrument",
    "MalformedInstrument",
    "ScoreAlert",
    "ScoreResult",
    "get_instrument",
    "load_instruments",
    "parse_instrument",
    "score_answers",
    "score_sequence",
    "score_total",
]
