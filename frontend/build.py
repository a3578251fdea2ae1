"""Builds what the package carries but the repository does not: browser bundles, .mo catalogues and the PDF font.

Standard library only (Babel for the catalogues), no Node: tarballs named in package-lock.json are fetched from the
npm registry, checked against the lock's sha512 and unpacked; no install script is ever run. The native esbuild then
bundles every file of frontend/src/entries into src/afterglow/web/static/build/ and writes manifest.json:

    {"app": {"js": "assets/app-HASH.js", "css": "assets/app-HASH.css"}, "print": {"css": "assets/print-HASH.css"}}

A bundle NAME is entries/NAME.ts (its css is what the script imports) or entries/NAME.css; paths are relative to the
build folder. A template loads one with `{% bundle "app" %}`. A stamp of all inputs makes a second build free.
"""

import base64
import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

OUTPUT = Path("src/afterglow/web/static/build")
PDF_FONTS = Path("src/afterglow/clinic/documents/fonts")
PDF_FONT_PACKAGE = "@expo-google-fonts/inter"
PDF_FONT_FILES = {
    "400Regular/Inter_400Regular.ttf": "Inter-Regular.ttf",
    "400Regular_Italic/Inter_400Regular_Italic.ttf": "Inter-Italic.ttf",
    "600SemiBold/Inter_600SemiBold.ttf": "Inter-SemiBold.ttf",
    "700Bold/Inter_700Bold.ttf": "Inter-Bold.ttf",
    "LICENSE_FONT": "OFL.txt",
}
SFNT_MAGIC = (b"\x00\x01\x00\x00", b"OTTO", b"true")
DEFAULT_REGISTRY = "https://registry.npmjs.org"
ATTEMPTS = 4
LICENCE_NAMES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "LICENSE_FONT", "license.txt")

Lock = dict[str, dict[str, Any]]
Say = Callable[[str], None]


class BuildError(RuntimeError):
    """The assets cannot be built; the message says what would help."""


def build_all(root: Path, *, say: Say = print, force: bool = False) -> bool:
    """Build catalogues, font and bundles under a source root; return whether anything had to be built."""
    compiled = compile_catalogues(root, say=say)
    if os.environ.get("AFTERGLOW_SKIP_FRONTEND") == "1":
        say("AFTERGLOW_SKIP_FRONTEND=1: browser assets and the PDF font are left to the packager")
        return compiled
    stamp = _hash_inputs(root)
    if not force and _is_current(root, stamp):
        return compiled
    started = time.monotonic()
    lock = read_lock(root)
    folders = fetch_packages(root, lock, _runtime_names(lock), say=say)
    esbuild = fetch_esbuild(root, lock, say=say)
    place_pdf_font(root, folders[PDF_FONT_PACKAGE])
    _bundle(root, esbuild, folders, stamp)
    say(f"built the browser assets in {time.monotonic() - started:.1f} s")
    return True


# --- packages -------------------------------------------------------------------------------------------------------


def read_lock(root: Path) -> Lock:
    """Return the lock's packages by name; only the flat layout this project has is understood."""
    packages = json.loads((root / "frontend/package-lock.json").read_text(encoding="utf-8"))["packages"]
    lock = {}
    for path, entry in packages.items():
        if not path:
            continue
        name = path.removeprefix("node_modules/")
        if "node_modules/" in name:
            raise BuildError(f"{path}: two versions of one package in package-lock.json; pick one")
        lock[name] = entry
    return lock


def fetch_packages(root: Path, lock: Lock, names: list[str], *, say: Say = print) -> dict[str, Path]:
    """Return the unpacked folder of each package, downloading what is not there in the locked version."""
    return {name: _fetch_package(root, name, lock[name], say) for name in names}


def fetch_esbuild(root: Path, lock: Lock, *, say: Say = print) -> Path:
    """Return the native esbuild of this machine."""
    folder = _fetch_native(root, lock, "@esbuild/", say)
    return _executable(folder / ("esbuild.exe" if os.name == "nt" else "bin/esbuild"))


def fetch_tsc(root: Path, lock: Lock, *, say: Say = print) -> Path:
    """Return the native TypeScript compiler of this machine; only the checks use it."""
    folder = _fetch_native(root, lock, "@typescript/typescript-", say)
    return _executable(folder / ("lib/tsc.exe" if os.name == "nt" else "lib/tsc"))


def _runtime_names(lock: Lock) -> list[str]:
    return [name for name, entry in lock.items() if not entry.get("dev")]


def _fetch_native(root: Path, lock: Lock, prefix: str, say: Say) -> Path:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    system = {"linux": "linux", "darwin": "darwin", "win32": "win32"}.get(sys.platform)
    name = f"{prefix}{system}-{machine}"
    if name not in lock:
        raise BuildError(f"{prefix}* has no binary for {sys.platform} {platform.machine()} in package-lock.json")
    return _fetch_package(root, name, lock[name], say)


def _fetch_package(root: Path, name: str, entry: dict[str, Any], say: Say) -> Path:
    folder = root / "frontend/node_modules" / name
    if _installed_version(folder) == entry["version"]:
        return folder
    url = f"{_registry()}/{name}/-/{name.rpartition('/')[2]}-{entry['version']}.tgz"
    say(f"fetching {name} {entry['version']}")
    data = _download(url)
    _check_integrity(name, data, entry["integrity"])
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".fetch-", dir=folder.parent))
    try:
        _unpack(data, fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def _installed_version(folder: Path) -> str | None:
    try:
        return str(json.loads((folder / "package.json").read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError):
        return None


def _registry() -> str:
    configured = os.environ.get("NPM_CONFIG_REGISTRY") or os.environ.get("npm_config_registry") or DEFAULT_REGISTRY
    return configured.rstrip("/")


def _download(url: str) -> bytes:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  registry address, hash checked
                return bytes(answer.read())
        except (OSError, urllib.error.URLError) as error:
            if attempt == ATTEMPTS or (isinstance(error, urllib.error.HTTPError) and error.code < 500):
                hint = "set NPM_CONFIG_REGISTRY for a mirror, SSL_CERT_FILE behind an inspecting proxy"
                raise BuildError(f"{url} cannot be fetched: {error} ({hint})") from error
            time.sleep(2**attempt)
    raise BuildError(f"{url} cannot be fetched")


def _check_integrity(name: str, data: bytes, integrity: str) -> None:
    algorithm, _, expected = integrity.partition("-")
    if algorithm != "sha512":
        raise BuildError(f"{name}: package-lock.json gives {algorithm}, sha512 is needed")
    if base64.b64encode(hashlib.sha512(data).digest()).decode() != expected:
        raise BuildError(f"{name}: the download does not match the sha512 in package-lock.json")


def _unpack(data: bytes, folder: Path) -> None:
    # written by hand: tarfile's safe filter is missing from Python before 3.11.4, which Debian 12 has
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for member in archive:
            parts = PurePosixPath(member.name).parts[1:]
            if member.isdir() or not parts:
                continue
            content = archive.extractfile(member) if member.isreg() else None
            if content is None or any(part == ".." or "\\" in part or ":" in part for part in parts):
                raise BuildError(f"{member.name!r} in a package is no plain file inside its folder")
            path = folder.joinpath(*parts)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.read())
    folder.chmod(0o755)


def _executable(path: Path) -> Path:
    if not path.is_file():
        raise BuildError(f"{path} is missing from its package")
    path.chmod(0o755)
    return path


# --- the PDF font ---------------------------------------------------------------------------------------------------


def place_pdf_font(root: Path, package: Path) -> None:
    """Copy the static TTF cuts and their licence where the documents look; typst cannot read woff2."""
    target = root / PDF_FONTS
    target.mkdir(parents=True, exist_ok=True)
    for source, name in PDF_FONT_FILES.items():
        path = package / source
        if not path.is_file():
            raise BuildError(f"{PDF_FONT_PACKAGE} has no {source}: the printed record would have no font")
        data = path.read_bytes()
        if name.endswith(".ttf") and not data.startswith(SFNT_MAGIC):
            raise BuildError(f"{source} is neither TrueType nor OpenType: typst would ignore it")
        _write_if_changed(target / name, data)


# --- catalogues -----------------------------------------------------------------------------------------------------


def compile_catalogues(root: Path, *, say: Say = print) -> bool:
    """Compile each .po to the .mo beside it when it is older; a catalogue with errors fails the build."""
    stale = [po for po in sorted((root / "src/afterglow").glob("**/locale/*/LC_MESSAGES/*.po")) if _is_stale(po)]
    if not stale:
        return False
    try:
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po
    except ImportError:
        raise BuildError("Babel is needed to compile the translation catalogues") from None
    for po in stale:
        with po.open("rb") as file:
            catalogue = read_po(file, locale=po.parent.parent.name, abort_invalid=True)
        for message, errors in catalogue.check():
            raise BuildError(f"{po}: {message.id!r}: {errors[0]}")
        buffer = io.BytesIO()
        write_mo(buffer, catalogue)
        _write_if_changed(po.with_suffix(".mo"), buffer.getvalue(), touch=True)
    say(f"compiled {len(stale)} translation catalogue(s)")
    return True


def _is_stale(po: Path) -> bool:
    mo = po.with_suffix(".mo")
    return not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime


# --- bundles --------------------------------------------------------------------------------------------------------


def _bundle(root: Path, esbuild: Path, folders: dict[str, Path], stamp: str) -> None:
    output = root / OUTPUT
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".build-", dir=output.parent))
    try:
        meta = fresh / "meta.json"
        _run_esbuild(root, esbuild, fresh, meta)
        manifest = _read_manifest(json.loads(meta.read_text(encoding="utf-8")), fresh, root)
        meta.unlink()
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        _copy_licences(folders, fresh / "licenses")
        (fresh / "stamp.txt").write_text(stamp + "\n", encoding="utf-8")
        fresh.chmod(0o755)
        _swap(fresh, output)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _run_esbuild(root: Path, esbuild: Path, output: Path, meta: Path) -> None:
    entries = [str(path.relative_to(root / "frontend").as_posix()) for path in _entries(root)]
    options = ["--bundle", "--minify", "--splitting", "--format=esm", "--target=es2022"]
    options += [f"--{kind}-names=assets/[name]-[hash]" for kind in ("entry", "chunk", "asset")]
    options += ["--loader:.woff2=file", "--loader:.woff=file", "--loader:.svg=file", "--log-level=warning"]
    # two entries of one name and kind cannot happen: they share a folder
    command = [str(esbuild), *entries, *options, f"--metafile={meta}", f"--outdir={output}"]
    done = subprocess.run(command, cwd=root / "frontend", capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise BuildError(f"esbuild refused the sources:\n{done.stderr}")
    if done.stderr.strip():
        raise BuildError(f"esbuild warned, and a warning fails the build:\n{done.stderr}")


def _read_manifest(meta: dict[str, Any], output: Path, root: Path) -> dict[str, dict[str, str]]:
    manifest: dict[str, dict[str, str]] = {}
    for path, described in meta["outputs"].items():
        entry = described.get("entryPoint")
        if not entry:
            continue
        bundle = manifest.setdefault(PurePosixPath(entry).stem, {})
        built = {"css" if path.endswith(".css") else "js": path}
        if described.get("cssBundle"):
            built["css"] = described["cssBundle"]
        for kind, file in built.items():
            if kind in bundle:
                raise BuildError(
                    f"{entry}: this bundle has a second {kind}; import it from the script or name it apart"
                )
            bundle[kind] = Path(os.path.relpath(root / "frontend" / file, output)).as_posix()
    return manifest


def _copy_licences(folders: dict[str, Path], target: Path) -> None:
    target.mkdir()
    for name, folder in folders.items():
        texts = [folder / file for file in LICENCE_NAMES if (folder / file).is_file()]
        if not texts:
            raise BuildError(f"{name} has no licence text to pass on")
        joined = b"\n\n".join(path.read_bytes() for path in texts)
        (target / f"{name.replace('/', '-').lstrip('@')}.txt").write_bytes(joined)


def _swap(fresh: Path, output: Path) -> None:
    old = fresh.with_name(fresh.name + "-old")
    if output.exists():
        output.rename(old)
    fresh.rename(output)
    shutil.rmtree(old, ignore_errors=True)


def _entries(root: Path) -> list[Path]:
    folder = root / "frontend/src/entries"
    found = sorted(path for path in folder.glob("*") if path.suffix in {".ts", ".css"})
    if not found:
        raise BuildError(f"{folder} has no entry (.ts or .css)")
    return found


# --- stamp ----------------------------------------------------------------------------------------------------------


def _hash_inputs(root: Path) -> str:
    digest = hashlib.sha256()
    for path in _inputs(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    frontend = root / "frontend"
    yield frontend / "build.py"
    yield frontend / "package-lock.json"
    yield frontend / "tsconfig.json"
    yield from sorted(path for path in (frontend / "src").rglob("*") if path.is_file())


def _is_current(root: Path, stamp: str) -> bool:
    if any(not (root / PDF_FONTS / name).is_file() for name in PDF_FONT_FILES.values()):
        return False
    try:
        return (root / OUTPUT / "stamp.txt").read_text(encoding="utf-8").strip() == stamp
    except OSError:
        return False


def _write_if_changed(path: Path, data: bytes, *, touch: bool = False) -> None:
    if path.is_file() and path.read_bytes() == data:
        if touch:
            path.touch()
        return
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)


if __name__ == "__main__":
    build_all(Path(__file__).resolve().parent.parent, force="--force" in sys.argv)
