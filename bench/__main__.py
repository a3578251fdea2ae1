"""`./run bench NAME`: runs bench/NAME.py; without a name it lists the benchmarks."""

import ast
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def list_benchmarks() -> dict[str, str]:
    """Return each benchmark's name with the first line of its docstring."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        if not path.name.startswith("_"):
            text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
            found[path.stem] = text.partition("\n")[0]
    return found


def main(argv: list[str]) -> int:
    """Run the named benchmark with the remaining arguments."""
    benchmarks = list_benchmarks()
    if not argv or argv[0] in ("-h", "--help"):
        print("usage: ./run bench NAME [ARGUMENTS]\n")
        for name, text in benchmarks.items():
            print(f"  {name:<14} {text}")
        return 0
    if argv[0] not in benchmarks:
        print(f"bench: {argv[0]!r} is not a benchmark; there are: {', '.join(benchmarks) or 'none'}", file=sys.stderr)
        return 2
    path = FOLDER / f"{argv[0]}.py"
    sys.argv = [str(path), *argv[1:]]
    runpy.run_path(str(path), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
