"""The asset builder checks what it downloads, is free the second time, and fails rather than ship less."""

import base64
import hashlib
import importlib.util
import io
import json
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]


def load_builder() -> ModuleType:
    """Import frontend/build.py as the hook does."""
    spec = importlib.util.spec_from_file_location("frontend_build_under_test", ROOT / "frontend" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


builder = load_builder()


def pack(files: dict[str, bytes]) -> bytes:
    """Return a tarball as npm packs it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def lock_entry(data: bytes) -> dict[str, str]:
    """Return the lock's entry for a tarball."""
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    return {"version": "1.0.0", "integrity": f"sha512-{digest}"}


PACKAGE = pack({"package/package.json": b'{"version": "1.0.0"}', "package/a/b.js": b"1"})


def test_package_with_the_locked_hash_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(builder, "_download", lambda url: asked.append(url) or PACKAGE)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "https://mirror.example/npm/")
    lock = {"@scope/pack": lock_entry(PACKAGE)}
    folder = builder.fetch_packages(tmp_path, lock, ["@scope/pack"], say=lambda _text: None)["@scope/pack"]
    assert (folder / "a" / "b.js").read_bytes() == b"1"
    assert asked == ["https://mirror.example/npm/@scope/pack/-/pack-1.0.0.tgz"]


def test_package_that_is_there_in_the_locked_version_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = iter([PACKAGE])
    monkeypatch.setattr(builder, "_download", lambda _url: next(downloads))
    lock = {"pack": lock_entry(PACKAGE)}
    first = builder.fetch_packages(tmp_path, lock, ["pack"], say=lambda _text: None)
    assert builder.fetch_packages(tmp_path, lock, ["pack"], say=lambda _text: None) == first


def test_package_with_another_hash_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "_download", lambda _url: pack({"package/package.json": b"{}"}))
    with pytest.raises(builder.BuildError, match="does not match the sha512"):
        builder.fetch_packages(tmp_path, {"pack": lock_entry(PACKAGE)}, ["pack"], say=lambda _text: None)
    assert not (tmp_path / "frontend" / "node_modules" / "pack").exists()


def test_lock_without_sha512_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "_download", lambda _url: PACKAGE)
    lock = {"pack": {"version": "1.0.0", "integrity": "sha1-abc"}}
    with pytest.raises(builder.BuildError, match="sha512 is needed"):
        builder.fetch_packages(tmp_path, lock, ["pack"], say=lambda _text: None)


@pytest.mark.parametrize("name", ["package/../../evil.js", "package/a/../../../evil.js", "package/C:\\evil.js"])
def test_archive_that_reaches_outside_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(builder.BuildError, match="no plain file"):
        builder._unpack(pack({name: b"1"}), tmp_path / "inside")
    assert not list(tmp_path.rglob("*evil.js"))


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        link = tarfile.TarInfo("package/link")
        link.type, link.linkname = tarfile.SYMTYPE, "../../outside"
        archive.addfile(link)
    with pytest.raises(builder.BuildError, match="no plain file"):
        builder._unpack(buffer.getvalue(), tmp_path)


def test_missing_font_fails_the_build(tmp_path: Path) -> None:
    with pytest.raises(builder.BuildError, match="no font"):
        builder.place_pdf_font(tmp_path, tmp_path / "empty")


def test_font_that_typst_would_ignore_fails_the_build(tmp_path: Path) -> None:
    package = tmp_path / "package"
    for name in builder.PDF_FONT_FILES:
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_bytes(b"wOF2 and so on")
    with pytest.raises(builder.BuildError, match="neither TrueType nor OpenType"):
        builder.place_pdf_font(tmp_path, package)


def write_catalogue(root: Path, text: str) -> Path:
    """Write a German catalogue with one message."""
    folder = root / "src" / "afterglow" / "web" / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    (folder / "django.po").write_text(header + text, encoding="utf-8")
    return folder / "django.mo"


def test_catalogue_is_compiled_once(tmp_path: Path) -> None:
    mo = write_catalogue(tmp_path, 'msgid "Dose"\nmsgstr "Dosis"\n')
    assert builder.compile_catalogues(tmp_path, say=lambda _text: None)
    assert b"Dosis" in mo.read_bytes()
    assert not builder.compile_catalogues(tmp_path, say=lambda _text: None)


def test_catalogue_that_loses_a_placeholder_fails_the_build(tmp_path: Path) -> None:
    mo = write_catalogue(tmp_path, '#, python-format\nmsgid "%(mg)s mg"\nmsgstr "%(kg)s mg"\n')
    with pytest.raises(builder.BuildError, match="mg"):
        builder.compile_catalogues(tmp_path, say=lambda _text: None)
    assert not mo.exists()


def test_manifest_joins_a_script_with_the_style_it_imports(tmp_path: Path) -> None:
    output = tmp_path / "out"
    meta = {
        "outputs": {
            "../out/assets/app-A.js": {
                "entryPoint": "src/entries/app.ts",
                "cssBundle": "../out/assets/app-B.css",
            },
            "../out/assets/app-B.css": {},
            "../out/assets/print-C.css": {"entryPoint": "src/entries/print.css"},
        }
    }
    assert builder._read_manifest(meta, output, tmp_path) == {
        "app": {"js": "assets/app-A.js", "css": "assets/app-B.css"},
        "print": {"css": "assets/print-C.css"},
    }


def test_bundle_with_two_style_sheets_is_refused(tmp_path: Path) -> None:
    meta = {
        "outputs": {
            "../out/a.js": {"entryPoint": "src/entries/app.ts", "cssBundle": "../out/a.css"},
            "../out/b.css": {"entryPoint": "src/entries/app.css"},
        }
    }
    with pytest.raises(builder.BuildError, match="second css"):
        builder._read_manifest(meta, tmp_path / "out", tmp_path)


def test_built_manifest_names_files_that_exist_and_the_font_lies_beside_the_documents() -> None:
    manifest = json.loads((ROOT / builder.OUTPUT / "manifest.json").read_text(encoding="utf-8"))
    assert {"app", "session"} <= set(manifest)
    for bundle in manifest.values():
        for file in bundle.values():
            assert (ROOT / builder.OUTPUT / file).is_file()
    assert (ROOT / builder.PDF_FONTS / "Inter-Regular.ttf").read_bytes().startswith(builder.SFNT_MAGIC)


def test_packager_may_leave_the_assets_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFTERGLOW_SKIP_FRONTEND", "1")
    said: list[str] = []
    assert builder.build_all(tmp_path, say=said.append) is False
    assert "AFTERGLOW_SKIP_FRONTEND" in said[0]
