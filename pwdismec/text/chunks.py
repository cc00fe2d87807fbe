"""Pieces of files counted, in processes: parsing and analysing are Python, which threads do not speed up."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from functools import partial
from itertools import chain, islice
from operator import attrgetter
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.formats.layouts import RecordFile
from pwdismec.data.strings import Strings
from pwdismec.errors import DataError
from pwdismec.parallel import LOKY, Backend, Once
from pwdismec.text.counting import Counter
from pwdismec.text.ngrams import has_limit
from pwdismec.text.numbers import Counts
from pwdismec.text.pieces import Piece, pieces_of
from pwdismec.text.records import Misfit, id_in, labels_in, misfit_in, text_in
from pwdismec.text.settings import TextSettings
from pwdismec.text.splits import Split

# Pieces that a process may be given before their turn.
_AHEAD = 2


class Chunk(NamedTuple):
    """What a piece's records hold.

    Attributes
    ----------
    process
        Which process has given the terms and labels their numbers.
    terms
        Their counts.
    labels
        Their label sets, likewise.
    held_out
        bool, shape (n_records,): which are not for training.
    record_ids
        What each is called; None where the settings name no field of ids.
    label_names
        The URIs and names of labels that have both.
    """

    process: str
    terms: Counts
    labels: Counts
    held_out: NDArray[np.bool_]
    record_ids: Strings | None
    label_names: Sequence[tuple[str, str]]


def chunks_of(
    files: Iterable[RecordFile],
    settings: TextSettings,
    split: Split | None = None,
    jobs: int = 1,
    *,
    lenient: bool = False,
) -> Generator[Chunk, None, None]:
    """The records of files, counted, in their order.

    Parameters
    ----------
    files
        As `pieces_of` takes them.
    split
        Which records are held out; None for none.
    jobs
        Processes.
    lenient
        Take texts that are missing or null for empty.

    Raises
    ------
    DataError
        At the first record that is not as it should be, naming file, line and field; or as `pieces_of`.
    """
    pieces = chain.from_iterable(pieces_of(file, settings) for file in files)
    begun: list[Piece] = []
    try:
        begun.extend(islice(pieces, 2))
    except DataError:  # of the second: what is wrong in the first comes first
        yield from map(_Reader(settings, split, lenient).read, begun)
        raise
    if jobs == 1 or len(begun) < 2:  # starting processes would take longer
        yield from map(_Reader(settings, split, lenient).read, chain(begun, pieces))
    else:
        processes, read = Backend(LOKY, workers=jobs), partial(_read, settings, split, lenient)
        yield from processes.in_order(read, chain(begun, pieces), _AHEAD, attrgetter("size"))


class _Reader:
    """Counts pieces; the numbers of terms and labels go on from one to the next."""

    def __init__(self, settings: TextSettings, split: Split | None, lenient: bool) -> None:
        self._process = uuid4().hex
        self._settings, self._split, self._lenient = settings, split, lenient
        self._limited = settings if has_limit(settings) else None
        self._terms, self._labels = Counter.of_texts(settings), Counter.of_lists()

    def read(self, piece: Piece) -> Chunk:
        """The piece's records; DataError at the first that is not as it should be."""
        texts: list[list[str]] = [[] for _ in self._settings.fields]
        labels: list[list[str]] = []
        ids: list[str] = []
        names: dict[tuple[str, str], None] = {}
        held_out, split = [], self._split
        label_field, id_field = self._settings.label_field, self._settings.id_field
        numbers = self._settings.label_numbers
        places = [(field.name, found) for field, found in zip(self._settings.fields, texts, strict=True)]
        for number, record in enumerate(piece.records()):
            try:
                for name, found in places:
                    is_left_out = self._lenient and record.get(name) is None
                    found.append("" if is_left_out else text_in(record, name, self._limited))
                labels.append([] if label_field is None else labels_in(record, label_field, names, numbers))
                if id_field:
                    ids.append(id_in(record, id_field))
                held_out.append(split is not None and split.holds_out(record, piece.line(number)))
            except Misfit as misfit:
                what = misfit_in(record, misfit, self._settings)
                raise DataError(piece.path, what, piece.line(number)) from misfit
        return Chunk(
            self._process,
            self._terms.count(texts),
            self._labels.count([labels]),
            np.array(held_out, bool),
            Strings.of(ids) if id_field else None,
            list(names),
        )


_reader = Once[tuple[TextSettings, Split | None, bool], _Reader](lambda job: _Reader(*job))


def _read(settings: TextSettings, split: Split | None, lenient: bool, piece: Piece) -> Chunk:
    """A piece's records, read by the one reader of a process."""
    return _reader((settings, split, lenient)).read(piece)
