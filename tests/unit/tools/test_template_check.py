"""The template check finds what the content policy would refuse, and leaves the rest alone."""

import pytest

from tools.templates import list_template_problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('<p style="color: red">', "inline style"),
        ('<p\n  class="a"\n  STYLE="x">', "inline style"),
        ('<button onclick="go()">', "inline event handler"),
        ('<div hx-on:click="go()">', "inline event handler"),
        ("<script>go()</script>", "inline script"),
        ("<style>p {}</style>", "style element"),
        ('<img src="x.png">', "image without alt"),
        ('<script src="https://cdn.example/x.js"></script>', "an address off the host"),
        ('<a href="javascript:go()">', "an address off the host"),
        ('<p tabindex="3">', "tabindex above 0"),
        ("{{ text|safe }}", "escaping switched off"),
    ],
)
def test_problem_is_found(text: str, problem: str) -> None:
    assert problem in [found for _line, found in list_template_problems(text)]


@pytest.mark.parametrize(
    "text",
    [
        '<p class="style-1" data-style="a">',
        '<a href="https://www.fda.gov/">label</a>',
        '<script type="module" src="{% url \'x\' %}"></script>',
        '<script id="data" type="application/json">{}</script>',
        '<img src="x.png" alt="">',
        '{# <p style="x"> #}',
        "{% comment %}<script>go()</script>{% endcomment %}",
        '<p tabindex="-1">',
        '<p {% if wide > 3 %}class="wide"{% endif %}>',
    ],
)
def test_good_markup_passes(text: str) -> None:
    assert list(list_template_problems(text)) == []


def test_line_of_the_problem_is_named_after_a_comment() -> None:
    text = '{# one\ntwo #}\n<p style="x">'
    assert list(list_template_problems(text)) == [(3, "inline style")]
