"""The words of symptoms: what an alarm reads must be what the session's form records, letter by letter."""

from afterglow.protocols.catalogue import get_effective
from afterglow.protocols.conditions import iterate_fact_names
from afterglow.web.sessions.forms.during import LEVELS, SYMPTOM


def collect_choices(name):
    return {word for field in SYMPTOM.fields if field.name == name for word, _ in field.choices}


def test_every_symptom_that_raises_an_alarm_can_be_recorded():
    names = {name for row in get_effective("iv-racemic").alarms for name in iterate_fact_names(row.when)}
    symptoms = {name.removeprefix("symptom.") for name in names if name.startswith("symptom.")}
    assert symptoms >= {"chest-pain", "seizure", "apnoea", "stridor", "allergic-reaction"}
    assert symptoms <= collect_choices("kind")


def test_absence_is_recorded_as_none():
    assert "none" in {word for word, _ in LEVELS}
