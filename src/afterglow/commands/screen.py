"""Screen one person's facts against a protocol's cited rules; the answer supports a clinician and decides nothing."""

import argparse
from datetime import datetime

from afterglow.commands import DONE, REFUSED, print_json, read_json
from afterglow.protocols.evaluate import group_findings
from afterglow.protocols.screening import Screening, TreatmentResistance, screen
from afterglow.terms import Finding, Severity, Verdict

HELP = "eligibility findings for one person's facts"

_HEADINGS = {
    Severity.STOP: "Stops: cannot start until resolved, or overridden by a role the rule names",
    Severity.CAUTION: "Cautions: weigh and document",
    Severity.MISSING: "Missing: unknown is never read as normal",
    Severity.INFO: "Information",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the case file."""
    parser.add_argument("case", metavar="CASE.json", help="the case, or - for standard input")


def run(args: argparse.Namespace) -> int:
    """Print the findings; end with 1 for a stop or a missing answer. A case without a day is screened today."""
    screening = screen(read_json(args.case, "case"), today=datetime.now().astimezone().date())
    if args.json:
        print_json(screening.to_json())
    else:
        print(render_screening(screening))
    return REFUSED if screening.verdict in (Verdict.STOP, Verdict.INCOMPLETE) else DONE


def render_screening(screening: Screening) -> str:
    """Return the findings as text: grouped, worst first, then what was cleared and the resistance working."""
    lines = [f"{screening.protocol} {screening.protocol_version}, {screening.today.isoformat()}", screening.headline]
    for severity, findings in group_findings(screening.findings).items():
        lines += ["", f"{_HEADINGS[severity]} ({len(findings)})"]
        for finding in findings:
            lines += _render_finding(finding)
    lines += ["", f"Cleared ({len(screening.cleared)})"]
    lines += [f"  {item.rule}  {item.title}: {item.seen}" for item in screening.cleared]
    if screening.treatment_resistance:
        lines += _render_resistance(screening.treatment_resistance)
    return "\n".join(lines)


def _render_finding(finding: Finding) -> list[str]:
    lines = [
        f"  {finding.rule}  {finding.title}",
        f"      seen       {finding.seen}",
        f"      threshold  {finding.threshold}",
        f"      asks       {finding.asks}",
    ]
    if finding.severity is Severity.STOP:
        lines.append(f"      override   {finding.override}")
    source = finding.source.removeprefix("SITE, ")
    return [*lines, f"      source     {source} ({finding.grade}: {finding.grade.label})"]


def _render_resistance(resistance: TreatmentResistance) -> list[str]:
    words = {True: "met", False: "not met", None: "not known"}
    lines = ["", "Treatment resistance; sources disagree, this clinic uses " + resistance.chosen]
    for answer in resistance.definitions:
        rule = answer.rule
        lines.append(f"  {rule.id}: {rule.title}: {words[answer.is_met]}, {answer.counted} of {rule.required}")
        for judged in answer.trials:
            counted = {True: "counts", False: "does not count", None: "not known"}[judged.is_counted]
            lines.append(f"      {judged.trial.drug}: {counted}: {judged.why}")
    return lines
