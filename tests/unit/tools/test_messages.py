"""The source catalogue holds every word that may be translated, from Python and from templates."""

from tools.messages import build_catalogue, list_files, list_stale, read_catalogue


def test_the_kept_catalogue_is_fresh() -> None:
    assert list_stale() == []


def test_words_of_python_and_of_templates_are_found_without_line_numbers() -> None:
    made = build_catalogue(read_catalogue())
    places = {name for message in made for name, _ in message.locations}
    assert any(name.endswith(".py") for name in places)
    assert any(name.endswith(".html") for name in places)
    assert {line for message in made for _, line in message.locations} <= {0}


def test_files_come_in_a_fixed_order() -> None:
    assert list(list_files()) == list(list_files())
