"""The best labels of the held-out instances so far, for every setting, in memory and on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.data.tensors import read_tensors
from pwdismec.data.topk import TopK
from pwdismec.errors import DamagedError
from pwdismec.files import write_file
from pwdismec.patience import patient
from pwdismec.prediction.scored_blocks import Part, label_blocks
from pwdismec.prediction.search import search_on
from pwdismec.solvers import Solution
from pwdismec.stored import Count, Digest, Record, Text, file_in, parsed
from pwdismec.tuning.results import KS, TuningRun

_KEY = "pwdismec"  # one key: several would be written in an order that varies
_ARRAYS = ("labels", "scores", "weights", "beyond")
_MAX_HEADER = 1 << 20


class _Header(Record):
    """What stands beside the arrays in the file."""

    run: Text
    shards_done: Count
    sha256: Digest


@dataclass(eq=False)
class Standings:
    """How each of S settings at each of L pruning levels stands after some shards of labels.

    Attributes
    ----------
    labels, scores
        int32 and float32, shape (S, L, n, k): the best of the labels so far, as in `TopK`.
    weights
        int64, shape (S, L): weights kept.
    beyond
        int64, shape (S,): labels that missed the solver's tolerance.
    shards_done
        How many shards of labels have been through.
    """

    labels: NDArray[np.int32]
    scores: NDArray[np.float32]
    weights: NDArray[np.int64]
    beyond: NDArray[np.int64]
    shards_done: int = 0

    @classmethod
    def at_start(cls, n_settings: int, n_levels: int, n_instances: int, k: int) -> Standings:
        """Before the first label."""
        shape = (n_settings, n_levels, n_instances, k)
        return cls(
            np.full(shape, -1, np.int32),
            np.full(shape, -np.inf, np.float32),
            np.zeros(shape[:2], np.int64),
            np.zeros(shape[:1], np.int64),
        )

    def top(self, setting: int, level: int) -> TopK:
        """The best labels of one setting at one pruning level; a view."""
        return TopK(self.labels[setting, level], self.scores[setting, level])

    def add(
        self,
        setting: int,
        label_ids: NDArray[np.int32],
        solution: Solution,
        prunes: Sequence[float],
        features: Features,
        jobs: int,
    ) -> None:
        """Let labels compete that were trained with one setting.

        Parameters
        ----------
        setting
            Which of the settings.
        label_ids, solution
            The labels and their weights, cut at the least of `prunes`.
        prunes
            The pruning levels, ascending.
        features
            The held-out instances.
        jobs
            Threads, at least 1.
        """
        weights = solution.weights
        for level, prune in enumerate(prunes):
            weights = cut(weights, prune)
            self.weights[setting, level] += weights.nnz
            part = Part(label_ids, weights, solution.bias)
            search_on(self.top(setting, level), list(label_blocks([part], weights.n_columns)), features, jobs)

    def write(self, path: Path, run_id: str) -> None:
        """Write to a file, whole or not at all."""
        tensors = {name: getattr(self, name) for name in _ARRAYS}
        header = {"run": run_id, "shards_done": self.shards_done, "sha256": _hash(tensors)}
        write_file(path, safetensors.numpy.save(tensors, {_KEY: json.dumps(header, sort_keys=True)}))

    @classmethod
    @patient
    def read(cls, path: Path, run: TuningRun) -> Standings:
        """What an earlier run wrote.

        Raises
        ------
        ModelError
            If the file is damaged or another run's.
        """
        try:
            return cls._read(path, run)
        except DamagedError as error:
            how = "remove the folder to tune anew"
            raise DamagedError(path, f"damaged or of another run: {error.message}; {how}") from error

    @classmethod
    def _read(cls, path: Path, run: TuningRun) -> Standings:
        n_settings = len(run.weightings) * len(run.C)
        standings = cls.at_start(n_settings, len(run.prune), run.n_held_out, max(KS))
        expected = {name: getattr(standings, name) for name in _ARRAYS}
        size = sum(array.nbytes for array in expected.values())
        stored = read_tensors(file_in(path.parent, path.name), size + _MAX_HEADER)
        header = parsed(path, stored.said(_KEY), _Header, _KEY)
        tensors = stored.only({name: array.dtype for name, array in expected.items()})
        for name, array in expected.items():
            if tensors[name].shape != array.shape:
                raise DamagedError(path, f"{name}: shape {tensors[name].shape}; expected {array.shape}")
            array[:] = tensors[name]
        if header.run != run.id or header.sha256 != _hash(expected):
            raise DamagedError(path, "run, sha256: those of other content")
        standings.shards_done = header.shards_done
        standings._check(path, run)
        return standings

    def _check(self, path: Path, run: TuningRun) -> None:
        """See that labels, scores and counts are what a tuning can have come to."""
        n_shards = -(-run.n_labels // max(1, int(run.config["shard_size"])))
        if self.shards_done > n_shards:
            raise DamagedError(path, f"shards_done: {self.shards_done}; expected at most {n_shards}")
        if self.labels.min(initial=0) < -1 or self.labels.max(initial=-1) >= run.n_labels:
            raise DamagedError(path, f"labels: expected ids up to {run.n_labels - 1}, or -1")
        if not (self.scores[..., 1:] <= self.scores[..., :-1]).all() or np.isnan(self.scores).any():
            raise DamagedError(path, "scores: expected numbers that do not rise")
        if not (self.scores[self.labels < 0] == -np.inf).all():
            raise DamagedError(path, "scores: expected -inf where there is no label")
        if min(self.weights.min(initial=0), self.beyond.min(initial=0)) < 0:
            raise DamagedError(path, "weights, beyond: expected numbers from 0 on")


def cut(weights: CSR, prune: float) -> CSR:
    """The weights without those nearer to 0 than `prune`."""
    kept = np.abs(weights.values) >= np.float32(prune)
    if kept.all():
        return weights
    offsets = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept, out=offsets[1:])
    return CSR(offsets[weights.indptr], weights.indices[kept], weights.values[kept], weights.n_columns)


def _hash(tensors: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name in _ARRAYS:
        digest.update(f"{name} {tensors[name].shape};".encode())
        digest.update(np.ascontiguousarray(tensors[name]).data)
    return digest.hexdigest()
