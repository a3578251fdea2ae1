"""What is measured: scale definitions as data and one scorer.

Item wording is never here; it arrives as a content pack.
"""

from afterglow.instruments.catalogue import get_instrument, load_instruments
from afterglow.instruments.change import Change, judge_change
from afterglow.instruments.checks import MalformedInstrument
from afterglow.instruments.definition import parse_instrument
from afterglow.instruments.model import Instrument, ScoreAlert, ScoreResult
from afterglow.instruments.packs import Pack, PackReading, read_pack
from afterglow.instruments.questionnaire import build_questionnaire
from afterglow.instruments.scorer import score_answers, score_sequence, score_total

__all__ = [
    "Change",
    "Instrument",
    "MalformedInstrument",
    "Pack",
    "PackReading",
    "ScoreAlert",
    "ScoreResult",
    "build_questionnaire",
    "get_instrument",
    "judge_change",
    "load_instruments",
    "parse_instrument",
    "read_pack",
    "score_answers",
    "score_sequence",
    "score_total",
]
