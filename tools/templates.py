"""Templates keep to the content security policy and to the accessible basics; what they show is translatable."""

import re
from collections.abc import Iterator
from pathlib import Path

COMMENT = re.compile(r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|<!--.*?-->", re.DOTALL)
TAG = re.compile(r"<([a-zA-Z][\w-]*)\b((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL)
INLINE_STYLE = re.compile(r"\sstyle\s*=", re.IGNORECASE)
INLINE_HANDLER = re.compile(r"\s(on[a-z]+|hx-on[:\w-]*)\s*=", re.IGNORECASE)
ADDRESS = re.compile(r"\s(?:src|href|action)\s*=\s*[\"'](https?:|//|javascript:)", re.IGNORECASE)


def list_template_problems(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and sentence for each thing the browser's policy or a keyboard user would stumble over."""
    blank = COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)
    for found in TAG.finditer(blank):
        line = blank.count("\n", 0, found.start()) + 1
        name, attributes = (
            found.group(1).lower(),
            re.sub(r"{%.*?%}|{{.*?}}", "x", " " + found.group(2), flags=re.DOTALL),
        )
        if INLINE_STYLE.search(attributes):
            yield line, "inline style"
        if INLINE_HANDLER.search(attributes):
            yield line, "inline event handler"
        if ADDRESS.search(attributes) and not (name == "a" and "javascript:" not in attributes):
            yield line, "an address off the host"
        if name == "style":
            yield line, "style element"
        if name == "script" and " src" not in attributes and "application/json" not in attributes:
            yield line, "inline script"
        if name == "img" and " alt" not in attributes:
            yield line, "image without alt"
        if re.search(r"\stabindex\s*=\s*[\"']?[1-9]", attributes):
            yield line, "tabindex above 0"
    yield from _list_unsafe(blank)


def check_templates(source: Path) -> list[str]:
    """Return a line per problem in every template under a source tree."""
    problems = []
    for path in sorted(source.rglob("templates/**/*.html")):
        for line, text in list_template_problems(path.read_text(encoding="utf-8")):
            problems.append(f"{path.relative_to(source)}:{line}: {text}")
    return problems


def _list_unsafe(text: str) -> Iterator[tuple[int, str]]:
    for found in re.finditer(r"\|\s*safe\b|{%\s*autoescape\s+off", text):
        yield text.count("\n", 0, found.start()) + 1, "escaping switched off"
