"""Fuzzes the kernels with libFuzzer, under the address and undefined-behaviour sanitizers.

    CXX=clang++ pip install --no-deps --target … . --config-settings=build-dir=BUILD \
        --config-settings=cmake.define.PWDISMEC_FUZZ=ON --config-settings=cmake.define.PWDISMEC_ISAS=
    python tests/native/fuzz/run.py BUILD SECONDS [TARGET …]

builds the targets (the .cpp files here) and runs each for so many seconds, one after another, starting from
its stored inputs in corpus/. Each compares a kernel with a plain implementation of what it promises. The exit
code is 1 if a target found a fault; the input is kept in the working directory, and the target run on it
alone (BUILD/fuzz_TARGET FILE) shows the fault again. Put it into the corpus with its fix.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = sorted(file.stem for file in HERE.glob("*.cpp"))
ENVIRONMENT = {**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1"}


def fuzz(program: Path, target: str, seconds: int) -> bool:
    """Whether `target` found nothing; prints what it did."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as new_inputs:
        run = subprocess.run(
            [
                *(program.resolve(), new_inputs, HERE / "corpus" / target),
                *(f"-max_total_time={seconds}", "-max_len=1000", "-timeout=120", "-report_slow_units=120"),
                *("-print_final_stats=1", f"-artifact_prefix=fuzz-{target}-"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="backslashreplace",
            env=ENVIRONMENT,
        )
    seconds_taken = time.monotonic() - begin
    counted = re.search(r"number_of_executed_units: (\d+)", run.stderr)
    inputs = int(counted[1]) if counted else 0
    print(
        f"{target:14} {inputs:12,} inputs {seconds_taken:8.0f} s {inputs / seconds_taken:10,.0f} a second",
        flush=True,
    )
    if run.returncode:
        print(run.stderr[-8000:], f"{target}: FAILED with exit code {run.returncode}", sep="\n", flush=True)
    return run.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description="Fuzz the kernels.")
    parser.add_argument("build", type=Path, help="folder that the targets were built in")
    parser.add_argument("seconds", type=int, help="for each target")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; default: all")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - set(TARGETS):
        parser.error(f"unknown targets: {', '.join(sorted(unknown))}")
    targets = arguments.targets or TARGETS
    results = [fuzz(arguments.build / f"fuzz_{target}", target, arguments.seconds) for target in targets]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
