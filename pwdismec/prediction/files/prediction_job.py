"""Writing predictions as they come: a whole file or none in the end, and nothing lost when it is broken off.

Rows are appended to part files in a hidden folder beside the prediction
file. After every chunk the parts are synced and a record says how many rows
they hold, in how many bytes: what a kill has written behind that is cut off
when the job is resumed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pwdismec.cluster import Leases, Part
from pwdismec.data.topk import TopK
from pwdismec.errors import ConfigError, DamagedError, DataError, PwdismecError
from pwdismec.files import (
    RawFile,
    clear_os_errors,
    close,
    locked_file,
    make_own_folder,
    put_in_place,
    sweep,
    write_file,
)
from pwdismec.outputs import Inputs, output_file
from pwdismec.patience import patient
from pwdismec.prediction.files.encoding import Buffer, Encoder
from pwdismec.prediction.files.labels import LabelTexts
from pwdismec.prediction.files.prediction_csv import CsvEncoder
from pwdismec.prediction.files.prediction_jsonl import JsonlEncoder
from pwdismec.prediction.files.prediction_npz import NpzEncoder
from pwdismec.prediction.files.prediction_xmc import XmcEncoder
from pwdismec.stored import Count, Record, read_json

FORMATS = ("xmc", "npz", "jsonl", "csv")
_RECORD = "job.json"
_MAX_RECORD = 1 << 20
_ANEW = "start again without --resume"
_WHOLE = "whole"
_LOCK = "lock"

# Seconds between two looks at whether a task is free.
_PAUSE = 1.0


class PredictionFile:
    """A prediction file under way.

    Attributes
    ----------
    done
        Rows written so far, also in an earlier run.
    """

    def __init__(self, job: _Job, done: int, sizes: Sequence[int], first: int) -> None:
        self.done = done
        self._job, self._first = job, first
        self._sizes = sizes

    def append(self, top: TopK, record_ids: Sequence[str] | None = None) -> None:
        """Write rows; when this returns they outlast a kill, if the file can be resumed.

        Parameters
        ----------
        top
            The rows.
        record_ids
            What the source calls them, if the file was begun with such ids.

        Raises
        ------
        PwdismecError
            If they cannot be written.
        """
        content = self._job.encoder.encode(top, self._first + self.done, record_ids)
        self._sizes = self._job.append(self._sizes, content)
        self.done += len(top.labels)
        if self._job.made_from is not None:
            self._job.record(self.done, self._sizes)

    def end(self) -> None:
        """There will be no more rows of this task."""
        self._job.record(self.done, self._sizes, whole=True)


@contextmanager
def writing_predictions(
    path: str | Path,
    format: str,
    *,
    n_labels: int,
    top_k: int,
    label_names: Sequence[str] | None = None,
    label_uris: Sequence[str] | None = None,
    record_ids: bool = False,
    first: int = 0,
    one_based: bool = False,
    made_from: Mapping[str, Any] | None = None,
    inputs: Inputs = (),
    overwrite: bool = False,
    resume: bool = False,
    part: Part | None = None,
) -> Iterator[PredictionFile]:
    """Write a prediction file, which takes its place when the context is left without an error.

    Parameters
    ----------
    path
        The file; an older one is replaced once the new one is whole if `overwrite`. Where a job goes on, one
        that is there may be what it has made before: that is seen in the end.
    format
        "xmc", "npz", "jsonl" or "csv".
    n_labels
        Number of labels, predicted or not.
    top_k
        Places a row.
    label_names, label_uris
        Names, and what the source calls the labels, by label; xmc has neither.
    record_ids
        Whether `append` is given what the source calls the rows; xmc does not keep it.
    first
        The number of the first row of this task, for CSV.
    one_based
        The labels' ids, and CSV's rows, start at one in the file.
    made_from
        What the rows follow from, as plain JSON: it must be the same when the file is resumed. None: it
        cannot be.
    inputs, overwrite
        As `output_file` takes them.
    resume
        Go on behind the rows that an earlier run has written, if it was broken off; without it those are
        discarded.
    part
        Which task of several this is, each of which writes some of the rows, in the order of their numbers;
        whoever finds all done makes the file. A task always goes on.

    Raises
    ------
    ConfigError
        If the format is unknown.
    OutputError
        As `output_file`; where a job goes on, once all rows are there, if they are not those of the file.
    PwdismecError
        If the file cannot be written, is being written by another process, or what is to be resumed was
        made from something else.
    """
    record = None if made_from is None else json.loads(json.dumps(made_from))
    goes_on = resume or part is not None
    out = output_file(path, inputs, overwrite=overwrite or goes_on)
    texts = LabelTexts(label_uris, label_names)
    encoder = _encoder(format, n_labels, top_k, texts, record_ids, int(one_based))
    job = _Job(out, encoder, record, part, overwrite)
    with job.alone():
        done, sizes = job.written() if goes_on else (0, None)
        file = PredictionFile(job, done, job.begin(sizes), first)
        try:
            yield file
            if part is None:
                job.finish(file.done)
            else:
                file.end()
        except BaseException as error:
            # What is wrong with the input must be put right, and then it is another input.
            if made_from is None or file.done == 0 or isinstance(error, DataError):
                job.remove()
            raise
        if part is None:
            job.remove()
            job.sweep_others()
    if part is not None:
        _join(job)


def _join(job: _Job) -> None:
    """Make the file of the rows of all tasks, if they are done; of several that find so, one does it."""
    tasks = job.tasks()
    with job.claiming() as leases:
        if not all(task.is_whole() for task in tasks) or not leases.take(_WHOLE):
            return
        if all(task.is_whole() for task in tasks):  # else another has just done it
            job.finish(sum(task.written()[0] for task in tasks))
            for task in tasks:
                task.remove()
            job.sweep_others()


def _encoder(
    format: str, n_labels: int, top_k: int, texts: LabelTexts, record_ids: bool, first_id: int
) -> Encoder:
    match format:
        case "xmc":
            return XmcEncoder(n_labels, first_id)
        case "npz":
            return NpzEncoder(n_labels, top_k, texts, record_ids, first_id)
        case "jsonl":
            return JsonlEncoder(texts, first_id)
        case "csv":
            return CsvEncoder(texts, record_ids, first_id)
    raise ConfigError(f"format: {format!r}; expected one of {', '.join(FORMATS)}")


class _Progress(Record):
    """How far a job is: the file `job.json`."""

    made_from: dict[str, Any] | None
    done: Count
    bytes: tuple[Count, ...]
    whole: bool


@dataclass(frozen=True)
class _Job:
    """The hidden folder of a prediction file under way."""

    path: Path
    encoder: Encoder
    made_from: Mapping[str, Any] | None
    part: Part | None
    overwrite: bool

    @property
    def folder(self) -> Path:
        which = "" if self.part is None else f"-{self.part.first}-of-{self.part.last}"
        return self.path.with_name(f".{self.path.name}.job{which}")

    @contextmanager
    def claiming(self) -> Iterator[Leases]:
        """The claims of those who write the same file; their folder goes with the last of them."""
        claims = self.path.with_name(f".{self.path.name}.claims")
        with Leases(claims) as leases:
            yield leases
        with suppress(OSError):
            sweep(claims)
            claims.rmdir()

    def tasks(self) -> list[_Job]:
        """The jobs that make the file together."""
        if self.part is None:
            return [self]
        count = self.part.last
        return [replace(self, part=Part("task", number, count)) for number in range(1, count + 1)]

    @property
    def _parts(self) -> list[Path]:
        return [self.folder / name for name in self.encoder.parts]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from writing the same; a task waits for whoever does so until it is dead."""
        if self.part is None:
            with self._locked():
                yield
            return
        with self.claiming() as leases:
            while not leases.take(self.folder.name):
                time.sleep(_PAUSE)
            with clear_os_errors(self.path):
                make_own_folder(self.folder)
            yield

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other processes from writing the same file; the lock ends with this process, in any way."""
        with clear_os_errors(self.path):
            make_own_folder(self.folder)
            descriptor = _lock(self.folder / _LOCK)
        if descriptor is None:
            raise PwdismecError(f"{self.path}: another process is writing it")
        try:
            yield
        finally:
            close(descriptor)
            with suppress(OSError):  # a network file system keeps open files: only now it is empty
                self.folder.rmdir()

    def sweep_others(self) -> None:
        """Remove what other jobs for the same file have left that nobody is at."""
        pattern = re.compile(rf"{re.escape(f'.{self.path.name}.job')}(-\d+-of-\d+)?")
        with suppress(OSError, PwdismecError):
            others = [path for path in self.path.parent.iterdir() if pattern.fullmatch(path.name)]
            if not others:
                return
            with self.claiming() as leases:
                for folder in others:
                    free = leases.take(folder.name)
                    descriptor = locked_file(folder / _LOCK) if free else None
                    if descriptor is not None:
                        close(descriptor)
                        shutil.rmtree(folder, ignore_errors=True)

    def written(self) -> tuple[int, Sequence[int] | None]:
        """Rows, and sizes of the parts, as an earlier run recorded them; none if it did not come to that."""
        path = self.folder / _RECORD
        if not path.exists():
            return 0, None
        try:
            record = self._read()
        except DamagedError as error:
            raise DamagedError(path, f"damaged: {error.message}; {_ANEW}") from error
        found, wanted = record.made_from or {}, dict(self.made_from or {})
        if found != wanted:
            names = [name for name in found | wanted if found.get(name) != wanted.get(name)]
            changes = (_change(name, found.get(name), wanted.get(name)) for name in names)
            said = ", ".join(dict.fromkeys(changes))
            how = _ANEW if self.part is None else f"remove {self.folder}"
            raise PwdismecError(f"{self.path}: the interrupted job differs ({said}); {how}")
        return record.done, record.bytes

    def _read(self) -> _Progress:
        path = self.folder / _RECORD
        record = read_json(path, _Progress, _MAX_RECORD)
        if len(record.bytes) != (expected := len(self.encoder.parts)):
            raise DamagedError(path, f"bytes: {len(record.bytes)} sizes; expected {expected}")
        return record

    def is_whole(self) -> bool:
        """Whether all rows of this task are there."""
        try:
            record = self._read()
        except DamagedError:
            return False
        return record.whole and record.made_from == self.made_from

    @patient
    def begin(self, sizes: Sequence[int] | None) -> Sequence[int]:
        """Cut the parts to their sizes, or make new ones where there is nothing to go on with."""
        with clear_os_errors(self.path):
            sweep(self.folder)
            if sizes is None:  # the record first: it must not speak of parts that are gone
                (self.folder / _RECORD).unlink(missing_ok=True)
                sizes = [0] * len(self.encoder.parts)
            for part, size in zip(self._parts, sizes, strict=True):
                if size == 0 and not part.is_dir():  # what is there may be another's by another name
                    part.unlink(missing_ok=True)
                    part.touch(exist_ok=False)
                if size > _size_of_own(part, self.folder):
                    raise PwdismecError(f"{part}: shorter than it was; {_ANEW}")
                os.truncate(part, size)
        return sizes

    @patient
    def append(self, sizes: Sequence[int], contents: Sequence[Buffer]) -> Sequence[int]:
        """Write behind the first `sizes` bytes of the parts, in place of what is there; their new sizes."""
        with clear_os_errors(self.path):
            for part, size, content in zip(self._parts, sizes, contents, strict=True):
                _write(part, size, content)
        return [size + len(content) for size, content in zip(sizes, contents, strict=True)]

    def record(self, done: int, sizes: Sequence[int], whole: bool = False) -> None:
        """From now on a kill loses nothing of these rows; they are all if `whole`."""
        record = {"made_from": self.made_from, "done": done, "bytes": sizes, "whole": whole}
        with clear_os_errors(self.path):
            write_file(self.folder / _RECORD, f"{json.dumps(record, indent=1)}\n".encode())

    @patient
    def finish(self, done: int) -> None:
        """Make the prediction file of the parts, of all tasks, and put it in its place."""
        whole = self.folder / "whole"
        parts = list(zip(*(task._parts for task in self.tasks()), strict=True))
        with clear_os_errors(self.path):
            try:
                whole.unlink(missing_ok=True)  # as the parts
                self.encoder.assemble(parts, whole, done)
                put_in_place(whole, self.path, overwrite=self.overwrite)
            except BaseException:
                whole.unlink(missing_ok=True)
                raise

    @patient
    def remove(self) -> None:
        (self.folder / _RECORD).unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _size_of_own(part: Path, folder: Path) -> int:
    """Bytes of a file, 0 of none; what has another name, too, or is no file is not written to."""
    try:
        state = part.lstat()
    except FileNotFoundError:
        return 0
    if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
        raise PwdismecError(f"{part}: is not a regular file of this job alone; remove {folder}")
    return state.st_size


_lock = patient(locked_file)


def _write(path: Path, start: int, content: Buffer) -> None:
    view = memoryview(content)
    with RawFile(path, "r+b") as file:
        file.truncate(start)
        file.seek(start)
        while len(view):  # the system writes at most 2 GiB at a time
            view = view[file.write(view) :]
        os.fsync(file.fileno())


def _change(name: str, old: object, new: object) -> str:
    """What has changed of what a job is made from; digests, sizes and times of files tell people nothing."""
    what = name.partition("'")[0]
    if what == "record ids":
        return "other record ids"
    return f"another {what}" if what in ("model", "input", "calibration") else f"{name} was {old}, now {new}"
