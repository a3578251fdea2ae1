"""Every installed Python package and every locked npm package carries a licence of the allow-list."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

ALLOW_LIST = Path(__file__).with_name("licences.toml")
FORBIDDEN = re.compile(r"\b(A?GPL|SSPL|BUSL|proprietary|non-?commercial)", re.IGNORECASE)
# the spellings of old metadata fields and classifiers
SPELLINGS = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "BSD 2-Clause License": "BSD-2-Clause",
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
OWN = {"afterglow"}


def load_allow_list(path: Path = ALLOW_LIST) -> dict[str, Any]:
    """Return the allowed licences and the packages that were looked at one by one."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def list_python_licences(found: Iterable[Distribution] | None = None) -> dict[str, str]:
    """Return name and licence expression of each installed package; empty where the metadata says nothing."""
    named = {}
    for distribution in distributions() if found is None else found:
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
        if name not in OWN:
            named[name] = read_licence(distribution.metadata)
    return named


def read_licence(metadata: Any) -> str:
    """Return a licence expression from package metadata: the SPDX field, else the old field, else a classifier."""
    if metadata.get("License-Expression"):
        return str(metadata["License-Expression"])
    first_line = (metadata.get("License") or "").strip().partition("\n")[0].strip()
    classifiers = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier") or [] if line[:7] == "License"]
    for text in (first_line, *classifiers):
        if text and (len(text) < 25 or text in SPELLINGS):
            return SPELLINGS.get(str(text), str(text))
    return ""


def list_npm_licences(lock: Path) -> dict[str, str]:
    """Return name and licence of each locked npm package, platform twins of one binary counted once."""
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    named = {path.removeprefix("node_modules/"): entry for path, entry in packages.items() if path}
    return {
        name: str(entry.get("license", ""))
        for name, entry in named.items()
        if not name.startswith(("@esbuild/", "@typescript/"))
    }


def judge_licences(licences: Mapping[str, str], allow_list: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each package that the allow-list does not cover."""
    problems = []
    for name, expression in sorted(licences.items()):
        looked_at = allow_list["package"].get(name)
        if looked_at:
            if FORBIDDEN.search(looked_at["licence"].replace("LGPL", "")) or not looked_at["reason"]:
                problems.append(f"{name}: {looked_at['licence']} cannot be allowed")
            elif FORBIDDEN.search(expression.replace("LGPL", "")) and " OR " not in expression:
                problems.append(f"{name}: now says {expression!r}, the allow-list says {looked_at['licence']}")
        elif not is_allowed(expression, allow_list["allowed"]):
            problems.append(f"{name}: licence {expression or 'not stated'!r} is not on the allow-list")
    return problems


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Tell whether an SPDX expression can be met: every AND part, at least one OR part; no nesting."""
    plain = expression.replace("(", "").replace(")", "")
    known = set(allowed)
    return bool(plain) and any(
        all(part.strip() in known for part in choice.split(" AND ")) for choice in plain.split(" OR ")
    )
