"""One posted command: read, signed by a second person where asked, carried out by the clinic, answered."""

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.translation import gettext as _

from afterglow.clinic import policy
from afterglow.clinic.accounts.signers import verify_second_signer
from afterglow.clinic.dosing_sessions.actions import submit_command
from afterglow.clinic.dosing_sessions.fold import load_state
from afterglow.clinic.dosing_sessions.models import Session
from afterglow.clinic.errors import Conflict, Denied, Refused, TryLater
from afterglow.protocols.allergies import find_allergies
from afterglow.terms import Finding, InvalidInput, Problem, build_error
from afterglow.web.sessions.correcting import is_correction, place_problems, read_correction
from afterglow.web.sessions.forms import Entry, read_entry
from afterglow.web.sessions.forms.registry import list_fields
from afterglow.web.sessions.forms.vitals import build_vitals_data
from afterglow.web.sessions.present.words import mend_words

UNDO_S = 10
STATUS = {"unusable": 422, "refused": 422, "denied": 403, "conflict": 409, "try-later": 429}


@dataclass(slots=True)
class Outcome:
    """What became of a command: stored with its number, or the reason in words and by field."""

    status: int = 200
    entry: Entry | None = None
    seq: int | None = None
    recorded_at: datetime | None = None
    findings: list[Any] = field(default_factory=list)
    code: str = ""
    message: str = ""
    problems: list[Problem] = field(default_factory=list)

    @property
    def is_stored(self) -> bool:
        """Whether the entry is durable."""
        return self.status == 200

    @property
    def can_undo(self) -> bool:
        """Whether the entry may be taken back within the next seconds."""
        return self.is_stored and self.entry is not None and self.entry.type.startswith(("record-", "give-"))

    def to_json(self) -> dict[str, Any]:
        """Return the answer for a script."""
        findings = [render_finding(item) for item in self.findings]
        if self.is_stored:
            stored = {"seq": self.seq, "recorded_at": self.recorded_at.isoformat() if self.recorded_at else None}
            answer: dict[str, Any] = {"stored": stored, "findings": findings}
            if self.can_undo and self.recorded_at:
                answer["undo"] = {"seq": self.seq, "until": (self.recorded_at + timedelta(seconds=UNDO_S)).isoformat()}
            return answer
        problems = [problem.to_json() for problem in self.problems]
        if self.code == "unusable":
            return {"problems": problems, "findings": findings}
        return {"refusal": {"code": self.code, "message": self.message}, "problems": problems, "findings": findings}


def carry_out(request: HttpRequest, session: Session, now: datetime) -> Outcome:
    """Return what became of the command in the request; never raises what a person can mend."""
    entry: Entry | None = None
    try:
        entry = read_entry(request, now, list_fields)
        if entry.type == "record-vitals":
            entry.data = build_vitals_data(entry.data, entry.line)
        if entry.type == "record-verbal-order":
            entry.data = name_prescriber(entry.data, session.site)
        if entry.type == "record-drug-given" and asks_first(request):
            ask_of_allergy(entry.data, session)
        entry.data = read_correction(entry, session, now)
        second = _sign_second(request, session, entry, now)
        submission = submit_command(
            session=session,
            type=entry.type,
            data=entry.data,
            by=request.user,
            now=now,
            occurred_at=entry.occurred_at,
            second=second,
            request_key=entry.request_key,
        )
    except InvalidInput as error:
        found = place_problems(list(error.problems)) if is_correction(entry) else error.problems
        problems = [mend_problem(problem) for problem in found]
        message = " ".join(problem.message for problem in problems) or str(error)
        return Outcome(422, entry or read_typed(request), code="unusable", problems=problems, message=message)
    except Refused as error:
        findings, problems = list(error.findings), list(error.problems)
        return Outcome(422, entry, code=error.code, message=str(error), findings=findings, problems=problems)
    except Denied as error:
        return Outcome(403, entry, code="denied", message=str(error))
    except Conflict as error:
        return Outcome(409, entry, code="conflict", message=str(error))
    except TryLater as error:
        return Outcome(429, entry, code="try-later", message=str(error))
    return read_submission(submission, entry, now)


_NAMES = re.compile(r"\b(heart_rate|resp_rate|spo2|oxygen_l_per_min|temperature_cel|moaas|[a-z]+(?:_[a-z0-9]+)+)\b")
_NAMED = {"spo2": "SpO₂", "resp_rate": "respiration", "oxygen_l_per_min": "oxygen L/min", "moaas": "MOAA/S"}
_UNITS = {"mm[Hg]": "mmHg", "Cel": "°C", "{score}": "", "{device}": ""}


def mend_problem(problem: Problem) -> Problem:
    """Return a problem with its field named as people name it; of a number out of range, what can be right."""
    words = _NAMES.sub(lambda found: _NAMED.get(found[0], found[0].replace("_", " ")), problem.message).rstrip(".")
    words = mend_words(words[:1].upper() + words[1:])
    if problem.code == "number-out-of-range":
        number, _separator, unit = problem.accepted.rpartition(" ")
        words = f"{words}: {number} {_UNITS.get(unit, unit)}".rstrip()
    return replace(problem, message=f"{words}.")


def asks_first(request: HttpRequest) -> bool:
    """Return whether a person stands at the form; what a screen kept without a link has happened, and is stored."""
    return request.content_type != "application/json" and not request.POST.get("kept")


def ask_of_allergy(data: dict[str, Any], session: Session) -> None:
    """Ask, before a drug is stored as given, where it meets a recorded allergy; the answer stores it as it happened."""
    drug = str(data.get("drug") or "")
    met = find_allergies(load_state(session).header.get("allergies") or (), drug)
    if not met or str(data.get("despite_allergy") or "").lower() in {"true", "yes"}:
        return
    words = ", ".join(dict.fromkeys(each.words for each in met))
    message = _(
        "Not stored yet. %(drug)s: %(allergy)s. If it is not given yet, do not give it. If it was given, say so here"
    )
    told = message % {"drug": drug, "allergy": words}
    raise InvalidInput([build_error("despite_allergy", "allergy-asked", drug, "that it was given", told)])


def name_prescriber(data: dict[str, Any], site: Any) -> dict[str, Any]:
    """Return the order with the key of the prescriber whose sign-in name was typed; nobody else may be named."""
    named = str(data.get("prescriber") or "").strip()
    if not named:
        return data
    users, named = get_user_model().objects, named.replace("\x00", "")
    user = users.filter(username=named, is_active=True).first() or users.filter(pk=named, is_active=True).first()
    if user is None or not policy.allow(user, "order.sign", site):
        message = _("No prescriber here signs in as %(name)s.") % {"name": named}
        raise InvalidInput([build_error("prescriber", "user-unknown", named, "a sign-in name", message)])
    return {**data, "prescriber": str(user.pk)}


def read_submission(submission: Any, entry: Entry, now: datetime) -> Outcome:
    """Return the stored outcome: the number and time are those of its first event."""
    events = list(submission.events)
    first = events[0] if events else None
    return Outcome(
        200,
        entry,
        getattr(first, "seq", None),
        getattr(first, "recorded_at", None) or now,
        list(submission.findings),
    )


def read_typed(request: HttpRequest) -> Entry:
    """Return what was typed although it could not be read, so that nothing typed is lost."""
    if request.content_type == "application/json":
        return Entry("")
    typed: dict[str, Any] = {
        name: values if len(values) > 1 else values[0] for name, values in request.POST.lists() if values
    }
    typed.pop("second.secret", None)
    return Entry(str(typed.get("type") or ""), sheet=str(typed.get("sheet") or ""), typed=typed)


def render_finding(finding: Any) -> Any:
    """Return a finding as JSON, whichever form it came in."""
    return finding.to_json() if isinstance(finding, Finding) else finding


def _sign_second(request: HttpRequest, session: Session, entry: Entry, now: datetime) -> Any:
    """Return the second person who signs on this screen, or None when nobody was named."""
    if entry.second is None:
        return None
    address = str(request.META.get("REMOTE_ADDR") or "")
    return verify_second_signer(
        entry.second["username"],
        entry.second["secret"],
        first=request.user,
        site=session.site,
        now=now,
        address=address,
    )
