"""How a patient fares: baseline, change, response, remission, relapse, relief, reviews and long-term safety.

What each word means is data in `data/estimands.toml`. Statistics over many patients live in
`afterglow.outcomes.analysis`, which needs the extra `analysis` and is never imported from here.
"""

from afterglow.outcomes.catalogue import (
    Anchor,
    Estimand,
    MalformedEstimand,
    RelapseRule,
    Watch,
    get_estimand,
    load_anchors,
    load_estimands,
    load_relapse_rules,
    load_watches,
)
from afterglow.outcomes.change import (
    describe_meaning,
    read_percent_change,
    read_reliable_change,
    read_reliable_change_index,
    read_remission,
    read_response,
    read_worsening,
    refuse_uncomparable,
)
from afterglow.outcomes.course import read_course, read_series
from afterglow.outcomes.gates import GateReading, GateStanding, read_gates
from afterglow.outcomes.model import (
    Assessment,
    Course,
    CourseReading,
    CourseSession,
    DatedScore,
    Rater,
    RelapseEvent,
    RelapseReading,
    Relief,
    Result,
    SafetyValue,
    Series,
    SeriesReading,
    SideEffect,
    Unused,
)
from afterglow.outcomes.series import build_series
from afterglow.outcomes.suppression import SuppressionRule, suppress_counts
from afterglow.outcomes.trends import (
    LongTermTrend,
    SessionTrend,
    SideEffectCount,
    list_open_topics,
    read_long_term,
    read_session_trends,
    read_side_effects,
)

__all__ = [
    "Anchor",
    "Assessment",
    "Course",
    "CourseReading",
    "CourseSession",
    "DatedScore",
    "Estimand",
    "GateReading",
    "GateStanding",
    "LongTermTrend",
    "MalformedEstimand",
    "Rater",
    "RelapseEvent",
    "RelapseReading",
    "RelapseRule",
    "Relief",
    "Result",
    "SafetyValue",
    "Series",
    "SeriesReading",
    "SessionTrend",
    "SideEffect",
    "SideEffectCount",
    "SuppressionRule",
    "Unused",
    "Watch",
    "build_series",
    "describe_meaning",
    "get_estimand",
    "list_open_topics",
    "load_anchors",
    "load_estimands",
    "load_relapse_rules",
    "load_watches",
    "read_course",
    "read_gates",
    "read_long_term",
    "read_percent_change",
    "read_reliable_change",
    "read_reliable_change_index",
    "read_remission",
    "read_response",
    "read_series",
    "read_session_trends",
    "read_side_effects",
    "read_worsening",
    "refuse_uncomparable",
    "suppress_counts",
]
