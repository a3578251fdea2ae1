"""Build the browser assets, the translation catalogues and the PDF font of a source checkout."""

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

from afterglow.commands import DONE, REFUSED, print_json
from afterglow.terms import InvalidInput, build_error

HELP = "build the browser assets of a source checkout"
POLL_S = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("--watch", action="store_true", help="rebuild whenever a source changes, until Ctrl-C")
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")


def run(args: argparse.Namespace) -> int:
    """Build once, or keep building; a refused source is exit status 1."""
    root = Path(__file__).resolve().parents[3]
    builder = _load_builder(root)
    status = _build(builder, root, args)
    while args.watch:
        time.sleep(POLL_S)
        args.force = False
        status = _build(builder, root, args, quiet=True)
    return status


def _build(builder: ModuleType, root: Path, args: argparse.Namespace, *, quiet: bool = False) -> int:
    try:
        built = builder.build_all(root, say=lambda text: print(text, file=sys.stderr), force=args.force)
    except builder.BuildError as error:
        print(error, file=sys.stderr)
        return REFUSED
    if args.json and not quiet:
        print_json({"built": built, "output": str(root / builder.OUTPUT)})
    elif not built and not quiet:
        print("nothing changed since the last build", file=sys.stderr)
    return DONE


def _load_builder(root: Path) -> ModuleType:
    path = root / "frontend" / "build.py"
    spec = importlib.util.spec_from_file_location("afterglow_frontend_build", path)
    if not path.is_file() or spec is None or spec.loader is None:
        message = "assets are built from a source checkout; an installed package already carries them"
        raise InvalidInput([build_error("assets", "no-source-checkout", str(root), "a source checkout", message)])
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    return builder
