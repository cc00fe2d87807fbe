"""How rows become the bytes of a prediction file while their number may not be known yet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol, TypeAlias

from pwdismec.data.topk import TopK
from pwdismec.files import file_to_read

Buffer: TypeAlias = bytes | memoryview

_COPY_SIZE = 1 << 20


class Encoder(Protocol):
    """A format of prediction files.

    Attributes
    ----------
    parts
        Names of the files that rows are appended to as they come.
    """

    @property
    def parts(self) -> tuple[str, ...]: ...

    def encode(self, top: TopK, first: int, record_ids: Sequence[str] | None) -> tuple[Buffer, ...]:
        """What some rows append to each part.

        `first` is the number of the first of them, and `record_ids` what the source calls them, if it does.
        """
        ...

    def assemble(self, parts: Sequence[Sequence[Path]], out: Path, n_instances: int) -> None:
        """Make the prediction file `out`, in bounded memory.

        `parts` has for each part the files to be joined, which hold `n_instances` rows together.
        """
        ...


def append_files(out: IO[bytes], paths: Sequence[Path]) -> None:
    """Write the bytes of one file after another to `out`."""
    for path in paths:
        with file_to_read(path) as file:
            shutil.copyfileobj(file, out, _COPY_SIZE)
