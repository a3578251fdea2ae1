"""How close and how far apart sessions may lie, each with what says so: handed from a protocol to the advice."""

from dataclasses import dataclass

from afterglow.terms.sources import Citation


@dataclass(frozen=True, slots=True)
class IntervalEdge:
    """The shortest or the longest interval of a phase in days, and what says so."""

    days: int
    citation: Citation


@dataclass(frozen=True, slots=True)
class FrequencyLimit:
    """The shortest interval that a limit of sessions in some days leaves; a hard one is never overridden."""

    shortest_d: int
    is_hard: bool
    text: str
    citation: Citation
