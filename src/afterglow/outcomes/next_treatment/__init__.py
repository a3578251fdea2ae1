"""Next treatment: which interval similar courses speak for, inside label and clinic policy."""

from afterglow.outcomes.next_treatment.advice import Advice, AdviceStatus, Basis, Option, advise, refuse_advice
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
    "Advice",
    "AdviceStatus",
    "Basis",
    "Circumstances",
    "IntervalPolicy",
    "Loss",
    "OpenAlert",
    "Option",
    "SuicideAnswer",
    "advise",
    "check_suicide_answer",
    "describe_range",
    "edit_loss",
    "list_intervals_d",
    "load_loss",
    "refuse_advice",
]
