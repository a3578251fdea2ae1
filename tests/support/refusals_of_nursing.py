"""Refusals about the named nurse of a chair: naming, offering, accepting, declining, taking back."""

from afterglow.chairside.decide import Refusal
from tests.support.refusing import Maker, refusing
from tests.support.rooms import NURSE, OTHER_NURSE, PRESCRIBER


@refusing("nurse-same")
def _name_the_same_nurse_twice(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("assign-nurse", nurse=NURSE.id)


@refusing("nurse-same")
def _hand_over_to_who_has_the_chair(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("offer-handover", to=NURSE.id)


@refusing("handover-needed")
def _name_another_nurse_over_the_first(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("assign-nurse", nurse=OTHER_NURSE.id)


@refusing("nurse-missing")
def _hand_over_a_chair_without_a_nurse(make: Maker) -> Refusal:
    return make().refuse("offer-handover", to=OTHER_NURSE.id)


@refusing("handover-not-offered")
def _accept_what_nobody_offered(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("accept-handover", OTHER_NURSE)


@refusing("handover-not-offered")
def _accept_after_somebody_else_took_the_chair(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("assign-nurse", PRESCRIBER, nurse=PRESCRIBER.id)
    return room.refuse("accept-handover", OTHER_NURSE)


@refusing("handover-not-offered")
def _decline_what_was_taken_back(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    room.do("withdraw-handover", reason="stays after all")
    return room.refuse("decline-handover", OTHER_NURSE, reason="two at dosing already")


@refusing("handover-not-yours")
def _decline_what_was_offered_to_another(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    return room.refuse("decline-handover", PRESCRIBER, reason="two at dosing already")


@refusing("handover-not-yours")
def _take_back_what_another_offered(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=PRESCRIBER.id)
    return room.refuse("withdraw-handover", OTHER_NURSE)


@refusing("chair-not-yours")
def _offer_the_chair_of_a_colleague(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("offer-handover", OTHER_NURSE, to=OTHER_NURSE.id)


@refusing("handover-to-oneself")
def _offer_a_nurses_chair_to_oneself(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    return room.refuse("offer-handover", PRESCRIBER, to=PRESCRIBER.id)


@refusing("chair-changed-hands")
def _offer_from_a_page_that_is_old(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=OTHER_NURSE.id)
    return room.refuse("offer-handover", PRESCRIBER, to=PRESCRIBER.id, **{"from": NURSE.id})


@refusing("handover-not-yours")
def _accept_what_was_offered_to_another(make: Maker) -> Refusal:
    room = make()
    room.do("assign-nurse", nurse=NURSE.id)
    room.do("offer-handover", to=OTHER_NURSE.id)
    return room.refuse("accept-handover", PRESCRIBER)
