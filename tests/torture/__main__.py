"""Disturb all commands: ``cd tests && python -m torture --kills 1000 --failures 1000``."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event

from torture.commands import COMMANDS
from torture.preloaded import compiled
from torture.trials import Torturer, Trial


def main() -> int:
    """Return 1 if anything is not as it should be."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how many at least")
    parser.add_argument("--failures", type=int, default=1000, help="how many at least")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--command", action="append", help="of torture.commands; may be repeated")
    given = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        place = Path(folder).resolve()
        library = compiled(place)
        if library is None:
            print("no C compiler: gcc or cc is needed")
            return 2
        trials = tortured(place, library, given.kills, given.failures, given.seed, given.jobs, given.command)
    print(table(trials))
    print(f"{time.monotonic() - begun:.0f} s")
    return int(any(trial.problems for trial, _ in trials))


def drawn(kind: str, seed: int, number: int, names: list[str]) -> tuple[random.Random, str]:
    """The chances of a trial, and its command."""
    rng = random.Random(f"{kind} {seed} {number}")
    weights = [COMMANDS[name].weight for name in names]
    return rng, rng.choices(names, weights)[0]


def tortured(
    place: Path,
    library: Path,
    kills: int,
    failures: int,
    seed: int,
    jobs: int,
    names: list[str] | None = None,
    moments: bool = True,
) -> list[tuple[Trial, str]]:
    """So many kills and failures at least, over threads, or until Ctrl-C; each trial with its kind.

    Kills are also at random moments, which nothing repeats, unless without `moments`.
    """
    queue: SimpleQueue[tuple[str, int]] = SimpleQueue()
    counts, trials = Counter[str](), list[tuple[Trial, str]]()
    ended = Event()
    wanted = {"kill": kills, "failure": failures}
    for number in range(max(wanted.values())):
        for kind, most in wanted.items():
            if number < most:
                queue.put((kind, number))

    def work(own: Path) -> None:
        with Torturer(own, library, moments) as torturer:
            while not ended.is_set():
                try:
                    kind, number = queue.get_nowait()
                except Empty:
                    return
                if counts[kind] >= wanted[kind]:
                    continue
                rng, name = drawn(kind, seed, number, names or list(COMMANDS))
                trial = torturer.trial(number, name, kind, rng)
                counts[kind] += len(trial.disturbances)
                trials.append((trial, kind))
                if trial.problems:
                    words = "; then ".join(trial.disturbances)
                    print(
                        f"{kind} {number}: {name}: {words}: {'; '.join(trial.problems)}",
                        file=sys.stderr,
                        flush=True,
                    )

    with ThreadPoolExecutor(jobs) as threads:
        tasks = [threads.submit(work, place / f"{job}") for job in range(jobs)]
        try:
            for task in tasks:
                task.result()
        except KeyboardInterrupt:  # what was done so far is told
            ended.set()
    return trials


def table(trials: list[tuple[Trial, str]]) -> str:
    """What came, by command."""
    lines = [f"{'command':<22} {'kills':>6} {'failures':>9} {'codes':<40} problems"]
    for name in [*COMMANDS, "all"]:
        own = [(trial, kind) for trial, kind in trials if name in (trial.command, "all")]
        if not own:
            continue
        counts = Counter(kind for trial, kind in own for _ in trial.disturbances)
        codes = Counter(code for trial, _ in own for code in trial.codes)
        said = " ".join(f"{code}:{count}" for code, count in sorted(codes.items()))
        problems = sum(bool(trial.problems) for trial, _ in own)
        lines.append(f"{name:<22} {counts['kill']:>6} {counts['failure']:>9} {said:<40} {problems}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
