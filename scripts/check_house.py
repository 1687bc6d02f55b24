"""Checks the house rules that no linter knows; `make lint` runs it.

Rules: a file stays under 600 lines; no room without a name (`utils`, `helpers`, `core`, ...); no
address of a package registry and no path of a machine in a tracked file; no way to execute a
stranger's file; no two parameter names that are near duplicates; `datasets` and `connectome` in the
words of the field.
"""

import ast
import difflib
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 600
NAMELESS = {"utils", "helpers", "core", "common", "misc"}
HOSTS = ("pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org")
MACHINE = re.compile(r"(?<![\w.])/(?:root|work|home/\w+)/|/tmp/bash" + "_jobs")
UNSAFE = re.compile(
    r"\bpickle\.load|allow_pickle\s*=\s*True|torch\.load\(|joblib\.load|\beval\(|\bexec\("
)
# Names that look alike and mean different things, each pair with its reason.
DIFFERENT = {
    frozenset(pair)
    for pair in (
        ("n_neurons", "neurons"),
        ("n_members", "members"),
        ("n_trials", "trials"),
        ("n_steps", "n_step"),
        ("measure", "measured"),  # which score; what was recorded
        ("estimate", "estimated"),  # a connectivity; values beside true ones
    )
}
FORBIDDEN_NAMES = {
    "src": "pre",
    "dst": "post",
    "source_idx": "pre",
    "target_idx": "post",
    "random_state": "rng or key",
    "time_const": "tau",
    "delta_t": "dt",
    "requires_grad": "trainable=",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\n")
    return [ROOT / name for name in listed if name and (ROOT / name).is_file()]


def parameters(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = node.args
            names |= {a.arg for a in arguments.args + arguments.kwonlyargs + arguments.posonlyargs}
    return names - {"self", "cls"}


def near_duplicates(names: dict[str, set[str]]) -> list[str]:
    found = []
    words = sorted(n for n in names if len(n) > 4)
    for i, first in enumerate(words):
        for second in words[i + 1 :]:
            plain = first.replace("_", "") == second.replace("_", "")
            alike = difflib.SequenceMatcher(None, first, second).ratio() > 0.93
            plural = first + "s" == second or first == second + "s"
            if (plain or alike) and not plural and frozenset((first, second)) not in DIFFERENT:
                found.append(
                    f"`{first}` ({min(names[first])}) and `{second}` ({min(names[second])})"
                )
    return found


def main() -> int:
    wrong: list[str] = []
    users: dict[str, set[str]] = defaultdict(set)
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        wrong += [f"{name}: names a package registry" for host in HOSTS if host in text]
        if MACHINE.search(text) and name != "scripts/check_house.py":
            wrong.append(f"{name}: holds a path of a machine: {MACHINE.search(text)[0]}")
        if path.suffix != ".py":
            continue
        if len(text.splitlines()) > MAX_LINES:
            wrong.append(f"{name}: {len(text.splitlines())} lines; split it below {MAX_LINES}")
        if path.stem in NAMELESS:
            wrong.append(f"{name}: a room without a name")
        if name.startswith("src/"):
            if UNSAFE.search(text):
                wrong.append(f"{name}: could execute a stranger's file: {UNSAFE.search(text)[0]}")
            for parameter in parameters(path):
                users[parameter].add(name)
    wrong += [
        f"{sorted(users[n])[0]}: say `{better}`, not `{n}`"
        for n, better in FORBIDDEN_NAMES.items()
        if n in users
    ]
    wrong += [f"near-duplicate parameter names: {pair}" for pair in near_duplicates(users)]
    print("\n".join(wrong) if wrong else "house rules: all hold")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
