r"""Put likely slips into the code, one at a time, and see which of them the tests notice.

\b
    python scripts/mutation pwdismec/weighting cli/values.py   # 20 mutants of these
    python scripts/mutation --python 75 --cpp 25 --seed 1         # 100 of all rooms
    python scripts/mutation --listed                              # those that no test noticed once

The package must be installed with its tests. The checkout and the installation are only read.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice, zip_longest
from pathlib import Path
from queue import SimpleQueue

import click
import yaml
from bench import NO_DIFFERENCE, NOT_COMPILED, SURVIVED, Bench
from mutants import Mutant, mutants_of, replaced_text
from rooms import room_of, tests_of

ROOT = Path(__file__).resolve().parents[2]
LISTED = yaml.safe_load(Path(__file__).with_name("listed.yaml").read_text("utf-8"))

# A mutant may make the tests slower, or endless.
SLOWER, SECONDS = 4, 30


@click.command(help=__doc__)
@click.argument("paths", nargs=-1)
@click.option("--python", "n_python", default=20, show_default=True, help="Mutants of Python files.")
@click.option("--cpp", "n_cpp", default=0, show_default=True, help="Mutants of C++ files; needs cmake.")
@click.option("--seed", default=0, show_default=True, help="Which mutants are drawn.")
@click.option("--listed", is_flag=True, help="Try the mutants of listed.yaml instead.")
@click.option("--jobs", default=1, show_default=True, help="Mutants tried at the same time.")
@click.option(
    "--json",
    "report",
    type=click.Path(path_type=Path),
    default=None,
    help="Outcomes, kept as they come: what is in the file is not tried again.",
)
def main(
    paths: tuple[str, ...], n_python: int, n_cpp: int, seed: int, listed: bool, jobs: int, report: Path | None
) -> None:
    files = [file for file in sources() if not paths or file.startswith(paths)]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        run = Run(Path(folder), jobs, report)
        if listed:
            run.try_all({mutant: tests for mutant, tests in listed_mutants().items() if mutant.file in files})
        else:
            python, cpp = (
                [file for file in files if file.endswith(".py") == is_python] for is_python in (1, 0)
            )
            run.try_some(spread(python, room_of, seed), n_python)
            run.try_some(spread(cpp, lambda file: str(Path(file).with_suffix("")), seed), n_cpp)
    survivors = [mutant for mutant, outcome in run.outcomes.items() if outcome == SURVIVED]
    click.echo("\n".join(["", "noticed by no test:", *map(str, survivors or ["none"])]))
    click.echo(", ".join(f"{number} {outcome}" for outcome, number in Counter(run.outcomes.values()).items()))
    sys.exit(bool(survivors))


def sources() -> list[str]:
    """The files that may be mutated."""
    listed = subprocess.run(["git", "ls-files", "pwdismec", "cli"], cwd=ROOT, check=True, capture_output=True)
    names = listed.stdout.decode().split()
    return [name for name in names if name.endswith((".py", ".cpp", ".hpp"))]


def listed_mutants() -> dict[Mutant, tuple[str, ...]]:
    """Those of listed.yaml with their tests; ValueError if one's text is no longer in its file."""
    return {
        replaced_text(ROOT, one["file"], one["before"], one["after"]): (one["tests"],)
        for one in LISTED["noticed"]
    }


def spread(files: Iterable[str], group: Callable[[str], str], seed: int) -> Iterator[Mutant]:
    """One mutant of each line, in a random order, from the groups in turn; those that are listed left out."""
    by_group: dict[str, list[Mutant]] = defaultdict(list)
    for file in files:
        by_group[group(file)] += mutants_of(ROOT, file)
    # A seed for each group, so that a change in one leaves the others' draws as they are.
    shuffled = [
        random.Random(f"{seed} {name}").sample(mutants, len(mutants)) for name, mutants in by_group.items()
    ]
    listed = {(mutant.file, mutant.text) for mutant in listed_mutants()}
    lines = set()
    for mutant in filter(None, chain.from_iterable(zip_longest(*shuffled))):
        if (mutant.file, mutant.text) not in listed and (mutant.file, mutant.line) not in lines:
            lines.add((mutant.file, mutant.line))
            yield mutant


class Run:
    """The outcomes so far, and the benches where the next mutants are tried."""

    def __init__(self, folder: Path, jobs: int, report: Path | None) -> None:
        self.outcomes: dict[Mutant, str] = {}
        self.report, self.known = report, dict[str, str]()
        if report is not None and report.exists():
            self.known = json.loads(report.read_text("utf-8"))
        self.jobs, self.limits = jobs, dict[tuple[str, ...], float]()
        self.free: SimpleQueue[Bench] = SimpleQueue()
        for number in range(jobs):
            (folder / str(number)).mkdir()
            self.free.put(Bench(ROOT, folder / str(number)))
        self.no_difference = {(one["file"], one["text"]) for one in LISTED["no_difference"]}

    def try_some(self, mutants: Iterable[Mutant], number: int) -> None:
        """Try so many that compile."""
        mutants = iter(mutants)
        while number > 0 and (chosen := list(islice(mutants, number))):
            self.try_all({mutant: tests_of(mutant.file, ROOT) for mutant in chosen})
            number = sum(self.outcomes[mutant] == NOT_COMPILED for mutant in chosen)

    def try_all(self, mutants: Mapping[Mutant, tuple[str, ...]]) -> None:
        """Try each with its tests."""
        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(self.try_one, mutants, mutants.values()))

    def try_one(self, mutant: Mutant, tests: tuple[str, ...]) -> None:
        """Find out what the tests make of a mutant, unless that is known."""
        if str(mutant) in self.known:
            self.outcomes[mutant] = self.known[str(mutant)]
            return
        bench = self.free.get()
        try:
            if not mutant.file.endswith(".py"):
                bench.need_kernels()
            outcome = bench.outcome(mutant, tests, self.limit(bench, tests))
        finally:
            self.free.put(bench)
        if outcome == SURVIVED and (mutant.file, mutant.text) in self.no_difference:
            outcome = NO_DIFFERENCE
        click.echo(f"{outcome}: {mutant}")
        self.outcomes[mutant] = self.known[str(mutant)] = outcome
        if self.report is not None:
            self.report.write_text(json.dumps(dict(self.known), indent=1, ensure_ascii=False) + "\n", "utf-8")

    def limit(self, bench: Bench, tests: tuple[str, ...]) -> float:
        """The seconds that tests may take, which must pass as things are."""
        if tests not in self.limits:
            begin = time.monotonic()
            if bench.tested(tests, 3600) != SURVIVED:
                raise click.ClickException(f"the tests fail without any mutant:\n{bench.told[-2000:]}")
            self.limits[tests] = SECONDS + SLOWER * (time.monotonic() - begin)
        return self.limits[tests]


if __name__ == "__main__":
    main()
