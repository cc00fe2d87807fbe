"""From texts to features: `pwdismec convert`, from file to data set, against TfidfVectorizer alone.

    cd benchmarks && python bench_text.py .../tibkat/train.jsonl.xz

TfidfVectorizer has the texts in memory and makes a matrix there, in one thread; neither reading nor writing
is in its time. Ours is the whole command: start, read, parse, analyse, write features and labels. Both have
one field, the title and the text of each record. They take turns; the features are compared.
"""

from __future__ import annotations

import argparse
import json
import lzma
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import scipy.sparse as sp
from environment import environment
from rounds import medians
from sklearn.feature_extraction.text import TfidfVectorizer

from pwdismec.data import CSR, Dataset

COMMAND = "import sys; from pwdismec.cli.main import main; sys.exit(main())"


def joined(source: Path, folder: Path) -> tuple[list[str], Path, Path]:
    """The texts of TIBKAT's records, and the records with these texts in a plain and a compressed file."""
    texts = []
    plain, packed = folder / "records.jsonl", folder / "records.jsonl.xz"
    with lzma.open(source, "rt", encoding="utf-8") as lines, plain.open("w", encoding="utf-8") as out:
        for line in lines:
            record = json.loads(line)
            texts.append(record["title"] + " . " + record["text"])
            record = {"text": texts[-1], "labels": record["labels"]}
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    packed.write_bytes(lzma.compress(plain.read_bytes()))
    return texts, plain, packed


def converting(records: Path, out: Path, jobs: int) -> Callable[[], float]:
    """The seconds that the command takes."""
    options = ["--text", "text", "--label-field", "labels", "--jobs", str(jobs), "--overwrite"]

    def run() -> float:
        start = time.perf_counter()
        command = [sys.executable, "-c", COMMAND, "convert", str(records), str(out), *options]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return time.perf_counter() - start

    return run


def difference(dataset: Dataset, expected: sp.csr_matrix, terms: np.ndarray) -> float:
    """The largest relative difference of a value; the features must be the same ones in the same places."""
    found = dataset.features
    assert isinstance(found, CSR)
    expected.sort_indices()
    stored = (dataset.path / "vectorizer" / "terms.safetensors").read_bytes()  # type: ignore[operator]
    same_terms = "".join("text:" + term for term in terms).encode() in stored
    same_places = np.array_equal(found.indptr, expected.indptr) and np.array_equal(
        found.indices, expected.indices
    )
    if not (same_terms and same_places):
        raise SystemExit("the features are others than TfidfVectorizer's")
    return float(np.max(np.abs(found.values - expected.data) / expected.data))


def main() -> None:
    """Measure and print a table in Markdown."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("records", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    jobs = arguments.jobs
    with TemporaryDirectory() as folder:
        texts, plain, packed = joined(arguments.records, Path(folder))
        out = Path(folder) / "set"
        oracle = TfidfVectorizer(min_df=2, sublinear_tf=True)

        def vectorize() -> float:
            start = time.perf_counter()
            oracle.fit_transform(texts)
            return time.perf_counter() - start

        alone = f"scikit-learn {version('scikit-learn')}, TfidfVectorizer alone"
        taken = medians(
            {
                alone: vectorize,
                f"pwdismec convert --jobs {jobs}": converting(plain, out, jobs),
                "pwdismec convert --jobs 1": converting(plain, out, 1),
                f"pwdismec convert --jobs {arguments.jobs}, from .xz": converting(
                    packed, out, arguments.jobs
                ),
            },
            arguments.rounds,
        )
        largest = difference(Dataset.open(out), oracle.transform(texts), oracle.get_feature_names_out())
        size = plain.stat().st_size / 1e6
    print(f"{len(texts):,} records, {size:.0f} MB. Medians of {arguments.rounds} rounds in turns.")
    print(f"{environment()}\n")
    print("| | seconds | times faster |\n|---|---|---|")
    for name, seconds in taken.items():
        print(f"| {name} | {seconds:.1f} | {taken[alone] / seconds:.2f} |")
    print(f"\nThe same features; values differ by {largest:.1e} of themselves at the most.")


if __name__ == "__main__":
    main()
