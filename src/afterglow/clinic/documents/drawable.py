"""Which characters the fonts of a sheet draw; what they do not is printed as its Unicode number, `[U+1F642]`.

The typesetter itself is asked: a character that no font has takes the height of the empty box, which no other has.
Text is replaced for paper alone; what is stored, and shown on a screen, stays as it was typed.
"""

import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typst

PLAIN = frozenset("\t\n\r")
# controls, halves of a pair, private use, what no standard has assigned: they have no look of their own
FORMLESS = frozenset({"Cc", "Cs", "Co", "Cn"})
# past the Latin alphabets; what stands here and is a letter, a mark or a picture goes when nothing else helps
LATIN_ENDS = "\u024f"
_QUESTION: Any = b"""
#set text(font: "Inter", lang: "en")
#let size(letter) = measure(text(top-edge: "bounds", bottom-edge: "bounds", letter)).height
#context {
  let empty = size(str.from-unicode(0x10fffd))
  [#metadata(json(bytes(sys.inputs.letters)).map(letter => size(letter) != empty)) <drawn>]
}
"""
_known: dict[str, bool] = {}


def find_undrawn(letters: Iterable[str], fonts: Path) -> frozenset[str]:
    """Return the characters among these that no font of a sheet draws."""
    beyond = {letter for letter in letters if not " " <= letter <= "~" and letter not in PLAIN}
    formless = {letter for letter in beyond if unicodedata.category(letter) in FORMLESS}
    asked = beyond - formless
    if unknown := sorted(asked - _known.keys()):
        _known.update(zip(unknown, _ask(unknown, fonts), strict=True))
    return frozenset(formless | {letter for letter in asked if not _known[letter]})


def find_unsafe(letters: Iterable[str]) -> frozenset[str]:
    """Return what can be done without when a sheet cannot be set for a reason that no single character has."""
    return frozenset(
        letter
        for letter in letters
        if not " " <= letter <= "~"
        and letter not in PLAIN
        and (unicodedata.category(letter) in FORMLESS or (letter > LATIN_ENDS and _is_written(letter)))
    )


def list_letters(value: Any) -> Iterator[str]:
    """Yield the characters of every text in some JSON-able data; the keys are the template's."""
    if isinstance(value, str):
        yield from value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from list_letters(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from list_letters(part)


def write_numbers(value: Any, undrawn: frozenset[str]) -> Any:
    """Return JSON-able data with those characters as their numbers, some in a row in one pair of brackets."""
    return _map_texts(value, lambda text: _write(text, undrawn))


def _ask(letters: list[str], fonts: Path) -> list[bool]:
    answer = typst.query(
        _QUESTION,
        "<drawn>",
        field="value",
        one=True,
        font_paths=[str(fonts)],
        ignore_system_fonts=True,
        sys_inputs={"letters": json.dumps(letters, ensure_ascii=False)},
    )
    return [bool(each) for each in json.loads(answer)]


def _is_written(letter: str) -> bool:
    category = unicodedata.category(letter)
    return category[0] in "LMN" or category in ("So", "Cf")


def _map_texts(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _map_texts(part, change) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_map_texts(part, change) for part in value]
    return value


def _write(text: str, undrawn: frozenset[str]) -> str:
    if undrawn.isdisjoint(text):
        return text
    parts: list[str] = []
    numbers: list[str] = []
    for letter in text:
        if letter in undrawn:
            numbers.append(f"U+{ord(letter):04X}")
            continue
        if numbers:
            parts.append(f"[{' '.join(numbers)}]")
            numbers = []
        parts.append(letter)
    if numbers:
        parts.append(f"[{' '.join(numbers)}]")
    return "".join(parts)
