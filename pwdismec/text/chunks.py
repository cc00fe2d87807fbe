"""Pieces of files counted, in processes: parsing and analysing are Python, which threads do not speed up."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from functools import lru_cache, partial
from itertools import chain, islice
from multiprocessing import get_context
from multiprocessing.connection import wait
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from pwdismec.cluster.pools import start_workers
from pwdismec.cluster.worker_side import begin_worker
from pwdismec.data.formats.layouts import RecordFile
from pwdismec.data.formats.parallel import map_with
from pwdismec.data.strings import Strings
from pwdismec.errors import DataError, PwdismecError
from pwdismec.text.counting import Counter
from pwdismec.text.ngrams import has_limit
from pwdismec.text.numbers import Counts
from pwdismec.text.pieces import Piece, pieces_of
from pwdismec.text.records import Misfit, id_in, labels_in, misfit_in, text_in
from pwdismec.text.settings import TextSettings
from pwdismec.text.splits import Split

Result = TypeVar("Result")


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
    files: Iterable[RecordFile], settings: TextSettings, split: Split | None = None, jobs: int = 1
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
        yield from map(_Reader(settings, split).read, begun)
        raise
    if jobs == 1 or len(begun) < 2:  # starting processes would take longer
        yield from map(_Reader(settings, split).read, chain(begun, pieces))
    else:
        yield from _in_processes(partial(_read, settings, split), chain(begun, pieces), jobs)


def _in_processes(
    function: Callable[[Piece], Result], pieces: Iterable[Piece], jobs: int
) -> Iterator[Result]:
    pool, end = _pool(jobs)
    try:
        yield from map_with(pool, function, pieces, 2 * jobs, attrgetter("size"))
    except BrokenExecutor as error:
        raise PwdismecError(
            "a process that reads the texts was killed, perhaps for want of memory"
        ) from error
    finally:
        end()


def _pool(jobs: int) -> tuple[Any, Callable[[], None]]:
    """Processes, and what ends them; forked where that is safe, as others import scikit-learn for seconds."""
    begin = partial(begin_worker, os.getpid(), end_at_once=False)
    if sys.platform == "linux" and threading.active_count() == 1:
        pool: Any = ProcessPoolExecutor(jobs, get_context("fork"), begin)
        start_workers(pool)
        # All are forked. Were their ends of the pipes open here as well, this process could wait for ever for
        # killed ones to read a piece, or to send a chunk.
        pool._call_queue._reader.close()
        pool._result_queue._writer.close()
        return pool, _ending_together(pool)
    from joblib.externals import loky

    pool = loky.ProcessPoolExecutor(jobs, initializer=begin)
    start_workers(pool)
    return pool, pool.shutdown


def _ending_together(pool: Any) -> Callable[[], None]:
    """What ends a pool; until then, when one of its processes dies, so do the others.

    One that is killed while it sends a chunk leaves the pipe between its bytes, and this process waiting for
    the rest of them as long as any other could write there.
    """
    workers, over = list(pool._processes.values()), threading.Event()

    def watch() -> None:
        wait([worker.sentinel for worker in workers])
        if not over.is_set():
            for worker in workers:
                worker.kill()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    def end() -> None:
        over.set()
        pool.shutdown(cancel_futures=True)
        watcher.join()

    return end


class _Reader:
    """Counts pieces; the numbers of terms and labels go on from one to the next."""

    def __init__(self, settings: TextSettings, split: Split | None) -> None:
        self._process = uuid4().hex
        self._settings, self._split = settings, split
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
        places = [(field.name, found) for field, found in zip(self._settings.fields, texts, strict=True)]
        for number, record in enumerate(piece.records()):
            try:
                for name, found in places:
                    found.append(text_in(record, name, self._limited))
                labels.append([] if label_field is None else labels_in(record, label_field, names))
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


_reader = lru_cache(maxsize=1)(_Reader)  # a process of a pool has one, for all its pieces


def _read(settings: TextSettings, split: Split | None, piece: Piece) -> Chunk:
    return _reader(settings, split).read(piece)
