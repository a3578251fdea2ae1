"""Which acts stand where: before the dose, before leaving, and the rest, each with its visible key."""

from typing import Any

from django.utils.translation import gettext as _

from afterglow.clinic.dosing_sessions.actions import PERMISSIONS, RECORD

Context = dict[str, Any]
Act = dict[str, Any]

OPEN = frozenset({"booked", "arrived", "pre-checks", "ready", "dosing", "paused", "observing", "released"})


def build_acts(context: Context) -> Context:
    """Return the acts by place for the phase; what the person on the page may not do is not offered."""
    if not context["can"]["record"]:
        return {"ready_acts": [], "leaving_acts": [], "more_acts": [], "waiting_for": "", "waits_for_order": False}
    ready, leaving = _list_ready(context), _list_leaving(context)
    return {
        "waits_for_order": context["is_before"] and context["phase"] != "booked" and _waits_for_order(context),
        "ready_acts": ready,
        "leaving_acts": leaving,
        "more_acts": _list_more(context),
        "waiting_for": _explain([*ready, *leaving], context["allowed"]) or _name_releaser(context),
    }


def may_do(command: str, held: frozenset[str]) -> bool:
    """Return whether somebody who holds these permissions may give a command."""
    return PERMISSIONS.get(command, RECORD) in held


def _keep_permitted(acts: list[Act], context: Context) -> list[Act]:
    return [act for act in acts if may_do(act["command"], context["held"])]


def _waits_for_order(context: Context) -> bool:
    """Return whether no order is signed yet and the person on the page may sign none."""
    return not context["dose"]["ordered_mg"] and not may_do("sign-order", context["held"])


def _explain(acts: list[Act], allowed: dict[str, Any]) -> str:
    """Return why the main act is not open yet, in the words the rules give; nothing when it is."""
    for act in acts:
        row = allowed.get(act["command"])
        if act.get("is_main") and row is not None and not row.get("is_allowed"):
            return str(row.get("reason") or "")
    return ""


def _name_releaser(context: Context) -> str:
    """Return who signs the release where the person on the page may not; nothing where they may, or it is signed."""
    if not _is_released_by_another(context):
        return ""
    name = context["about"].get("prescriber")
    return (
        _("the release is a prescriber's: %(name)s signs it.") % {"name": name} if name else _("a prescriber releases.")
    )


def _is_released_by_another(context: Context) -> bool:
    is_asked = context["is_after"] and not context["is_closed"] and context["phase"] == "observing"
    return bool(is_asked and not context["can"].get("release", True))


def _act(command: str, label: str, key: str = "", **more: Any) -> Act:
    return {"command": command, "label": label, "key": key, "sheet": "", "is_main": False, "is_danger": False, **more}


def _list_ready(context: Context) -> list[Act]:
    """Return what leads to the start, the next one as the main button."""
    if not context["is_before"]:
        return []
    phase, dose = context["phase"], context["dose"]
    if phase == "booked":
        return [_act("record-arrival", _("Record arrival"), "a", is_main=True)]
    acts = [
        _act("sign-order", _("Sign order"), "o"),
        _act("record-preparation", _("Preparation"), "e"),
        _act("sign-time-out", _("Time-out"), "t"),
        _act("record-access", _("IV site"), "i"),
    ]
    if dose["pattern"] != "infusion":
        acts = acts[:3]
    if phase == "ready":
        acts.append(_start(dose["pattern"]))
    elif _waits_for_order(context):
        acts = _put_next_check(acts, context)
    else:
        main = "sign-time-out" if dose["ordered_mg"] else "sign-order"
        for act in acts:
            act["is_main"] = act["command"] == main
    return sorted(_keep_permitted(acts, context), key=lambda act: bool(act.get("is_main")))


def _put_next_check(acts: list[Act], context: Context) -> list[Act]:
    """Return the acts with the next open check as the main one, for who waits for somebody else's order.

    Vital signs have a pad of their own on the page; once every check is met, no act is the main one but the order.
    """
    rows = context["checks"]["rows"]
    coming = next((row for row in rows if not row["is_met"] and row["command"] != "record-vitals"), None)
    if coming is None:
        return acts
    return [*acts, _act(coming["command"], coming["title"], sheet=coming["sheet"], is_main=True)]


def _reconcile(context: Context) -> Act:
    """Return the act that accounts for the drug: of a spray, in devices."""
    sheet = "record-reconciliation-devices" if context["dose"]["pattern"] == "devices" else ""
    return _act("record-reconciliation", _("Drug reconciled"), "k", sheet=sheet)


def _start(pattern: str) -> Act:
    """Return the act that begins dosing for a pattern."""
    if pattern == "devices":
        return _act("give-device", _("Record: first device given"), "d", is_main=True)
    if pattern == "injection":
        return _act("give-injection", _("Record: injection given"), "d", is_main=True)
    return _act("start", _("Record: infusion started"), "s", is_main=True)


def _list_leaving(context: Context) -> list[Act]:
    """Return what leads out of the door, in order."""
    if not context["is_after"] or context["is_closed"]:
        return []
    phase = context["phase"]
    if phase in {"left", "ended"}:
        closing = [
            _reconcile(context),
            _act("close-record", _("Close record"), "x", is_main=True),
        ]
        return _keep_permitted(closing, context)
    acts = [
        _act("record-score", _("Aldrete"), "j", sheet="record-score-aldrete"),
        _act("record-score", _("PADSS"), "f", sheet="record-score-padss"),
        _act("record-suicide-screen", _("Re-screen"), "q"),
        _reconcile(context),
    ]
    acts = _keep_permitted(acts, context)
    if _is_released_by_another(context):
        return acts
    acts.append(
        _act("record-left", _("Record: left"), "l", is_main=True)
        if phase == "released"
        else _act("sign-release", _("Sign release"), "r", is_main=True)
    )
    return acts


def _list_more(context: Context) -> list[Act]:
    """Return every other act, grouped; nothing that already happened is ever refused a place."""
    groups: list[Act] = []
    if context["phase"] in OPEN:
        groups.append({"title": _("Dose and pump"), "acts": _list_dose(context)})
        groups.append({"title": _("Person"), "acts": _list_person(context)})
        groups.append({"title": _("Orders and rules"), "acts": _list_orders()})
        groups.append({"title": _("Other endings"), "acts": _list_endings(context)})
    groups.append({"title": _("Record"), "acts": _list_record(context)})
    permitted = [{**group, "acts": _keep_permitted(group["acts"], context)} for group in groups]
    return [group for group in permitted if group["acts"]]


def _list_dose(context: Context) -> list[Act]:
    if context["dose"]["pattern"] == "infusion":
        return [
            _act("record-pump-reading", _("Pump volume"), "w"),
            _act("record-complete", _("Run ended"), "z"),
            _act("record-access", _("IV site"), "i"),
            _act("record-drug-given", _("Drug given"), "m"),
            _reconcile(context),
        ]
    return [
        _act("record-complete", _("Dosing ended"), "z"),
        _act("record-drug-given", _("Drug given"), "m"),
        _reconcile(context),
    ]


def _list_person(context: Context) -> list[Act]:
    acts = [
        _act("record-suicide-screen", _("Suicide screen"), "q"),
        _act("record-suicide-assessment", _("Clinician's assessment"), "b"),
        _act("record-adverse-event", _("Adverse event"), "h"),
        _act("set-preferences", _("Preferences, what helped"), ""),
        _act("record-check", _("Seen before leaving"), "g", sheet="record-gate"),
    ]
    if context["is_before"]:
        acts[:0] = [
            _act("record-arrival", _("Arrival"), ""),
            _act("confirm-identity", _("Identity"), ""),
            _act("record-weight", _("Weight"), ""),
            _act("confirm-consent", _("Consent today"), ""),
        ]
    return acts


def _list_orders() -> list[Act]:
    return [
        _act("record-verbal-order", _("Verbal order"), ""),
        _act("cosign-order", _("Co-sign order"), ""),
        _act("override", _("Override a rule"), "", is_danger=True),
    ]


def _list_endings(context: Context) -> list[Act]:
    acts = [
        _act("record-ending", _("Left against advice"), "", sheet="ending-left-against-advice", is_danger=True),
        _act("record-ending", _("Gone without a word"), "", sheet="ending-eloped", is_danger=True),
        _act("record-ending", _("Transferred"), "", sheet="ending-transferred", is_danger=True),
        _act("record-ending", _("Died"), "", sheet="ending-died", is_danger=True),
    ]
    if context["is_before"]:
        acts.append(_act("cancel-session", _("Cancel session"), "", is_danger=True))
    return acts


def _list_record(context: Context) -> list[Act]:
    # an order by word of mouth waits for its signature after the person has left
    waits = context["phase"] not in OPEN and any(order.get("waits") for order in context.get("orders") or [])
    cosign = [_act("cosign-order", _("Co-sign order"), "")] if waits else []
    if context["is_closed"]:
        return [*cosign, _act("add-addendum", _("Addendum"), "")]
    return [
        *cosign,
        _act("record-note", _("Note"), "n"),
        _act("correct-entry", _("Correct an entry"), ""),
        _act("close-record", _("Close record"), ""),
    ]
