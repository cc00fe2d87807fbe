"""Which tests stand beside which file."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

# Tests that start many processes are too long to be run for each mutant.
_SLOW = ("dask", "demo", "disks", "interrupted", "memory", "slurm", "together", "killed_at_random")
_MOST = 5  # files of tests of a command, those that call it most

# Kernels by what is made of them: files whose names begin so. The others are the solver's.
_KERNELS = {
    ("decimal", "digits", "format_", "parse_", "count_", "runs"): ["tests/data", "tests/text"],
    ("exact_tile", "heads", "postings", "score", "top_k"): ["tests/prediction"],
}
_TOP = {
    "__init__": ["tests/test_native.py", "tests/test_public_api.py", "tests/solvers/test_block_dual_cd.py"],
    "files": ["tests/test_files.py", "tests/training"],
    "patience": ["tests/test_patience.py"],
    "sizes": ["tests/training/test_memory.py"],
}
_FROM_OUTSIDE = {"reporting": ["tests/cli/test_cli_report.py"]}


def room_of(file: str) -> str:
    """The room that a file lies in; "top" for those beside the rooms, and the module that binds the kernels."""
    parts = Path(file).parts
    if parts[0] == "cli":
        return "cli"
    return "top" if len(parts) == 2 or file == "pwdismec/native/__init__.py" else parts[1]


@cache
def tests_of(file: str, root: Path) -> tuple[str, ...]:
    """The tests of a file's room, as paths in the checkout; of a command's, those that call it."""
    stem, room = Path(file).stem, room_of(file)
    if room == "native":
        found = next(
            (tests for begins, tests in _KERNELS.items() if stem.startswith(begins)), ["tests/solvers"]
        )
    elif room == "top" and stem in _TOP:
        found = _TOP[stem]
    elif room in ("cli", "pipeline", "top"):
        found = _tests_of_commands(_commands(file, root), root)
    else:
        found = [f"tests/{room}", *_FROM_OUTSIDE.get(room, [])]
    return tuple(_nearest_first(found, root / file, root))


def _nearest_first(tests: list[str], file: Path, root: Path) -> list[str]:
    """The files of tests, those first that mention most of what the file defines."""
    names = re.findall(r"^(?:def|class) (\w+)", file.read_text("utf-8"), re.M)
    paths = [path for name in tests for path in (sorted((root / name).glob("test_*.py")) or [root / name])]
    mentioned = {path: sum(name in path.read_text("utf-8") for name in [file.stem, *names]) for path in paths}
    return [str(path.relative_to(root)) for path in sorted(paths, key=lambda path: -mentioned[path])]


def _commands(file: str, root: Path) -> set[str]:
    """The commands that a module of the command line or of the pipeline is made for, found by its imports."""
    stem = Path(file).stem
    module = f".{stem}" if file.startswith("cli/") else file.removesuffix(".py").replace("/", ".")
    users = [path for folder in ("cli", "pwdismec/pipeline") for path in (root / folder).glob("*.py")]
    users = [path for path in users if f"from {module} import" in path.read_text("utf-8")]
    own = {stem.rstrip("_")} if file.startswith("cli/") else set()
    return own.union(*(_commands(str(path.relative_to(root)), root) for path in users))


def _tests_of_commands(commands: set[str], root: Path) -> list[str]:
    fast = [path for path in (root / "tests/cli").glob("test_*.py") if not path.stem.endswith(_SLOW)]
    calls = {path: sum(path.read_text().count(f'"{command}"') for command in commands) for path in fast}
    found = sorted(filter(calls.get, fast), key=lambda path: (-calls[path], path))
    return [str(path.relative_to(root)) for path in found[:_MOST] or sorted(fast)]
