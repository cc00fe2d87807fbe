"""Small synthetic data in files, to try the commands on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from pwdismec.data import CSR, Dataset
from pwdismec.data.formats import write_xmc
from pwdismec.data.synthetic import synthetic
from pwdismec.files import clear_os_errors, write_file
from pwdismec.outputs import output_file

_SIZES: Final = {"train": slice(0, 2000), "test": slice(2000, 2500)}
_N_FEATURES, _N_LABELS = 3000, 200
_TITLE = 4  # words


def write_example_files(folder: str | Path, *, overwrite: bool = False) -> list[Path]:
    """Write 2,000 instances to train on and 500 others, as features and as texts, and the labels' names.

    ``train.txt`` and ``test.txt`` are in the XMC repository's format, term counts of 3,000 words with 200
    labels; ``train.jsonl`` and ``test.jsonl`` the same as records with id, title, text and labels; and
    ``labels.tsv`` has a name for each label. It is the same data each time.

    Parameters
    ----------
    folder
        Where to write; made if it is not there.
    overwrite
        Replace such files.

    Returns
    -------
    list
        The files.

    Raises
    ------
    OutputError
        If one of them exists and is not to be replaced.
    PwdismecError
        If one cannot be written.
    """
    folder = Path(folder)
    data = synthetic(2500, _N_FEATURES, _N_LABELS).observed
    with clear_os_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    names = [f"{part}.{suffix}" for part in _SIZES for suffix in ("txt", "jsonl")]
    paths = [output_file(folder / name, overwrite=overwrite) for name in (*names, "labels.tsv")]
    for part, rows in _SIZES.items():
        some = data.select_instances(rows)
        assert isinstance(some.features, CSR)
        write_xmc(folder / f"{part}.txt", some.features, some.labels)
        write_file(folder / f"{part}.jsonl", "".join(_records(some, part)).encode())
    lines = (f"{_label(label)}\tTopic {label}\n" for label in range(_N_LABELS))
    write_file(folder / "labels.tsv", "".join(lines).encode())
    return paths


def _records(data: Dataset, part: str) -> Iterator[str]:
    """A line of JSON for each instance, whose words are named after their features."""
    rng = np.random.default_rng(0)
    for row in range(data.n_instances):
        features, labels = (part.rows(row, row + 1).to_scipy() for part in (data.features, data.labels))
        words = [f"word{id}" for id in np.repeat(features.indices, features.data.astype(int))]
        rng.shuffle(words)
        record = {
            "id": f"{part}-{row + 1}",
            "title": " ".join(words[:_TITLE]),
            "text": " ".join(words[_TITLE:]),
            "labels": [_label(label) for label in labels.indices],
        }
        yield json.dumps(record) + "\n"


def _label(label: int) -> str:
    return f"http://example.org/topic/{label}"
