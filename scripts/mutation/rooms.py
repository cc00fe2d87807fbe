"""Which tests are tried on which file: those of its room that say most about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

# What the command line is tested with.
_OF_COMMANDS = ("cli", "steps", "experiment", "diagnosis")

# A room's tests may take minutes; those that notice anything are nearly always among these.
_MOST = 3

# Tests that start many processes are too long to be run for each mutant.
_SLOW = ("dask", "demo", "disks", "interrupted", "cli_memory", "slurm", "together", "killed_at_random")

# Kernels by their folder, and the tests that try most of it.
_KERNELS = {
    "formats": [
        "data/test_formats_decimal.py",
        "data/test_formats_roundtrip.py",
        "data/test_formats_bad_input.py",
    ],
    "prediction": [
        "prediction/test_predictor.py",
        "prediction/test_rounded_dense_weights.py",
        "prediction/test_prediction_index.py",
    ],
    "solver": [
        "solvers/test_block_dual_cd.py",
        "solvers/test_hard_cases.py",
        "solvers/test_block_dual_cd_dense.py",
    ],
    "support": ["native/test_check_rows.py", "test_hostile_arrays.py", "data/test_dataset_arrays.py"],
    "text": ["text/test_words.py", "text/test_corpus.py"],
}
_ELSEWHERE = {
    name: ["tests/test_native.py", "tests/solvers/test_block_dual_cd.py"]
    for name in ("pwdismec/native/__init__.py", "pwdismec/native/module.cpp")
}


def room_of(file: str) -> str:
    """The room that a file lies in; "top" for those beside the rooms, and what binds the kernels."""
    parts = Path(file).parts
    if parts[0] == "cli":
        return "cli"
    return "top" if len(parts) == 2 or file == "pwdismec/native/__init__.py" else parts[1]


@cache
def tests_of(file: str, root: Path) -> tuple[str, ...]:
    """The files of tests for a source, as paths in the checkout, the nearest first."""
    if file in _ELSEWHERE:
        return tuple(_ELSEWHERE[file])
    room, tests = room_of(file), root / "tests"
    if room in _OF_COMMANDS:
        commands = _commands(file, root)
        found = _nearest(
            tests.glob("cli/test_*.py"), lambda text: sum(text.count(f'"{c}"') for c in commands)
        )
    elif room == "native":
        found = [tests / name for name in _KERNELS[Path(file).parent.name]]
    else:
        stem = Path(file).stem
        names = [stem, *re.findall(r"^(?:def|class) (\w+)", (root / file).read_text("utf-8"), re.M)]
        paths = [*tests.glob(f"{'*' if room == 'top' else room}/test_*.py")]
        paths += tests.glob("test_*.py") if room == "top" else []
        if room == "reporting":
            paths.append(tests / "cli" / "test_cli_report.py")
        found = _nearest(paths, lambda text: sum(name in text for name in names))
    of_all = ["test_public_api.py"] if file.endswith(".py") else ["test_native.py", "native/test_bindings.py"]
    of_all += ["cli/test_cli_help.py"] if room == "cli" else []
    return tuple(str(path.relative_to(root)) for path in [*found, *(tests / name for name in of_all)])


def _nearest(paths: Iterable[Path], mentions: Callable[[str], int]) -> list[Path]:
    """Those whose text mentions most of something."""
    fast = sorted(path for path in paths if not path.stem.endswith(_SLOW))
    return sorted(fast, key=lambda path: -mentions(path.read_text("utf-8")))[:_MOST]


def _commands(file: str, root: Path) -> set[str]:
    """The commands that a module of the command line or of the steps is made for, found by its imports."""
    stem = Path(file).stem
    module = f".{stem}" if file.startswith("cli/") else file.removesuffix(".py").replace("/", ".")
    folders = ("cli", *(f"pwdismec/{room}" for room in _OF_COMMANDS[1:]))
    users = [path for folder in folders for path in (root / folder).glob("*.py")]
    users = [path for path in users if f"from {module} import" in path.read_text("utf-8")]
    own = {stem.rstrip("_")} if file.startswith("cli/") else set()
    return own.union(*(_commands(str(path.relative_to(root)), root) for path in users))
