"""A form on paper, for who has no phone and for a day without the system; staff enters its answers later."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from afterglow.clinic.measures import actions
from afterglow.clinic.measures.wordings import describe_item, find_offer, read_wording
from afterglow.instruments import load_instruments
from afterglow.web.access import staff_page
from afterglow.web.phone.help import describe_help
from afterglow.web.phone.words import load_words
from afterglow.web.views.chart import open_chart


@staff_page(actions.ENTER, methods=("GET", "HEAD"))
def show_sheet(request: HttpRequest, patient_id: str, instrument: str) -> HttpResponse:
    """Return the sheet of one form in the person's language; a form without an accepted wording is refused."""
    patient, now = open_chart(request, patient_id, "measures", actions.ENTER)
    definition = load_instruments().get(instrument)
    if definition is None or definition.rater != "self" or not definition.items:
        raise Http404
    offer = find_offer(definition, language=patient.language, site=patient.site)
    pack, words = read_wording(offer.wording), load_words(offer.language.partition("-")[0])
    items = [describe_item(definition, item.id, pack, offer.language) for item in definition.items]
    for item in items:
        item["hint"] = words.say("form.number", low=item["minimum"], high=item["maximum"])
    context: dict[str, Any] = {
        "patient": patient,
        "now": now,
        "instrument": definition,
        "title": pack.title if pack is not None else definition.title,
        "instructions": pack.instructions if pack is not None else "",
        "language": words.language,
        "words": words,
        "items": items,
        "help": describe_help(patient.site, words, now=now),
        "is_official": offer.is_official,
    }
    return render(request, "web/measures/sheet.html", context)
