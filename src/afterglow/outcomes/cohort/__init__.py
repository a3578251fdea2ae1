"""How the courses of a clinic fared together: shares with intervals, curves, funnels, and what of them may be shown.

Everything here is plain Python, so that a page can be drawn without a statistics library; `analysis` holds the same by
those libraries, which the tests ask for a second opinion.
"""

from afterglow.outcomes.cohort.bands import Band, find_band, is_few
from afterglow.outcomes.cohort.comparators import Comparator, find_comparators, load_comparators
from afterglow.outcomes.cohort.curves import (
    Curve,
    CurvePoint,
    CurveStanding,
    ShownCurve,
    ShownPoint,
    Watched,
    estimate_curve,
    list_at_risk,
    show_curve,
)
from afterglow.outcomes.cohort.endpoints import (
    Endpoint,
    FollowUp,
    Induction,
    RelapseWatch,
    Standing,
    read_endpoint,
    read_follow_up,
    read_induction,
    watch_relapse,
)
from afterglow.outcomes.cohort.report import (
    Asked,
    Cell,
    CellStanding,
    Group,
    GroupCount,
    MonthCount,
    Report,
    SessionCount,
    build_report,
)
from afterglow.outcomes.cohort.shares import Share, estimate_banded_share, estimate_share, estimate_share_difference

__all__ = [
    "Asked",
    "Band",
    "Cell",
    "CellStanding",
    "Comparator",
    "Curve",
    "CurvePoint",
    "CurveStanding",
    "Endpoint",
    "FollowUp",
    "Group",
    "GroupCount",
    "Induction",
    "MonthCount",
    "RelapseWatch",
    "Report",
    "SessionCount",
    "Share",
    "ShownCurve",
    "ShownPoint",
    "Standing",
    "Watched",
    "build_report",
    "estimate_banded_share",
    "estimate_curve",
    "estimate_share",
    "estimate_share_difference",
    "find_band",
    "find_comparators",
    "is_few",
    "list_at_risk",
    "load_comparators",
    "read_endpoint",
    "read_follow_up",
    "read_induction",
    "show_curve",
    "watch_relapse",
]
