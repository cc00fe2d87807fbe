"""Counts the solver's instructions on a fixed problem, and holds the count against the one on record.

    pip install --no-deps --target … . --config-settings=build-dir=BUILD \
        --config-settings=cmake.define.PWDISMEC_COUNTED=ON --config-settings=cmake.define.PWDISMEC_ISAS=
    python tests/native/count_instructions.py BUILD/count_instructions [--record]

builds the problem and solver for x86-64-v3 (count_instructions.cpp) and runs them under valgrind. A count
more than a tenth above the record fails; one more than a tenth below says that the record can be lowered,
which --record does. The record has one number for each compiler: they differ by more than what is looked for.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).with_name("instructions.json")
ALLOWED = 0.1


def count(program: Path) -> tuple[str, str, int]:
    """The compiler of `program`, what it says it solved, and the instructions of `solve_block`."""
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [
                *("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out"),
                *("--toggle-collect=pwdismec::solve_block*", str(program.resolve())),
            ],
            capture_output=True,
            text=True,
        )
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode or collected is None or not int(collected[1]):
        sys.exit(f"{program}: exit code {run.returncode}, nothing counted\n{run.stdout}{run.stderr}")
    compiler, solved = run.stdout.splitlines()
    return compiler, solved, int(collected[1])


def main() -> None:
    parser = argparse.ArgumentParser(description="Count the solver's instructions on a fixed problem.")
    parser.add_argument("program", type=Path)
    parser.add_argument("--record", action="store_true", help="put the count on record")
    arguments = parser.parse_args()
    compiler, solved, counted = count(arguments.program)
    print(f"{compiler}: {solved}, {counted:,} instructions")
    recorded = json.loads(RECORD.read_text())
    if arguments.record:
        RECORD.write_text(json.dumps(recorded | {compiler: counted}, indent=1, sort_keys=True) + "\n")
        return
    if compiler not in recorded:
        known = ", ".join(recorded)
        print(
            f"NOTICE: not checked: {compiler} has no count on record ({known} have); --record puts one there"
        )
        return
    change = counted / recorded[compiler] - 1
    print(f"{change:+.1%} against the {recorded[compiler]:,} on record")
    if change > ALLOWED:
        sys.exit(f"{change:.0%} more instructions; if they are worth it, run with --record and say why")
    if change < -ALLOWED:
        print(f"NOTICE: {-change:.0%} fewer instructions; run with --record to keep what was won")


if __name__ == "__main__":
    main()
