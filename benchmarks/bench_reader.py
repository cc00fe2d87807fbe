"""Reading a data set in the XMC repository's text format into memory: pwdismec, napkinXC, scikit-learn.

    pip install '.[bench]'
    cd benchmarks && python bench_reader.py .../tibkat_train.txt

The readers take turns, so that a machine that is slower for a while is so for all; medians are printed. What
they read is compared. One-file format, zero-based, uncompressed; the file is in the page cache.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from environment import environment
from napkinxc.datasets import load_libsvm_file
from sklearn.datasets import load_svmlight_file

from pwdismec.data.formats import read_source


def readers(path: Path, jobs: int) -> dict[str, Callable[[], Any]]:
    """Each takes nothing and returns what its library makes of the file."""
    header, rows = path.read_bytes().split(b"\n", 1)  # scikit-learn knows no header; not in its time
    n_features = int(header.split()[1])
    return {
        f"pwdismec {version('pwdismec')}, {jobs} threads": lambda: read_source(path, "xmc", jobs=jobs),
        f"pwdismec {version('pwdismec')}, 1 thread": lambda: read_source(path, "xmc", jobs=1),
        f"napkinXC {version('napkinxc')}, labels as lists": lambda: load_libsvm_file(str(path), "list"),
        f"napkinXC {version('napkinxc')}, labels as CSR": lambda: load_libsvm_file(str(path), "csr_matrix"),
        f"scikit-learn {version('scikit-learn')}": lambda: load_svmlight_file(
            io.BytesIO(rows), n_features=n_features, dtype=np.float32, multilabel=True, zero_based=True
        ),
    }


def check_same(name: str, result: Any, expected: np.ndarray) -> None:
    """All must have read the same feature values, to the last bit but one: not all round as strtod does."""
    values = np.asarray(result[0].data, np.float32)
    if values.shape != expected.shape or not np.allclose(values, expected, rtol=2e-7, atol=0):
        raise SystemExit(f"{name} read other values")


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    contestants = readers(arguments.path, arguments.jobs)
    expected = read_source(arguments.path).features.data
    assert expected is not None
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(arguments.rounds):
        for name, read in contestants.items():
            start = time.perf_counter()
            result = read()
            seconds[name].append(time.perf_counter() - start)
            check_same(name, result, expected)
            del result

    megabytes = arguments.path.stat().st_size / 1e6
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    ours = next(iter(medians.values()))
    print(f"`{arguments.path.name}`, {megabytes:.0f} MB. Medians of {arguments.rounds} rounds in turns.")
    print(f"{environment('napkinxc')}\n")
    print("| reader | seconds | MB/s | times ours |\n|---|---|---|---|")
    for name, median in medians.items():
        print(f"| {name} | {median:.3f} | {megabytes / median:.0f} | {median / ours:.1f} |")


if __name__ == "__main__":
    main()
