"""Next treatment: which interval similar courses speak for, inside label and clinic policy."""

from afterglow.outcomes.next_treatment.advice import Advice, AdviceStatus, Basis, Option, advise, refuse_advice
from afterglow.outcomes.next_treatment.bounds import (
    Action,
    Bounds,
    Choice,
    Kind,
    Reason,
    check_direction,
    find_bounds,
    find_kind,
    judge_interval,
)
from afterglow.outcomes.next_treatment.guards import judge_guards
from afterglow.outcomes.next_treatment.loss import (
    VISIT_COSTS,
    Loss,
    describe_range,
    edit_loss,
    list_intervals_d,
    load_loss,
)
from afterglow.outcomes.next_treatment.policy import (
    COLUMBIA,
    NINTH,
    SUICIDE_SCALES,
    TOPICS,
    Circumstances,
    IntervalPolicy,
    OpenAlert,
    SuicideAnswer,
    check_suicide_answer,
)

__all__ = [
    "COLUMBIA",
    "NINTH",
    "SUICIDE_SCALES",
    "TOPICS",
    "VISIT_COSTS",
    "Action",
    "Advice",
    "AdviceStatus",
    "Basis",
    "Bounds",
    "Choice",
    "Circumstances",
    "IntervalPolicy",
    "Kind",
    "Loss",
    "OpenAlert",
    "Option",
    "Reason",
    "SuicideAnswer",
    "advise",
    "check_direction",
    "check_suicide_answer",
    "describe_range",
    "edit_loss",
    "find_bounds",
    "find_kind",
    "judge_guards",
    "judge_interval",
    "list_intervals_d",
    "load_loss",
    "refuse_advice",
]
