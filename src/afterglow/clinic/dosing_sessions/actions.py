"""What may be done to a dosing session: open it, submit a command, let time pass, look at it.

A command is decided on the state under the session's lock; its events, its texts, its audit row and its receipt are one
transaction, durable before the answer, published after the commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth import get_user_model

from afterglow.chairside.actors import SYSTEM, Actor
from afterglow.chairside.commands import Command, list_text_fields, parse_command
from afterglow.chairside.decide import Decision, Refusal, decide
from afterglow.chairside.decide_giving import RATE_TOLERANCE
from afterglow.chairside.dosing import BEFORE_DOSE, count_dosed_devices, find_start
from afterglow.chairside.events import Event
from afterglow.chairside.guards import GIVING, Blocker, find_signed_consent
from afterglow.chairside.nursing import find_nurse
from afterglow.chairside.orders import find_preparation
from afterglow.chairside.orders import find_weight as find_dosing_weight
from afterglow.chairside.screens import SCREEN, list_told
from afterglow.chairside.state import SessionState
from afterglow.chairside.view import derive_view
from afterglow.clinic import policy
from afterglow.clinic.actions import action
from afterglow.clinic.audit import actions as audit
from afterglow.clinic.chain import calculate_digest, render_canonical
from afterglow.clinic.consents.models import Consent
from afterglow.clinic.dosing_sessions.drug import follow_drug
from afterglow.clinic.dosing_sessions.fold import keep_protocol, load_notes, load_protocol, load_state
from afterglow.clinic.dosing_sessions.leaving import add_leaving, check_leaving
from afterglow.clinic.dosing_sessions.models import LIVE_PHASES, CommandReceipt, EventNote, Session, SessionEvent
from afterglow.clinic.dosing_sessions.nursing import NURSING, bring_load, name_holder
from afterglow.clinic.dosing_sessions.opening import collect_header, find_consent, find_weight, list_lacks_of_order
from afterglow.clinic.dosing_sessions.protocols import find_protocol_of, store_protocol
from afterglow.clinic.dosing_sessions.texts import find_note_ids, put_texts, take_texts, withdraw_texts
from afterglow.clinic.dosing_sessions.writing import Pen
from afterglow.clinic.errors import Refused
from afterglow.clinic.live.publish import LOOK_AGAIN, publish_after_commit
from afterglow.clinic.live.stream import get_topic
from afterglow.clinic.plans.models import Plan
from afterglow.clinic.plans.orders import judge_session_order
from afterglow.clinic.prepared import Prepared
from afterglow.protocols.model import Pattern, Protocol
from afterglow.terms import Finding, InvalidInput, build_error

OPEN = "open-session"
TICK = "tick"
RECORD = "session.record"
NOT_IN_FORCE, PLAN_STOPPED = "plan-not-in-force", "The plan was stopped; no dose."
_STOPPED = Prepared(lambda plan: Plan.objects.filter(pk=plan, state="stopped").values_list("pk", flat=True))
_LOCKED = Prepared(
    lambda pk: Session.objects.select_for_update(of=("self",)).select_related("site").filter(pk=pk).order_by()
)
WITHDRAWAL_REASONS = ("wrong-patient", "wrong-entry", "not-for-the-record")
PERMISSIONS: Mapping[str, str] = {
    OPEN: "session.open",
    "sign-order": "order.sign",
    "cosign-order": "order.sign",
    "sign-release": "session.sign",
    "sign-time-out": "session.sign",
    "record-reconciliation": "session.sign",
    "close-record": "session.sign",
    "correct-entry": "session.correct",
    "withdraw-entry": "session.correct",
    "add-addendum": "session.correct",
    "assign-nurse": "floor.assign",
    "offer-handover": "floor.assign",
    "accept-handover": "floor.assign",
    "withdraw-handover": "floor.assign",
    "decline-handover": "floor.assign",
}


@dataclass(frozen=True)
class Submission:
    """What a command came to: its stored events, what the rules found, and the session as it now stands."""

    events: tuple[SessionEvent, ...]
    findings: tuple[Any, ...]
    render: Callable[[], dict[str, Any]]
    is_repeated: bool = False

    @cached_property
    def view(self) -> dict[str, Any]:
        """Return the session as it stands after the command; worked out for who asks."""
        return self.render()


@action
def open_session(
    *,
    patient: Any,
    plan: Any,
    site: Any,
    by: Any,
    now: datetime,
    place: str = "",
    protocol_id: str = "",
    planned_at: datetime | None = None,
    visit: Any = None,
) -> Session:
    """Open a session for a patient, under the plan's protocol as it was signed, and return it.

    `visit` is the booked one that it is opened for: what the person answered at its check-in goes with it.
    """
    policy.require(by, PERMISSIONS[OPEN], patient)
    _check_belongs(patient, plan, site)
    protocol = find_protocol_of(plan=plan, site=site, protocol_id=protocol_id)
    if not protocol.is_runnable:
        message = f"{protocol.title} can be planned, not run"
        raise InvalidInput([build_error("protocol", "protocol-not-runnable", protocol.id, "a runnable one", message)])
    session = Session(
        patient=patient,
        plan=plan,
        site=site,
        place=str(place),
        protocol=store_protocol(protocol, now=now),
        planned_at=planned_at,
        opened_at=now,
        opened_by=by,
    )
    session.save(force_insert=True)
    header = collect_header(session=session, protocol=protocol, now=now, visit=visit)
    actor = build_actor(by, site)
    command = parse_command(OPEN, header)
    keep_protocol(session.protocol_id, protocol)
    pen = Pen(session)
    pen.write(_decide(pen.state, command, protocol=protocol, by=actor, second=None, occurred_at=now, now=now))
    pen.store()
    audit.record(by=by, action="session.opened", subject=session, now=now, patient=patient, site=site)
    return session


@action
def submit_command(
    *,
    session: Session,
    type: str,  # noqa: A002 - what doors call it
    data: Mapping[str, Any],
    by: Any,
    now: datetime,
    occurred_at: datetime | None = None,
    second: Any = None,
    request_key: str | None = None,
) -> Submission:
    """Carry out one command; the same `request_key` is answered again, never carried out twice.

    Raises
    ------
    InvalidInput
        The command cannot be read; all its problems at once.
    Refused
        The rules refuse it, with findings.
    Denied
        `by` may not give this command here.
    """
    command = read_command(type, data)
    policy.require(by, PERMISSIONS.get(type, RECORD), session)
    locked = lock_session(session)
    digest = _calculate_receipt_digest(command, by, occurred_at)
    if receipt := _find_receipt(locked, request_key, digest):
        return _answer_again(locked, receipt, now)
    pen = Pen(locked)
    events, findings = carry_out(pen, command, by=by, second=second, occurred_at=occurred_at, now=now)
    pen.store()
    tell_of_suicide(pen, events, by=by, now=now)
    follow_drug(pen, events, now=now)
    _write_receipt(locked, request_key, digest, events, findings, by=by, now=now)
    audit_command(pen, command, events, by=by, second=second, now=now)
    copy_row(locked, session)
    return Submission(tuple(events), findings, partial(render, pen, now))


def read_command(type: str, data: Mapping[str, Any]) -> Command:  # noqa: A002 - what doors call it
    """Return a command that somebody may give; two kinds come by themselves."""
    command = parse_command(type, data)
    if type in {OPEN, TICK}:
        raise InvalidInput(
            [build_error("type", "command-not-submitted", type, "another command", f"{type} comes by itself")]
        )
    return command


def carry_out(
    pen: Pen, command: Command, *, by: Any, second: Any, occurred_at: datetime | None, now: datetime
) -> tuple[list[SessionEvent], tuple[Any, ...]]:
    """Judge one command by the chart and by the session, and write its events; return them with the findings."""
    session, protocol, name = pen.session, pen.protocol, command.type
    if name == "sign-order":
        _bring_weight(pen, by=by, now=now)
    _check_consent_stands(command, pen.state)
    _check_plan_stands(session, command, pen.state, protocol)
    _check_opening(session, command, pen.state, now)
    _check_risk(session, command, now)
    command = check_leaving(session, command)
    if name == "record-verbal-order":
        _check_prescriber(session, command)
    if name in NURSING:
        command = bring_load(session, command, by=by, now=now)
    if name == "confirm-consent":
        command = _name_consent(command, session, protocol, now)
    decision = _decide(
        pen.state,
        Command(name, _take_all_texts(command, pen.state, session, now)),
        protocol=protocol,
        by=build_actor(by, session.site),
        second=build_actor(second, session.site) if second is not None else None,
        occurred_at=occurred_at or now,
        now=now,
    )
    if name == "sign-order":
        _check_order(session, protocol, decision.events[0], command, by=by, second=second, now=now)
    events = pen.write(decision)
    if name == "withdraw-entry":
        pen.store()
        _withdraw_texts_of(session, int(command.data["seq"]), by=by, now=now)
    return events, tuple(decision.findings)


def audit_command(
    pen: Pen, command: Command, events: Sequence[SessionEvent], *, by: Any, second: Any, now: datetime
) -> None:
    """Write the audit row of a command."""
    session = pen.session
    audit.record(
        by=by,
        action=f"session.{command.type}",
        subject=session,
        now=now,
        patient=session.patient_id,
        site=session.site_id,
        detail={"seqs": [event.seq for event in events], "second": audit.identify(second)},
    )


def tell_of_suicide(pen: Pen, events: Sequence[SessionEvent], *, by: Any, now: datetime) -> None:
    """Raise what stored suicide screens, and corrections of one, alert to: they hold the dose in later sessions too."""
    seqs = {event.seq for event in events if event.type in (SCREEN, "entry-corrected")}
    told = [each for each in list_told(pen.state) if each.event.seq in seqs] if seqs else []
    if told:
        from afterglow.clinic.measures.unformed import raise_screened

        raise_screened(session=pen.session, told=told, by=by, now=now)


def render(pen: Pen, now: datetime) -> dict[str, Any]:
    """Return what a session shows at an instant, as the pen left it."""
    return _render(pen.session, pen.state, pen.protocol, now)


@action
def withdraw_text(*, session: Session, seq: int, reason: str, by: Any, now: datetime) -> int:
    """Take away the text of one entry that should never have stood here, at any time; return how many texts went.

    The entry itself, who wrote it and when, stays, and so do the reason and who withdrew the text.
    """
    policy.require(by, PERMISSIONS["withdraw-entry"], session)
    if reason not in WITHDRAWAL_REASONS:
        accepted = ", ".join(WITHDRAWAL_REASONS)
        raise InvalidInput([build_error("reason", "reason-unknown", reason, accepted, "say why the text goes")])
    locked = lock_session(session)
    row = SessionEvent.objects.filter(session=locked, seq=seq).first()
    count = 0 if row is None else withdraw_texts(find_note_ids(bytes(row.body)), by=str(by.pk), reason=reason, now=now)
    if count == 0:
        raise Refused("no-text", f"entry {seq} has no text that could be withdrawn")
    audit.record(
        by=by,
        action="session.text-withdrawn",
        subject=locked,
        now=now,
        patient=locked.patient_id,
        site=locked.site_id,
        detail={"seq": seq, "reason": reason},
    )
    publish_after_commit(get_topic(locked.pk), LOOK_AGAIN)
    return count


def get_view(session: Session, now: datetime, notes: Mapping[str, EventNote] | None = None) -> dict[str, Any]:
    """Return what a session shows at an instant, derived from its events alone, with its texts in place.

    `notes` are those of the session where they are known already.
    """
    return _render(session, load_state(session), load_protocol(session), now, notes)


def get_nurse(session: Session) -> Any:
    """Return the user who has the chair of a session, or None where nobody was named."""
    nurse = find_nurse(load_state(session))
    return get_user_model().objects.filter(pk=nurse).first() if nurse else None


def tick_live_sessions(*, now: datetime) -> int:
    """Let time pass for every session in which it matters; return how many had something to say."""
    return sum(tick_in_turn(lambda: now))


def tick_in_turn(clock: Callable[[], datetime]) -> Iterator[bool]:
    """Let time pass for one live session after the other; each step says whether that was an event."""
    for session in Session.objects.filter(phase__in=LIVE_PHASES, is_closed=False).order_by("pk"):
        now = clock()
        decision = decide_tick(load_state(session), load_protocol(session), now)
        yield decision is not None and tick_session(session=session, now=now)


@action
def tick_session(*, session: Session, now: datetime) -> bool:
    """Let time pass for one session under its lock; return whether that was an event."""
    pen = Pen(lock_session(session))
    decision = decide_tick(pen.state, pen.protocol, now)
    if decision is None:
        return False
    pen.write(decision)
    pen.store()
    return True


def decide_tick(state: SessionState, protocol: Protocol, now: datetime) -> Decision | None:
    """Return what time alone does to a session, or None when it does nothing."""
    answer = decide(state, parse_command(TICK), protocol=protocol, by=SYSTEM, occurred_at=now, now=now)
    return None if isinstance(answer, Refusal) or not answer.events else answer


def lock_session(session: Session) -> Session:
    """Return the session's row, locked until the transaction ends."""
    locked = _LOCKED.find(pk=session.pk)
    if locked is None:
        raise Session.DoesNotExist
    return locked


def build_actor(user: Any, site: Any) -> Actor:
    """Return a user as the pure rooms know one: identifier, roles at the site, licensed or not."""
    return Actor(str(user.pk), policy.list_roles(user, site), policy.is_licensed(user, site))


def _check_belongs(patient: Any, plan: Any, site: Any) -> None:
    """Refuse a plan of another patient, one that is not in force, and a site that is not the patient's."""
    if patient.site_id != site.pk:
        raise Refused("patient-elsewhere", "this patient is registered at another site")
    if plan is not None and plan.patient_id != patient.pk:
        raise Refused("plan-of-another", "this plan is not this patient's")
    if plan is not None and plan.state != "signed":
        raise Refused("plan-not-signed", "a session runs under a signed plan that is in force")


def _name_consent(command: Command, session: Session, protocol: Protocol, now: datetime) -> Command:
    """Return today's answer with the consent it stands on: the chart says which, never who types the answer."""
    found = find_consent(session, protocol, now.astimezone(ZoneInfo(session.site.timezone)).date())
    data = {name: value for name, value in command.data.items() if name != "consent"}
    return Command(command.type, {**data, "consent": found["consent"]} if found["is_valid"] else data)


def _check_consent_stands(command: Command, state: SessionState) -> None:
    """Refuse to give on a consent that was withdrawn in the chart while the session was open."""
    if command.type not in GIVING or command.data.get("already_happened"):
        return
    consent_id = find_signed_consent(state)
    if consent_id and Consent.objects.filter(pk=consent_id, withdrawn_at__isnull=False).exists():
        raise Refused("consent-withdrawn", "The consent was withdrawn; no dose.")


def _check_order(
    session: Session, protocol: Protocol, order: Event, command: Command, *, by: Any, second: Any, now: datetime
) -> None:
    """Refuse an order above the dose that the person consented to, or beyond the plan."""
    today = now.astimezone(ZoneInfo(session.site.timezone)).date()
    lacks = list_lacks_of_order(session, protocol, order.data, today)
    if lacks:
        told = " ".join(f"{each.seen}; consent covers {each.threshold}." for each in lacks)
        raise Refused("dose-beyond-consent", told, findings=lacks)
    if session.plan is None:
        raise Refused("plan-missing", "an order is signed under a plan; this session has none")
    judge_session_order(session, protocol, order.data, command.data, by=by, second=second, now=now)


def _bring_weight(pen: Pen, *, by: Any, now: datetime) -> None:
    """Enter the chart's weight when it is newer than the session's: an order is worked out from one weight alone."""
    known, charted = find_dosing_weight(pen.state), find_weight(pen.session)
    if not charted or (known is not None and datetime.fromisoformat(charted["weighed_at"]) <= known[1]):
        return
    command = parse_command("record-weight", charted)
    actor = build_actor(by, pen.session.site)
    pen.write(_decide(pen.state, command, protocol=pen.protocol, by=actor, second=None, occurred_at=now, now=now))


def _check_prescriber(session: Session, command: Command) -> None:
    """Refuse a verbal order of somebody who may sign none here."""
    named = str(command.data["prescriber"])
    user = get_user_model().objects.filter(pk=named, is_active=True).first()
    if user is None or not policy.allow(user, PERMISSIONS["sign-order"], session.site):
        accepted, message = "a prescriber of this site", "no prescriber here has this key"
        raise InvalidInput([build_error("prescriber", "user-unknown", named, accepted, message)])


def _check_plan_stands(session: Session, command: Command, state: SessionState, protocol: Protocol) -> None:
    """Refuse to give under a plan that was stopped, and more or faster than it signs, whoever ordered it by mouth."""
    if command.type not in GIVING or command.data.get("already_happened") or (plan := session.plan) is None:
        return
    plan.refresh_from_db(fields=["state"])
    if plan.state == "stopped":
        raise Refused(NOT_IN_FORCE, PLAN_STOPPED)
    if protocol.pattern is Pattern.DEVICES and plan.dose_mg is not None and command.data.get("outcome") != "failed":
        mg = Decimal(str(protocol.setting("device.mg"))) * (count_dosed_devices(state) + 1)
        if mg > plan.dose_mg:
            raise Refused("beyond-plan", f"{mg:f} mg with this device; the plan signs {plan.dose_mg.normalize():f} mg.")
    bag, rate = find_preparation(state), command.data.get("rate_ml_per_h")
    if rate and plan.over_min and bag is not None and bag.total_ml:
        minutes = bag.total_ml * 60 / Decimal(str(rate))
        # what a pump's own steps take from the minutes is not faster
        if minutes * RATE_TOLERANCE < plan.over_min:
            raise Refused(
                "faster-than-plan", f"{minutes:.0f} min at this rate; the plan signs {plan.over_min:.0f} min."
            )


def _check_opening(session: Session, command: Command, state: SessionState, now: datetime) -> None:
    """Refuse the first dose of a session while the opening checks of the day are not done."""
    if command.type not in GIVING or command.data.get("already_happened") or find_start(state) is not None:
        return
    from afterglow.clinic.floor.opening import OPENING_CODE, find_opening_finding

    if finding := find_opening_finding(session.site, now):
        raise Refused(OPENING_CODE, "Opening checks first, then the dose.", findings=[finding])


def _check_risk(session: Session, command: Command, now: datetime) -> None:
    """Refuse a dose while an answer that speaks of suicide waits for a clinician's assessment."""
    if command.type not in GIVING or command.data.get("already_happened"):
        return
    from afterglow.clinic.measures.risk import STOP, find_stop

    if finding := find_stop(session.patient, now=now):
        raise Refused(STOP, "An answer about suicide is not assessed; no dose.", findings=[finding])


def _decide(state: SessionState, command: Command, **context: Any) -> Decision:
    answer = decide(state, command, **context)
    if isinstance(answer, Refusal):
        if answer.problems:
            raise InvalidInput(answer.problems)
        raise Refused(answer.code, answer.message, findings=name_holder(answer.findings, state))
    return answer


def _render(
    session: Session,
    state: SessionState,
    protocol: Protocol,
    now: datetime,
    notes: Mapping[str, EventNote] | None = None,
) -> dict[str, Any]:
    view = derive_view(state, protocol=protocol, now=now)
    rendered: dict[str, Any] = put_texts(view, load_notes(session) if notes is None else notes)
    if rendered["phase"] in BEFORE_DOSE and state.last_seq:
        _add_opening(rendered, session, protocol, now)
    if rendered["phase"] == "observing":
        add_leaving(rendered, session)
    if rendered["phase"] in BEFORE_DOSE or protocol.pattern is Pattern.DEVICES:
        _add_risk(rendered, session, now)
        _add_plan(rendered, session)
    return rendered


def _add_opening(view: dict[str, Any], session: Session, protocol: Protocol, now: datetime) -> None:
    """Say beside the session's own blockers that the opening checks of the site hold its first dose."""
    from afterglow.clinic.floor.opening import OPENING_CODE, find_opening_finding

    _add_stop(view, OPENING_CODE, find_opening_finding(session.site, now))


def _add_risk(view: dict[str, Any], session: Session, now: datetime) -> None:
    """Say beside the session's own blockers that an answer about suicide holds the next dose."""
    from afterglow.clinic.measures.risk import STOP, find_stop

    _add_stop(view, STOP, find_stop(session.patient, now=now))


def _add_plan(view: dict[str, Any], session: Session) -> None:
    """Say beside the session's own blockers that the plan was stopped, whoever opened the session before."""
    if _STOPPED.ask(plan=session.plan_id or ""):
        _add_blocker(view, Blocker(NOT_IN_FORCE, PLAN_STOPPED))


def _add_stop(view: dict[str, Any], code: str, finding: Finding | None) -> None:
    if finding is not None:
        _add_blocker(view, Blocker(code, finding.asks, finding=finding))


def _add_blocker(view: dict[str, Any], blocker: Blocker) -> None:
    view["blockers"].append(blocker.to_json())
    for row in view["allowed"]:
        if row["command"] in GIVING and row["is_allowed"]:
            row.update(is_allowed=False, reason=blocker.message)


def _take_all_texts(command: Command, state: SessionState, session: Session, now: datetime) -> dict[str, Any]:
    """Store the texts of a command apart; of a correction, also those that stand among its new values."""
    data = take_texts(command.data, list_text_fields(command.type), session=session, now=now)
    if command.type == "correct-entry" and isinstance(data.get("data"), dict):
        target = state.find_seq(int(data["seq"]))
        data["data"] = take_texts(data["data"], _list_texts_of(target), session=session, now=now)
    return data


def _list_texts_of(target: Event | None) -> tuple[str, ...]:
    from afterglow.chairside.commands import COMMANDS

    names = {each.event: each.name for each in COMMANDS.values()}
    return list_text_fields(names[target.type]) if target is not None and target.type in names else ()


def _withdraw_texts_of(session: Session, seq: int, *, by: Any, now: datetime) -> None:
    row = SessionEvent.objects.get(session=session, seq=seq)
    withdraw_texts(find_note_ids(bytes(row.body)), by=str(by.pk), reason="entry-withdrawn", now=now)


def _calculate_receipt_digest(command: Command, by: Any, occurred_at: datetime | None) -> str:
    return calculate_digest(render_canonical([command.type, dict(command.data), str(by.pk), occurred_at]))


def _find_receipt(session: Session, key: str | None, digest: str) -> CommandReceipt | None:
    receipt = CommandReceipt.objects.filter(session=session, key=key).first() if key else None
    if receipt is not None and receipt.digest != digest:
        raise Refused("request-key-used", "this key was used for another entry; send the entry with a new one")
    return receipt


def _answer_again(session: Session, receipt: CommandReceipt, now: datetime) -> Submission:
    rows = SessionEvent.objects.filter(session=session, seq__range=(receipt.first_seq, receipt.last_seq))
    return Submission(
        tuple(rows.order_by("seq")), tuple(receipt.findings), partial(get_view, session, now), is_repeated=True
    )


def _write_receipt(
    session: Session,
    key: str | None,
    digest: str,
    events: Sequence[SessionEvent],
    findings: Sequence[Finding],
    *,
    by: Any,
    now: datetime,
) -> None:
    if not key:
        return
    CommandReceipt.objects.create(
        session=session,
        key=key,
        by=str(by.pk),
        digest=digest,
        first_seq=events[0].seq if events else session.last_seq + 1,
        last_seq=events[-1].seq if events else session.last_seq,
        findings=[finding.to_json() for finding in findings],
        recorded_at=now,
    )


def copy_row(source: Session, target: Session) -> None:
    """Bring the caller's object up to the row that was written."""
    for name in ("phase", "is_closed", "last_seq", "last_recorded_at", "head_hash"):
        setattr(target, name, getattr(source, name))
