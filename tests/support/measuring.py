"""Forms for tests: an invented wording that fits a definition, and answers by item."""

from typing import Any

from afterglow.clinic.measures import actions
from afterglow.clinic.measures.models import MeasureForm, MeasureResult, Wording
from afterglow.clinic.measures.wordings import accept_wording
from afterglow.instruments import Pack, get_instrument, read_pack
from afterglow.instruments.packs import hash_wording
from tests.factories import NOW

CALM = {str(item): 0 for item in range(1, 10)}
CSSRS_LOW = {"1": 1, "2": 0, "6": 0}
CSSRS_METHOD = {"1": 1, "2": 1, "3": 1, "4": 0, "5": 0, "6": 0}


def make_pack(instrument: str = "phq9", locale: str = "en", word: str = "invented question") -> Pack:
    """Return a checked pack whose texts are nobody's wording."""
    definition = get_instrument(instrument)
    content: dict[str, Any] = {
        "format": "afterglow-pack",
        "instrument": instrument,
        "version": definition.version,
        "locale": locale,
        "source": "made for a test",
        "licence": "none",
        "item_count": len(definition.items),
        "title": f"{word} form",
        "instructions": "Answer for the last days.",
        "items": {
            item.id: {
                "text": f"{word} {item.id}",
                "answers": {f"{each.value:f}": f"{word} answer {each.value:f}" for each in item.answers},
            }
            for item in definition.items
        },
    }
    content["hash"] = hash_wording(content)
    reading = read_pack(content)
    assert reading.pack is not None, reading.problems
    return reading.pack


def install_wording(instrument: str = "phq9", locale: str = "en", **words: str) -> Wording:
    """Return an accepted wording."""
    pack = make_pack(instrument, locale, **words)
    return accept_wording(pack=pack, accepted_by="Ann Operator", by=None, now=NOW, accepted_at=NOW)


def ask(patient: Any, by: Any, instrument: str = "phq9", **more: Any) -> tuple[MeasureForm, str]:
    """Ask a form by link in an accepted wording."""
    install_wording(instrument)
    return actions.ask_form(patient=patient, instrument=instrument, by=by, now=more.pop("now", NOW), **more)


def enter(patient: Any, by: Any, instrument: str, answers: dict[str, Any], key: str, **more: Any) -> MeasureResult:
    """Enter a whole form."""
    now = more.pop("now", NOW)
    return actions.enter_form(
        patient=patient, instrument=instrument, answers=answers, submission_id=key, by=by, now=now, **more
    )
