"""Rows cut into ranges that are judged apart, here or elsewhere, and these into batches of bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, Protocol, TypeVar

from numpy.typing import NDArray

from pwdismec.data.csr import CSR

Totals = Sequence[NDArray[Any]]
"""What is summed over some rows: arrays that are added to those of other rows."""

Made = TypeVar("Made", covariant=True)

# So many that what comes back of a range, some numbers a label, is little beside the work.
_ROWS: Final = 1 << 18

_BATCH_CELLS: Final = 1 << 20


class Judge(Protocol[Made]):
    """Predictions beside their truth: ranges of rows are summed wherever this is, and make one report."""

    def ranges(self) -> list[range]:
        """All rows, cut; the cuts, and so the report's bits, do not depend on who sums them."""

    def totals(self, rows: range) -> Totals:
        """The sums over some rows; DataError if one of these is no prediction."""

    def report(self, totals: Iterable[Totals]) -> Made:
        """The report, from the sums of each range in their order."""


def ranges(n_rows: int) -> list[range]:
    """All rows, in ranges of the same size."""
    return [range(start, min(start + _ROWS, n_rows)) for start in range(0, n_rows, _ROWS)]


def batches(rows: range, truth: CSR, width: int) -> Iterator[tuple[int, int]]:
    """Ranges of `rows` that hold about as many places and true labels as a batch may."""
    size = max(1, _BATCH_CELLS // (width + truth.nnz // truth.n_rows + 1))
    for start in range(rows.start, rows.stop, size):
        yield start, min(start + size, rows.stop)


def add_up(sums: Totals, totals: Iterable[Totals]) -> None:
    """Add to `sums`, in place."""
    for more in totals:
        for mine, other in zip(sums, more, strict=True):
            mine += other


def judged(
    judge: Judge[Made], totals: Iterable[Totals], on_progress: Callable[[int, int], None] | None
) -> Made:
    """The report from the ranges' sums; `on_progress` is told the rows that are judged, and their number."""
    ranges = judge.ranges()

    def watched() -> Iterator[Totals]:
        for rows, more in zip(ranges, totals, strict=True):
            yield more
            tell(rows.stop)

    def tell(done: int) -> None:
        if on_progress is not None:
            on_progress(done, ranges[-1].stop)

    tell(0)
    return judge.report(watched())
