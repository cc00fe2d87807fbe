"""What every format is read as: blocks of whole rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Features
from pwdismec.errors import ConfigError


class Block(NamedTuple):
    """Consecutive rows of a data set.

    Attributes
    ----------
    features
        float32 values, shape (n_rows, n_features); sparse (`indptr` starts at 0), or dense in every block.
    labels
        No values, shape (n_rows, n_labels); `indptr` starts at 0.
    """

    features: Features
    labels: CSR


class Source(Protocol):
    """A data set in a file or two; iterating reads it from its start, in bounded memory.

    Blocks come in the order of the rows. Iterating raises `DataError` at the first row that is not
    well-formed; what came before is sound.

    The sizes are None where the format does not tell them (svmlight) until the source has been read to its
    end. As long as one is None, the blocks' `n_columns` is one more than the largest id so far.
    """

    @property
    def paths(self) -> tuple[Path, ...]:
        """The file, or the features' and the labels' file."""
        ...

    @property
    def format(self) -> str:
        """Which of `FORMATS` it is: not "auto"."""
        ...

    @property
    def n_instances(self) -> int | None: ...

    @property
    def n_features(self) -> int | None: ...

    @property
    def n_labels(self) -> int | None: ...

    def __iter__(self) -> Iterator[Block]: ...


OneBased = bool | Literal["features"]
"""Whether the ids in a file start at one: all, none, or those of the features only."""


class FirstIds(NamedTuple):
    """The ids with which a file's features and labels start."""

    feature: int = 0
    label: int = 0

    @classmethod
    def of(cls, one_based: OneBased) -> FirstIds:
        """ConfigError if it is none of the three."""
        if one_based not in (True, False, "features"):
            raise ConfigError(f"one_based: {one_based!r}; expected True, False or 'features'")
        return cls(int(bool(one_based)), int(one_based is True))


def no_labels(n_rows: int, n_labels: int) -> CSR:
    """Label sets of `n_rows` instances that have none."""
    return CSR(np.zeros(n_rows + 1, np.int64), np.empty(0, np.int32), None, n_labels)
