"""The prediction index: a model's weights by feature, kept beside its shards.

It is derived: built when it is missing, or is not what would be built, and
safe to delete. One that came from elsewhere is compared with what is built of
the shards, byte for byte, before it is used.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pwdismec.checked import not_yet, remember
from pwdismec.data.csr import row_chunks
from pwdismec.errors import ConfigError, DamagedError, ModelError, PwdismecError
from pwdismec.files import close, open_folder
from pwdismec.machine import memory
from pwdismec.model import Model
from pwdismec.model.model_manifest import INDEX
from pwdismec.prediction.dense_features import DenseFeatures, LabelWeights, check_features
from pwdismec.prediction.index_file import VERSION, is_as_built, read_index, write_index
from pwdismec.prediction.memory_limit import MemoryLimit
from pwdismec.prediction.scored_blocks import LabelBlock, Part, Slice, cut, plan_blocks

# Weights of a shard that are in memory at a time.
_CHUNK = 1 << 18


def open_index(model: Model, limit: MemoryLimit | None = None) -> list[LabelBlock]:
    """A model's weights by feature in blocks of labels, mapped from its index, which is built if need be.

    Where the index cannot be written, the blocks are built in memory.

    Raises
    ------
    ModelError
        If a shard is damaged.
    ConfigError
        If building takes more memory than there may be.
    PwdismecError
        If the index cannot be written, and there is a limit to memory.
    """
    claim = {INDEX: f"index {VERSION} {_source(model)}"}
    if _on_record(model, claim):
        return read_index(model.path / INDEX, model.n_features)
    model.check()
    building = _Building(model)
    try:
        with _alone(model.path):
            if not _on_record(model, claim):  # somebody else may have built it meanwhile
                building.check(limit)
                made_of = building.dense, building, len(building.plan), _source(model)
                if not is_as_built(model.path / INDEX, *made_of):
                    write_index(model.path / INDEX, *made_of)
                remember(model.path, claim)
        return read_index(model.path / INDEX, model.n_features)
    except (ModelError, ConfigError):
        raise
    except PwdismecError:
        if limit is not None:
            raise
    return list(building)


def _on_record(model: Model, claim: dict[str, str]) -> bool:
    """Whether this user knows that the shards are right, and that the index is theirs."""
    try:
        return not not_yet(model.path, model.claims() | claim)
    except (DamagedError, OSError):
        return False


def _source(model: Model) -> str:
    """Names the weights of a model: the checksums of its shards, and the number of features."""
    shards = [f"{entry.file} {entry.sha256}" for entry in model.manifest.shards]
    return hashlib.sha256("\n".join([str(model.n_features), *shards]).encode()).hexdigest()


@dataclass(frozen=True)
class _Building:
    """The blocks of a model, each built from its shards when its turn comes."""

    model: Model

    @cached_property
    def plan(self) -> list[list[Slice]]:
        """The slices of each block."""
        return plan_blocks([(entry.n_trained, entry.nnz) for entry in self.model.manifest.shards])

    @cached_property
    def dense(self) -> DenseFeatures:
        """Of the whole model."""
        parts = (part for slices in self.plan for part in _StoredParts(self.model, slices))
        return DenseFeatures.of(parts, self.model.n_features)

    def __iter__(self) -> Iterator[LabelBlock]:
        return (LabelBlock.build(_StoredParts(self.model, s), self.dense) for s in self.plan)

    def check(self, limit: MemoryLimit | None) -> None:
        """See that the largest block can be built, within the machine's memory if there is no other limit."""
        if not self.plan:
            return
        check_features(self.model.n_features, self.model.path)
        limit, what = limit or MemoryLimit(memory()), "building the prediction index"
        features = 32 * self.model.n_features + 8 * _CHUNK
        limit.check(features, what)  # before the dense features are counted
        entries = self.model.manifest.shards
        bytes_of_blocks = []
        for slices in self.plan:
            n_labels = sum(s.stop - s.start for s in slices)
            weights = sum(
                entries[s.part].nnz * (s.stop - s.start) // entries[s.part].n_trained for s in slices
            )
            bytes_of_blocks.append(6 * weights + 4 * n_labels * len(self.dense.ids))
        limit.check(max(bytes_of_blocks) + features, what)


class _StoredParts:
    """Parts of a model's shards, mapped one at a time, and let go of a chunk at a time.

    What is kept of a part is copied: a view would keep all of its pages that were touched, and the system
    may map two megabytes for each touch.
    """

    def __init__(self, model: Model, slices: list[Slice]) -> None:
        self._model = model
        self._slices = slices

    def __iter__(self) -> Iterator[LabelWeights]:
        for where in self._slices:
            shard = self._model.mapped_weights(self._model.manifest.shards[where.part])
            part = cut(shard, where)
            label_ids, bias = part.label_ids.copy(), part.bias.copy()
            for start, stop in row_chunks(part.weights.indptr, _CHUNK):
                weights = part.weights.rows(start, stop)
                yield Part(label_ids[start:stop], weights.widened(), bias[start:stop])
                weights.release()


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other builder is at work in `folder`, where files can be locked."""
    descriptor = open_folder(folder)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            for leftover in folder.glob(f".{INDEX}.*.part"):  # of builders that were killed
                leftover.unlink()
        yield
    finally:
        close(descriptor)
