"""The clinic's own numbers of an instrument: defaults, limits, and reading what a clinic chose."""

from collections.abc import Mapping
from decimal import Decimal

from afterglow.instruments.model import Instrument
from afterglow.terms import InvalidInput, Problem, build_error, parse_decimal

Settings = Mapping[str, object]


def read_settings(instrument: Instrument, chosen: Settings | None = None) -> dict[str, Decimal]:
    """Return every setting as the fact that conditions read, `setting.NAME`.

    A suicide alert can be made more sensitive, never less: its limits end at the default.

    Raises
    ------
    InvalidInput
        A name is no setting of the instrument, or a value lies outside its limits.
    """
    values = {f"setting.{name}": setting.value for name, setting in instrument.settings.items()}
    problems: list[Problem] = []
    for name, raw in (chosen or {}).items():
        setting = instrument.settings.get(name)
        path = f"settings.{name}"
        if setting is None:
            known = ", ".join(instrument.settings) or "no settings"
            message = f"{instrument.id} has no setting {name}"
            problems.append(build_error(path, "setting-unknown", name, known, message))
            continue
        try:
            number = parse_decimal(raw, path)
        except InvalidInput as error:
            problems.extend(error.problems)
            continue
        if setting.minimum <= number <= setting.maximum:
            values[f"setting.{name}"] = number
        else:
            message = f"{setting.title} does not take {raw}"
            accepted = f"{setting.minimum} to {setting.maximum}"
            problems.append(build_error(path, "setting-out-of-range", raw, accepted, message))
    if problems:
        raise InvalidInput(problems)
    return values
