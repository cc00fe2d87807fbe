"""Every command that reads or writes files, on small data, and how a user goes on after it was disturbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Command:
    """A command whose paths are relative to the folder it works in.

    Attributes
    ----------
    line
        Its arguments.
    needs
        Files and folders of the pool (see `POOL`) that it reads.
    makes
        Files and folders that it makes, or replaces.
    older
        A command that has made the same before, to be replaced.
    again
        What a user adds to go on.
    keeps
        Whether it keeps what was done when it is broken off, in `makes` or hidden beside it.
    prints
        Whether it prints the same each time.
    finds
        Whether it ends with 1 and says on standard output what is wrong: that is what it is for.
    weight
        How often it is drawn, next to the others: less where it takes long.
    """

    line: str
    needs: str = ""
    makes: str = ""
    older: str | None = None
    again: str = ""
    keeps: bool = False
    prints: bool = True
    finds: bool = False
    weight: float = 1.0


RESUME: dict[str, Any] = {"again": "--resume", "keeps": True}
TRAINING: dict[str, Any] = {**RESUME, "prints": False}  # but the time it took
TRAIN = "--shard-size 8 --jobs 1"

COMMANDS: dict[str, Command] = {
    "convert xmc": Command("convert train.txt out --label-names names.txt", "train.txt names.txt", "out"),
    "convert over": Command(
        "convert train.txt out --overwrite", "train.txt test.txt", "out", older="convert test.txt out"
    ),
    "convert svmlight": Command(
        "convert train.svm deep/er/out --format svmlight --jobs 2", "train.svm", "deep/er/out"
    ),
    "convert npz": Command("convert X.npz Y.npz out --no-normalize", "X.npz Y.npz", "out"),
    "convert dense": Command("convert X.npy Y.npz out", "X.npy Y.npz", "out"),
    "convert like": Command("convert test.txt out --like set", "test.txt set", "out"),
    "convert texts": Command(
        "convert records.jsonl out --text title:2,text --label-field labels --min-df 1 --jobs 1",
        "records.jsonl",
        "out",
    ),
    "convert texts split": Command(
        "convert records.jsonl out --text title --label-field labels --test held --split year:2020 --jobs 2",
        "records.jsonl",
        "out held",
    ),
    "convert texts like": Command(
        "convert records.jsonl out --like texts --jobs 1", "records.jsonl texts", "out"
    ),
    "train": Command(f"train set out {TRAIN}", "set", "out", **TRAINING),
    "train over": Command(
        f"train set out {TRAIN} --overwrite", "set", "out", older=f"train set out {TRAIN} --C 2", **TRAINING
    ),
    "train threads": Command("train set out --shard-size 4 --jobs 2 --log log", "set", "out log", **TRAINING),
    "train part": Command(
        f"train set half {TRAIN} --shards 2/2", "set half", "half", keeps=True, prints=False
    ),
    "train calibrate": Command(
        f"train set out {TRAIN} --calibrate 0.3 --calibrate-plot plot.png", "set", "out plot.png", **TRAINING
    ),
    "train texts": Command(f"train texts out {TRAIN}", "texts", "out", **TRAINING),
    "tune": Command(
        "tune set out --weighting vanilla,pw --C 1 --prune 0.01,0.03 --shard-size 12 --jobs 1",
        "set",
        "out",
        **RESUME,
    ),
    "tune over": Command(
        "tune set out --weighting vanilla --C 1 --prune 0.01 --jobs 1 --overwrite",
        "set",
        "out",
        older="tune set out --weighting vanilla --C 2 --prune 0.01 --jobs 1",
        **RESUME,
    ),
    "calibrate": Command("calibrate model test --plot plot.png --jobs 1", "model test", "model plot.png"),
    "calibrate over": Command(
        "calibrate model test --method platt --jobs 1 --overwrite",
        "model test",
        "model",
        older="calibrate model test --jobs 1",
    ),
    "predict xmc": Command("predict model test.txt out --jobs 1", "model test.txt", "out", **RESUME),
    "predict over": Command(
        "predict model test out --jobs 1 --overwrite",
        "model test",
        "out",
        older="predict model test out --top-k 2",
        **RESUME,
    ),
    "predict jsonl": Command(
        "predict model test out --output-format jsonl --jobs 2", "model test", "out", **RESUME
    ),
    "predict npz": Command(
        "predict model test out --output-format npz --jobs 1", "model test", "out", **RESUME
    ),
    "predict part": Command("predict model test out --part 1/1 --jobs 1", "model test", "out", keeps=True),
    "predict texts": Command(
        "predict textmodel records.jsonl out --output-format jsonl --top-k 2 --jobs 1",
        "textmodel records.jsonl",
        "out",
        **RESUME,
    ),
    "suggest": Command("suggest textmodel alpha --explain --json", "textmodel"),
    "evaluate": Command(
        "evaluate predictions.txt test --train set --json=out", "predictions.txt test set", "out"
    ),
    "evaluate over": Command(
        "evaluate predictions.txt test --json=out --overwrite",
        "predictions.txt test",
        "out",
        older="evaluate predictions.txt test -k 1 --json=out",
    ),
    "inspect": Command("inspect model", "model"),
    "status": Command("status unfinished", "unfinished"),
    "prune": Command("prune model out --threshold 0.1 --dtype float16", "model", "out"),
    "prune refit": Command("prune model out --keep 3 --refit --train set --jobs 1", "model set", "out"),
    "prune over": Command(
        "prune model out --threshold 0.1 --overwrite",
        "model",
        "out",
        older="prune model out --threshold 0.2",
    ),
    "slice": Command("slice model out --labels keep.txt", "model keep.txt", "out"),
    "merge": Command("merge first second out", "first second", "out"),
    "merge append": Command("merge first first out --append", "first", "out"),
    "import": Command("import liblinear.model out", "liblinear.model", "out"),
    "export liblinear": Command("export model out", "model", "out"),
    "export npz": Command(
        "export model out.npz --overwrite",
        "model first",
        "out.npz",
        older="export first out.npz",
    ),
    "run": Command(
        "run run.yaml --out out --jobs 1", "run.yaml train.txt test.txt names.txt", "out", keeps=True
    ),
    "run changed": Command(
        "run changed.yaml --out run --jobs 1",
        "changed.yaml train.txt test.txt names.txt run",
        "run",
        keeps=True,
    ),
    "report": Command("report run --jobs 1", "run", "run/report.html run/report-plots", weight=0.3),
    "report over": Command(
        "report run --out page.html --jobs 1 --overwrite",
        "run",
        "page.html page-plots",
        older="report run --out page.html --jobs 1",
        weight=0.1,
    ),
    "slurm": Command("slurm train --tasks 4 --cpus 1 --dry-run set out", "set"),
    "slurm predict": Command("slurm predict --tasks 4 --cpus 1 --dry-run model test out", "model test"),
    "doctor": Command("doctor --json", prints=False, finds=True, weight=0.3),
    "demo": Command("demo --jobs 1", prints=False, weight=0.02),
    "completion": Command("completion bash", weight=0.1),
}


def _write(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text(text) and None


_RNG = np.random.default_rng(0)
_N, _D, _L = 70, 30, 24
_X = sp.random(_N, _D, 0.2, "csr", np.float32, random_state=_RNG)
_SCORES = _X @ _RNG.normal(size=(_D, _L))
_Y = sp.csr_matrix(np.quantile(_SCORES, 0.9, axis=0) <= _SCORES).astype(np.float32)


def _xmc(rows: slice) -> str:
    lines = [f"{len(range(_N)[rows])} {_D} {_L}"]
    for x, y in zip(_X[rows], _Y[rows], strict=True):
        pairs = (f"{i}:{v:.6g}" for i, v in zip(x.indices, x.data, strict=True))
        lines.append(f"{','.join(map(str, sorted(y.indices)))} {' '.join(pairs)}")
    return "\n".join(lines) + "\n"


def _records() -> str:
    words = ["alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"]
    records = []
    for i in range(60):
        own = [words[j] for j in _RNG.choice(len(words), 4, replace=False)]
        records.append({"title": own[0], "text": " ".join(own[1:]), "labels": own[:2], "year": 2010 + i % 12})
    return "".join(f"{json.dumps(record)}\n" for record in records)


def _config(**settings: object) -> str:
    config = {
        "name": "small",
        "data": ".",
        "train": "train.txt",
        "test": "test.txt",
        "label_names": "names.txt",
        "weightings": ["vanilla", "pw"],
        "training": {"shard_size": 8},
    }
    return json.dumps(config | settings)  # JSON is YAML


FILES: dict[str, Callable[[Path], None]] = {
    "train.txt": _write("train.txt", _xmc(slice(0, 50))),
    "test.txt": _write("test.txt", _xmc(slice(50, _N))),
    "train.svm": _write("train.svm", _xmc(slice(0, 50)).partition("\n")[2]),
    "names.txt": _write("names.txt", "".join(f"label {i}\n" for i in range(_L))),
    "keep.txt": _write("keep.txt", "1\n5\n7\n20\n"),
    "first.txt": _write("first.txt", "".join(f"{i}\n" for i in range(0, 9))),
    "second.txt": _write("second.txt", "".join(f"{i}\n" for i in range(9, _L))),
    "records.jsonl": _write("records.jsonl", _records()),
    "run.yaml": _write("run.yaml", _config()),
    "changed.yaml": _write("changed.yaml", _config(training={"shard_size": 8, "C": 0.5})),
    "X.npz": lambda folder: sp.save_npz(folder / "X.npz", _X),
    "Y.npz": lambda folder: sp.save_npz(folder / "Y.npz", _Y),
    "X.npy": lambda folder: np.save(folder / "X.npy", _X.toarray()),
}

# Made by commands of `FILES` and of what is above.
MADE: tuple[str, ...] = (
    "convert train.txt set --label-names names.txt",
    "convert test.txt test --like set",
    "convert records.jsonl texts --text title,text --label-field labels --min-df 1",
    f"train set model {TRAIN}",
    f"train texts textmodel {TRAIN}",
    f"train set half {TRAIN} --shards 1/2",
    f"train set unfinished {TRAIN} --shards 2/3",
    "predict model test predictions.txt",
    "slice model first --labels first.txt",
    "slice model second --labels second.txt",
    "export model liblinear.model",
    "run run.yaml --out run",
)
