"""What a protocol is made of, once its data files are read: values with sources, rules, limits, gates.

Everything here is frozen data. `conditions` says how a condition reads facts, `evaluate` turns
rules into findings, `catalogue` loads the packaged files, `effective` merges route, indication,
profiles and a site's overlay into the one protocol that a session runs under.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from afterglow.terms import Citation, Override, Severity


class Route(StrEnum):
    """How the drug is given."""

    IV = "iv"
    IM = "im"
    SC = "sc"
    INTRANASAL = "intranasal"
    SUBLINGUAL = "sublingual"
    ORAL = "oral"


class Drug(StrEnum):
    """Which ketamine."""

    RACEMIC = "racemic"
    ESKETAMINE = "esketamine"


class Pattern(StrEnum):
    """The shape of giving: it decides which commands a session accepts and which ladder applies."""

    INFUSION = "infusion"
    INJECTION = "injection"
    DEVICES = "devices"
    SPRAYS = "sprays"
    SWALLOWED = "swallowed"


class Stage(StrEnum):
    """When a rule is asked."""

    SCREENING = "screening"
    DOSE = "dose"
    PRE_SESSION = "pre-session"
    IN_SESSION = "in-session"
    DISCHARGE = "discharge"
    SURVEILLANCE = "surveillance"


class Priority(StrEnum):
    """Alarm priority."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Value:
    """One number (or word) of a protocol with unit and citation.

    A number has a unit (`1` for a bare number) and is an int or a Decimal; a word, a tuple of
    words or a bool has the empty unit.
    """

    value: Any
    unit: str
    citation: Citation
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One clinical rule: when it applies, when it speaks, what it then says.

    `applies` and `when` are conditions (see `conditions`); `missing` says what an unknown
    fact yields: `missing` (a finding that asks), or `silent` for rules that only inform.
    A rule that is neither may be `silent` only when `asked_by` names the rule that asks in its place.
    `seen`, `threshold`, `asks` and `cleared` are texts with `{fact}` placeholders. One id may have several
    variants (by drug, region or level); their `key` is unique and their findings carry the id alone.
    """

    id: str
    stages: tuple[Stage, ...]
    title: str
    applies: Mapping[str, Any] | None
    when: Mapping[str, Any]
    severity: Severity
    override: Override
    seen: str
    threshold: str
    asks: str
    cleared: str
    citation: Citation
    missing: str = "missing"
    asks_when_missing: str = ""
    variant: str = ""
    asked_by: str = ""

    @property
    def key(self) -> str:
        """The id with its variant, unique among all rules: `C-06/esketamine-eu`."""
        return f"{self.id}/{self.variant}" if self.variant else self.id


@dataclass(frozen=True, slots=True)
class Limit:
    """A dose or rate limit: `of` names what is measured, `level` is soft, second-clinician or hard.

    `comparison` is `>`, `>=`, `<`, `<=` or `not-in` (then the value is a tuple of words); a hard limit is a
    stop without override. `of` is one of `dose.mg_per_kg`, `dose.mg`, `rate.mg_per_kg_h`, `infusion.min`,
    `devices`, `weight.kg`, `weight.age_d`, `weight.change_percent`, `step.percent`, `step.mg_per_kg`,
    `sessions.1d`, `sessions.7d`, `sessions.28d`.
    """

    id: str
    of: str
    level: str
    comparison: str
    value: Value
    text: str = ""


@dataclass(frozen=True, slots=True)
class DueItem:
    """Something the protocol asks at times in a session.

    `anchor` is `baseline`, `start`, `first-device`, `last-device`, `end` (when the last of the drug went in:
    infusion completed or stopped, last injection, last device); either `at_min` (once, minutes from the
    anchor, due from `at_min - window_min` to `at_min + window_min`) or `every_min` (repeating while the
    session is in one of `phases`, and where given only from `from_min` until `until_min` after the anchor).
    `grace_factor` times the interval is when it counts as overdue (A-12: 1.5). `items` are of `bp`,
    `heart_rate`, `spo2`, `resp_rate`, `moaas`, `cadss6`, `nausea`, `pain`, `pump-reading`.
    """

    id: str
    items: tuple[str, ...]
    phases: tuple[str, ...]
    anchor: str
    at_min: Value | None = None
    every_min: Value | None = None
    window_min: Value | None = None
    grace_factor: str = "1.5"
    text: str = ""
    from_min: Value | None = None
    until_min: Value | None = None
    citation: Citation | None = None


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm: its priority, the condition that raises it, its first act and its ladder.

    `blocks` names commands refused while the alarm is active. `hidden_by` names rows whose active alarm
    says the same thing more strongly. `ladder` names the event of the ladder to follow: its first rung in
    the present phase, where there is one, replaces `first_act` and `first_act_command`.
    `chart_lines` are `{item, value, text}`, the limits drawn on the chart.
    """

    id: str
    priority: Priority
    title: str
    when: Mapping[str, Any]
    applies: Mapping[str, Any] | None
    limit_text: str
    first_act: str
    first_act_command: str
    latching: bool
    citation: Citation
    blocks: tuple[str, ...] = ()
    chart_lines: tuple[Mapping[str, Any], ...] = ()
    hidden_by: tuple[str, ...] = ()
    ladder: str = ""


@dataclass(frozen=True, slots=True)
class LadderStep:
    """One rung of a response ladder: for an event, in a phase, what first and what next."""

    event: str
    phase: str
    order: int
    act: str
    command: str
    caution: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Gate:
    """One discharge or release gate; `kind` selects the arithmetic, `params` are values with sources.

    minimum-stay        `minutes` after `anchor`; `report_anchor` is where the reported total begins
    rescue-observation  `minutes` after a rescue drug of one of `classes`, then a release by `role`
    blood-pressure      latest `readings`, each `within_percent` of baseline, under `systolic_below` and
                        `diastolic_below`, `systolic_at_least`, and `falling`
    vitals-within       `spo2_percent_at_least`, `resp_rate_per_min_at_least`
    score-at-least      `scale` at `minimum` or more; met as well when the gate named `alternative` is met
    scale-equals        `scale` equals `value`
    near-baseline       `scale` no more than `within` above its baseline
    observed, recorded  `what` was seen by staff, or entered
    sign-off            signed by `role` (`prescriber` or `licensed-clinician`)
    """

    id: str
    kind: str
    title: str
    params: Mapping[str, Value]
    citation: Citation
    override: Override = Override.NONE


@dataclass(frozen=True, slots=True)
class Check:
    """One pre-session check (fasting, escort, identity, ...) with what makes it pass.

    `kind` is `identity`, `confirm` (a person states it), `consent`, `weight`, `fasting`, `score-recent`
    (`scale`, `max_age_d`), `suicide-screen`, `baseline-vitals` (`max_age_min`) or `escort`.
    """

    id: str
    kind: str
    title: str
    asks: str
    required: bool
    params: Mapping[str, Value]
    citation: Citation
    override: Override = Override.NONE


@dataclass(frozen=True, slots=True)
class Protocol:
    """The effective protocol: one route, one indication, chosen profiles, a site's overlay, nothing implicit.

    `content_hash` is the SHA-256 of the canonical JSON of everything else; a session keeps that JSON.
    `settings` are the remaining single values by dotted name, for instance
    `time_out.signers`, `pump.difference_percent`, `weight.max_age_d`, `cosign.deadline_min`.
    """

    id: str
    version: str
    title: str
    drug: Drug
    route: Route
    pattern: Pattern
    is_runnable: bool
    indication: str | None
    profiles: Mapping[str, str]
    doses: Mapping[str, Value]
    limits: tuple[Limit, ...]
    schedule: Mapping[str, Any]
    rules: tuple[Rule, ...]
    checks: tuple[Check, ...]
    due: tuple[DueItem, ...]
    alarms: tuple[AlarmRow, ...]
    ladders: tuple[LadderStep, ...]
    gates: tuple[Gate, ...]
    settings: Mapping[str, Value]
    instructions: tuple[Mapping[str, Any], ...]
    rems_fields: tuple[Mapping[str, Any], ...] = ()
    disagreements: tuple[Mapping[str, Any], ...] = ()
    overlay: Mapping[str, Any] = field(default_factory=dict)
    indication_details: Mapping[str, Any] = field(default_factory=dict)
    route_facts: Mapping[str, Any] = field(default_factory=dict)
    content_hash: str = ""

    def setting(self, name: str) -> Any:
        """Return the bare value of a setting; raise KeyError with its name when the protocol lacks it."""
        return self.settings[name].value
