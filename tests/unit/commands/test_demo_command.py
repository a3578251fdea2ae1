"""The demonstration's folder: made, taken again, made anew, and never in place of anything else."""

from pathlib import Path

import pytest

from afterglow.clinic.config import write_config
from afterglow.clinic.secrets import write_secret
from afterglow.commands import demo
from afterglow.terms import InvalidInput


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for the long building, and note the folders it was asked for."""
    asked: list[Path] = []

    def build(folder: Path) -> str:
        asked.append(folder)
        return "newly-made"

    monkeypatch.setattr(demo, "build_folder", build)
    monkeypatch.setattr(demo, "open_folder", lambda folder: None)
    return asked


def make_clinic_folder(folder: Path, *, is_demonstration: bool, is_whole: bool = True) -> Path:
    folder.mkdir()
    (folder / "secrets").mkdir()
    write_config(folder, url="sqlite", is_demonstration=is_demonstration)
    if is_whole:
        write_secret(folder, demo.PASSWORD_FILE, "kept-from-before")
    return folder


def test_an_empty_folder_is_built_in(tmp_path: Path, builds: list[Path]) -> None:
    assert demo.prepare_folder(tmp_path / "new", is_fresh=False) == "newly-made"
    assert builds == [tmp_path / "new"]


def test_a_demonstration_is_taken_again_with_its_password(tmp_path: Path, builds: list[Path]) -> None:
    folder = make_clinic_folder(tmp_path / "d", is_demonstration=True)
    assert demo.prepare_folder(folder, is_fresh=False) == "kept-from-before"
    assert builds == []


def test_fresh_throws_a_demonstration_away(tmp_path: Path, builds: list[Path]) -> None:
    folder = make_clinic_folder(tmp_path / "d", is_demonstration=True)
    (folder / "left-over").write_text("x")
    assert demo.prepare_folder(folder, is_fresh=True) == "newly-made"
    assert not folder.exists()


def test_half_a_demonstration_is_built_anew(tmp_path: Path, builds: list[Path]) -> None:
    folder = make_clinic_folder(tmp_path / "d", is_demonstration=True, is_whole=False)
    assert demo.prepare_folder(folder, is_fresh=False) == "newly-made"
    assert builds == [folder]


@pytest.mark.parametrize("is_fresh", [False, True])
def test_a_real_clinic_is_never_touched(tmp_path: Path, builds: list[Path], is_fresh: bool) -> None:
    folder = make_clinic_folder(tmp_path / "real", is_demonstration=False)
    with pytest.raises(InvalidInput) as caught:
        demo.prepare_folder(folder, is_fresh=is_fresh)
    assert [problem.path for problem in caught.value.problems] == ["data"]
    assert (folder / "clinic.toml").exists()
    assert builds == []


def test_a_folder_with_other_things_is_never_touched(tmp_path: Path, builds: list[Path]) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"x")
    with pytest.raises(InvalidInput):
        demo.prepare_folder(folder, is_fresh=True)
    assert (folder / "holiday.jpg").exists()


def test_two_demonstrations_have_different_passwords() -> None:
    assert demo.make_password() != demo.make_password()
    assert len(demo.make_password()) == 19
