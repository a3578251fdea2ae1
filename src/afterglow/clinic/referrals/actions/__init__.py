"""Actions on referrals: receiving, working on them, who is the same person, deciding."""

from afterglow.clinic.referrals.actions.deciding import (
    accept_referral,
    ask_decline,
    confirm_told,
    decline_referral,
    end_answer,
    reopen,
)
from afterglow.clinic.referrals.actions.duplicates import (
    ask_if_same,
    compare_again,
    find_duplicates,
    join_referrals,
    join_to_patient,
    mark_different,
    separate_from_patient,
)
from afterglow.clinic.referrals.actions.handling import (
    add_note,
    ask_for,
    hand_back,
    log_call,
    open_step,
    pause,
    resume,
    set_urgency,
    take,
)
from afterglow.clinic.referrals.actions.receiving import (
    enter_referral,
    keep_paper,
    receive_public_intake,
    receive_referral,
    record_answers,
)

__all__ = [
    "accept_referral",
    "add_note",
    "ask_decline",
    "ask_for",
    "ask_if_same",
    "compare_again",
    "confirm_told",
    "decline_referral",
    "end_answer",
    "enter_referral",
    "find_duplicates",
    "hand_back",
    "join_referrals",
    "join_to_patient",
    "keep_paper",
    "log_call",
    "mark_different",
    "open_step",
    "pause",
    "receive_public_intake",
    "receive_referral",
    "record_answers",
    "reopen",
    "resume",
    "separate_from_patient",
    "set_urgency",
    "take",
]
