"""What a form's page carries so that its script can go on without the network: every question, and which answers alert.

Without a script nothing of it is used: each question is a page of its own.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from afterglow.clinic.measures.alerts import list_alerting
from afterglow.clinic.measures.models import MeasureForm
from afterglow.clinic.measures.wordings import describe_item
from afterglow.instruments import Instrument
from afterglow.web.phone.words import Words

BY_SCRIPT = "script"


def is_script(request: HttpRequest) -> bool:
    """Return whether the page's own script sends the answer and wants to be told, not shown, what became of it."""
    return request.POST.get("by") == BY_SCRIPT


def name_on_device(form: MeasureForm) -> str:
    """Return the name under which a device keeps what is not sent; it opens nothing and says nothing of the person."""
    return f"afterglow-form-{form.pk}"


def list_questions(
    form: MeasureForm,
    definition: Instrument,
    pack: Any,
    words: Words,
    given: Mapping[str, Decimal | None],
    asked: Sequence[str],
) -> list[dict[str, Any]]:
    """Return the questions as pages show them, in their order; what depends on other answers says so."""
    loud = list_alerting(form)
    found = []
    for place, name in enumerate(asked):
        item, kept = definition.find_item(name), given.get(name)
        question = describe_item(definition, name, pack, form.language)
        found.append(
            {
                "question": question,
                "kept": "" if kept is None else f"{kept:f}",
                "hint": words.say("form.number", low=question["minimum"], high=question["maximum"]),
                "is_declined": name in given and kept is None,
                "place": words.say("form.place", number=place + 1, count=len(asked)),
                "number": place + 1,
                "count": len(asked),
                "alerting": [f"{value:f}" for value in loud.get(name, ())],
                "depends": item is not None and (item.asked_when is not None or item.may_skip_when is not None),
            }
        )
    return found
