"""The page of outcomes, its method, and the tables that may leave the clinic."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from afterglow.clinic import policy
from afterglow.clinic.outcomes.choosing import RELEASED, find_rule, read_choice
from afterglow.clinic.outcomes.counting import read_figures
from afterglow.clinic.outcomes.releasing import release_figures
from afterglow.outcomes import load_estimands, load_relapse_rules
from afterglow.outcomes.cohort import load_comparators
from afterglow.outcomes.suppression import INSIDE, RELEASE
from afterglow.web.access import staff_page
from afterglow.web.outcomes.page import build_page
from afterglow.web.outcomes.tables import FORMATS, pack_tables
from afterglow.web.outcomes.words import describe_condition, describe_score, describe_way
from afterglow.web.presenting import describe_citation

ESTIMANDS = ("clinic-response", "clinic-remission", "clinic-worsening", "clinic-relapse", "clinic-follow-up")


@staff_page(methods=("GET", "HEAD"))
def show_outcomes(request: HttpRequest) -> HttpResponse:
    """Return the figures that the address chooses, under the rule of whoever asks."""
    now, rule = timezone.now(), find_rule(request.user)
    choice = read_choice(request.GET.dict(), user=request.user, now=now, rule=rule)
    context = build_page(read_figures(choice, now))
    may_download = policy.allow(request.user, RELEASED)
    return render(request, "web/outcomes/page.html", {**context, "may_download": may_download, "formats": FORMATS})


@staff_page(methods=("GET", "HEAD"))
def show_method(request: HttpRequest) -> HttpResponse:
    """Return how the figures are worked out: definitions with their numbers, suppression, published results."""
    find_rule(request.user)
    estimands = [load_estimands()[name] for name in ESTIMANDS]
    context = {
        "estimands": [
            {
                "estimand": each,
                "source": describe_citation(each.citation),
                "parameters": [
                    {"name": name, "parameter": parameter, "source": describe_citation(parameter.citation)}
                    for name, parameter in each.parameters.items()
                ],
            }
            for each in estimands
        ],
        "relapse_rules": [{"rule": each, "source": describe_citation(each.citation)} for each in load_relapse_rules()],
        "comparators": [
            {
                "published": each,
                "source": describe_citation(each.citation),
                "score": describe_score(each.instrument),
                "conditions": ", ".join(describe_condition(name) for name in sorted(each.conditions)),
                "ways": ", ".join(describe_way(name) for name in sorted(each.ways)),
            }
            for each in load_comparators()
        ],
        "rules": (INSIDE, RELEASE),
    }
    return render(request, "web/outcomes/method.html", context)


@staff_page("outcomes.release", methods=("POST",))
def download_tables(request: HttpRequest) -> HttpResponse:
    """Return the tables of a release as a file, small counts hidden by its rule; the act is written down."""
    name = request.POST.get("format", "")
    if name not in FORMATS:
        raise Http404
    given = {"score": request.POST.get("score", "")}
    figures = release_figures(given=given, file_format=name, by=request.user, now=timezone.now())
    response = HttpResponse(pack_tables(figures, name), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="outcomes-{name}-{figures.choice.today:%Y-%m-%d}.zip"'
    return response
