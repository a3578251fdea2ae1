"""What label and clinic allow as an interval, and what is known besides the scores: suicide answers, open topics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from afterglow.terms import Citation, FrequencyLimit, IntervalEdge, InvalidInput, Problem, build_error

TOPICS = ("bladder", "liver", "misuse", "blood-pressure")
COLUMBIA, NINTH = "c-ssrs", "phq9-item-9"


@dataclass(frozen=True, slots=True)
class SuicideScale:
    """What an answer about suicide is compared with, answers of the same scale, and its highest level."""

    name: str
    highest: int


_COLUMBIA, _NINTH = SuicideScale(COLUMBIA, 5), SuicideScale(NINTH, 3)
# instrument of an answer -> its scale; the two forms of the C-SSRS count ideation alike
SUICIDE_SCALES: Mapping[str, SuicideScale] = {
    COLUMBIA: _COLUMBIA,
    "c-ssrs-screener": _COLUMBIA,
    "c-ssrs-since-contact": _COLUMBIA,
    "phq9": _NINTH,
    NINTH: _NINTH,
}


@dataclass(frozen=True, slots=True)
class IntervalPolicy:
    """The intervals of a protocol in the present phase, in days and rising, and the one it begins with.

    A phase without a choice (induction, the label's weekly weeks) holds one interval. `shortest` and `longest` are the
    ends of what the phase allows, those of the list where not given; `limits` bound how close sessions may come.
    """

    protocol: str
    phase: str
    choices_d: tuple[int, ...]
    default_d: int
    text: str
    citation: Citation
    has_choice: bool = True
    shortest: IntervalEdge | None = None
    longest: IntervalEdge | None = None
    limits: tuple[FrequencyLimit, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a list that is empty, does not rise, or lacks the default."""
        rises = all(low < high for low, high in pairwise((0, *self.choices_d)))
        if not self.choices_d or not rises or self.default_d not in self.choices_d:
            text = "The intervals of a protocol rise and hold the one it begins with."
            shown = ", ".join(map(str, self.choices_d))
            raise InvalidInput([build_error("policy.choices_d", "not-rising", shown, "rising days", text)])

    @property
    def lowest(self) -> IntervalEdge:
        """The shortest interval of the phase."""
        return self.shortest or IntervalEdge(self.choices_d[0], self.citation)

    @property
    def highest(self) -> IntervalEdge:
        """The longest interval of the phase."""
        return self.longest or IntervalEdge(self.choices_d[-1], self.citation)

    def find_present(self, session_days: Sequence[float], maintenance_from: int) -> int:
        """Return the listed interval nearest to the last gaps between maintenance sessions; the default without any.

        `maintenance_from` is the number of sessions before maintenance; the median of the last three gaps counts.
        """
        gaps = [after - before for before, after in pairwise(session_days[max(maintenance_from - 1, 0) :])]
        if not gaps:
            return self.default_d
        usual = median(gaps[-3:])
        return min(self.choices_d, key=lambda days: (abs(days - usual), days))


@dataclass(frozen=True, slots=True)
class SuicideAnswer:
    """An answer about suicide: instrument, day, level as that instrument counts it, and recent behaviour."""

    instrument: str
    day: float
    level: int
    has_recent_behaviour: bool = False

    def __post_init__(self) -> None:
        """Refuse an instrument whose levels nobody here knows, and a level that it does not have."""
        problems = check_suicide_answer(self.instrument, self.level, "suicide_answers")
        if problems:
            raise InvalidInput(problems)

    @property
    def scale(self) -> str:
        """The scale whose answers this one is compared with."""
        return SUICIDE_SCALES[self.instrument].name


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """A suicide alert that nobody has assessed: instrument, the day and date it was raised, and what was answered."""

    instrument: str
    day: float
    on: str
    seen: str


def check_suicide_answer(instrument: object, level: object, path: str) -> list[Problem]:
    """Return what is wrong with instrument and level of an answer about suicide."""
    scale = SUICIDE_SCALES.get(instrument) if isinstance(instrument, str) else None
    if scale is None:
        named = None if instrument is None else str(instrument)[:80]
        text = f"{path} is of no instrument whose levels are known here."
        code = "missing" if instrument is None else "unknown-name"
        return [build_error(f"{path}.instrument", code, named, ", ".join(SUICIDE_SCALES), text)]
    if not isinstance(level, int) or isinstance(level, bool) or not 0 <= level <= scale.highest:
        text = f"{instrument} has no level {str(level)[:40]}."
        shown = level if isinstance(level, int) else str(level)[:80]
        return [build_error(f"{path}.level", "out-of-range", shown, f"a whole number 0 to {scale.highest}", text)]
    return []


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the advice must know besides scores; None is not known, and never "no".

    `open_topics` of bladder, liver, misuse, blood-pressure; `reactions` serious or severe reactions in
    `sessions_asked` sessions; `open_alerts` what was answered about suicide and not assessed yet; `contradicting` the
    scores later than every usable one that another score of the same moment contradicts, in words.
    """

    suicide_answers: tuple[SuicideAnswer, ...] | None = None
    open_topics: frozenset[str] | None = None
    reactions: int = 0
    sessions_asked: int = 0
    maintenance_from: int = 0
    open_alerts: tuple[OpenAlert, ...] = ()
    contradicting: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a topic nobody watches and counts that cannot be."""
        problems = [
            build_error("open_topics", "unknown-name", topic, ", ".join(TOPICS), f"{topic!r} is not watched.")
            for topic in sorted(self.open_topics or ())
            if topic not in TOPICS
        ]
        if not 0 <= self.reactions <= self.sessions_asked:
            text = "Reactions are counted among the sessions that asked."
            problems.append(
                build_error("reactions", "out-of-range", self.reactions, f"0 to {self.sessions_asked}", text)
            )
        if problems:
            raise InvalidInput(problems)
