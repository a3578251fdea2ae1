"""Reads the packaged rule files into `Rule` objects and refuses any that could not be trusted at the bedside.

A file holds `[[rule]]` tables. A rule with `[[rule.variant]]` tables becomes one rule per variant: each takes
over the rule's keys and may replace any of them; `applies` of both must hold.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from afterglow.protocols.conditions import Condition, iterate_fact_names
from afterglow.protocols.evaluate import PLACEHOLDER
from afterglow.protocols.facts import FactSpec, find_fact
from afterglow.protocols.model import Rule
from afterglow.protocols.reading import Reader, read_rule
from afterglow.terms import Severity

_DEFAULTS: Mapping[str, Any] = {"cleared": "", "asks": ""}
_TEXTS = ("seen", "threshold", "asks", "cleared")


@cache
def load_rules() -> tuple[Rule, ...]:
    """Return every packaged rule, in file and reading order; raise `InvalidInput` with all that is wrong."""
    folder = files("afterglow.protocols").joinpath("data/rules")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".toml"))
    texts = {name: folder.joinpath(name).read_text(encoding="utf-8") for name in names}
    return parse_rules(texts)


def parse_rules(texts: Mapping[str, str]) -> tuple[Rule, ...]:
    """Return the rules written in TOML texts by file name; raise `InvalidInput` with all that is wrong."""
    reader = Reader()
    found = [
        rule
        for name, text in texts.items()
        for path, table in _expand(name, tomllib.loads(text, parse_float=Decimal), reader)
        if (rule := read_rule(table, path, reader)) is not None
    ]
    reader.raise_problems()
    check_rules(found)
    return tuple(found)


def check_rules(rules: Iterable[Rule]) -> None:
    """Raise `InvalidInput` unless every rule reads declared facts rightly and none is silently passed over."""
    reader = Reader()
    listed = list(rules)
    by_key = {rule.key: rule for rule in listed}
    if len(by_key) != len(listed):
        keys = [rule.key for rule in listed]
        for key in sorted({key for key in keys if keys.count(key) > 1}):
            reader.refuse(key, "rule-repeated", key, "each id and variant once", "this rule is written twice")
    for rule in listed:
        _check_texts(rule, reader)
        for part in (rule.when, rule.applies):
            if part is not None:
                _check_condition(part, f"{rule.key}", reader)
        if rule.missing == "silent" and rule.severity is not Severity.INFO:
            _check_silence(rule, by_key.get(rule.asked_by), reader)
    reader.raise_problems()


def _expand(name: str, content: Mapping[str, Any], reader: Reader) -> Iterator[tuple[str, dict[str, Any]]]:
    if set(content) != {"rule"}:
        reader.refuse(name, "key-unknown", sorted(content), "[[rule]] tables", "a rule file holds [[rule]] tables only")
    for index, entry in enumerate(content.get("rule", ())):
        path = f"{name}:{entry.get('id', index)}"
        shared = {key: value for key, value in entry.items() if key != "variants"}
        for variant in entry.get("variants", ({},)):
            table = {**_DEFAULTS, **shared, **variant}
            conditions = [part["applies"] for part in (shared, variant) if "applies" in part]
            if len(conditions) == 2:
                table["applies"] = {"all": conditions}
            yield f"{path}/{variant.get('variant', '')}".rstrip("/"), table


def _check_texts(rule: Rule, reader: Reader) -> None:
    for key in ("title", "seen", "threshold", "asks"):
        if not getattr(rule, key).strip():
            reader.refuse(f"{rule.key}.{key}", "text-missing", "", "a sentence", f"{key} is empty")
    for key in _TEXTS:
        text = getattr(rule, key)
        for _, name in PLACEHOLDER.findall(text):
            if find_fact(name) is None:
                reader.refuse(f"{rule.key}.{key}", "fact-unknown", name, "a fact of the vocabulary", f"no fact {name}")
        if PLACEHOLDER.sub("", text).count("{"):
            reader.refuse(f"{rule.key}.{key}", "placeholder-malformed", text, "{fact.name}", "a brace fits no fact")


def _check_silence(rule: Rule, asker: Rule | None, reader: Reader) -> None:
    """A rule that is more than information may be silent only where another rule asks for what it lacks.

    The asking rule may apply to fewer people (an ECG is asked only of those at risk, an abnormal one counts for all).
    """
    if asker is None:
        message = "a rule that stops or cautions may be silent only when asked_by names the rule that asks"
        reader.refuse(f"{rule.key}.missing", "silence-unexplained", rule.asked_by, "missing, or asked_by", message)
        return
    unasked = set(iterate_fact_names(rule.when)) - set(iterate_fact_names(asker.when))
    has_gap = unasked or not set(rule.stages) <= set(asker.stages) or asker.missing == "silent"
    if has_gap:
        message = f"{asker.key} does not ask for {', '.join(sorted(unasked)) or 'it'} at the same stages"
        reader.refuse(f"{rule.key}.asked_by", "silence-unexplained", rule.asked_by, "a rule that asks", message)


def _check_condition(condition: Condition, path: str, reader: Reader) -> None:
    for part in _iterate_comparisons(condition):
        for key in ("fact", "than", "known"):
            if key in part and find_fact(part[key]) is None:
                accepted = "a fact of the vocabulary"
                reader.refuse(path, "fact-unknown", part[key], accepted, f"no fact {part[key]} in the vocabulary")
        spec = find_fact(part.get("fact", ""))
        if spec is not None and not _fits(part, spec):
            reader.refuse(path, "condition-misfit", part, spec.accepted, f"the condition does not fit {spec.name}")


def _iterate_comparisons(condition: Condition) -> Iterator[Condition]:
    for key in ("all", "any"):
        for part in condition.get(key, ()):
            yield from _iterate_comparisons(part)
    if "not" in condition:
        yield from _iterate_comparisons(condition["not"])
    if "fact" in condition or "known" in condition:
        yield condition


def _fits(condition: Condition, spec: FactSpec) -> bool:
    """Whether the question suits the fact's type and, for words, names a word the fact can hold."""
    if "op" in condition:
        return spec.type == "number" and ("than" in condition or _is_number(condition["value"]))
    if spec.type == "bool":
        return isinstance(condition.get("is"), bool)
    words = condition.get("in", ()) or condition.get("has-any", ())
    words = words or [condition[key] for key in ("is", "has") if key in condition]
    is_list_question = "has" in condition or "has-any" in condition
    if is_list_question != (spec.type == "codes"):
        return False
    return spec.type in ("code", "codes") and (not spec.choices or set(words) <= set(spec.choices))


def _is_number(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


def select_rules(rules: Iterable[Rule], prefix: str) -> tuple[Rule, ...]:
    """Return the rules of one family, such as `D-`."""
    return tuple(rule for rule in rules if rule.id.startswith(prefix))
