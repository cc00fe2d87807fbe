"""Features and labels in an ARFF file, dense or sparse, as Mulan, MEKA and scikit-multilearn read them."""

from __future__ import annotations

import re
from array import array
from collections.abc import Generator, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pwdismec.data.csr import CSR
from pwdismec.data.formats.arff_header import NUMBER, ArffHeader, cells_of, is_number, read_arff_header
from pwdismec.data.formats.compression import clear_read_errors, open_to_read
from pwdismec.data.formats.header import check_columns
from pwdismec.data.formats.lines import LONGEST_RECORD, check_is_file, lines_of
from pwdismec.data.formats.source import Block
from pwdismec.errors import DataError
from pwdismec.quoting import shown

# Cells of a block.
_CELLS = 1 << 20

_NUMBERS = re.compile(rf"\s*{NUMBER}\s*(?:,\s*{NUMBER}\s*)*")
_PAIRS = re.compile(rf"\s*[0-9]{{1,10}}\s+{NUMBER}\s*(?:,\s*[0-9]{{1,10}}\s+{NUMBER}\s*)*")
_PAIR = re.compile(r"""\s*([0-9]+)\s+('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^,'"\s{}]+)\s*(?:,|\Z)""")


class ArffSource:
    """Attributes, then a row a line. A `Source`.

    Attributes of numbers are a feature each, those of other values a feature for each value; zeros are not
    stored. Where a sparse row leaves an attribute out, it has 0, or the first value of those in its header.

    Parameters
    ----------
    paths
        The file, and Mulan's XML with the names of the labels; without it MEKA's -C in the header says which
        attributes are labels.

    Attributes
    ----------
    feature_names, label_names
        As the header has them, in its order; of features for values, "attribute=value".
    """

    format = "arff"

    def __init__(self, paths: tuple[Path, ...], n_features: int | None, n_labels: int | None) -> None:
        for path in paths:
            check_is_file(path)
        self.paths = paths
        self.n_instances: int | None = None
        lines = _lines(paths[0])
        self._header = read_arff_header(paths[0], lines)
        lines.close()
        self._columns = _Columns(self._header, self._header.labels(paths[1] if len(paths) > 1 else None))
        self.feature_names, self.label_names = self._columns.feature_names, self._columns.label_names
        self.n_features, self.n_labels = len(self.feature_names), len(self.label_names)
        check_columns(paths[0], "features", self.n_features, n_features)
        check_columns(paths[0], "labels", self.n_labels, n_labels)

    def __iter__(self) -> Iterator[Block]:
        lines = _lines(self.paths[0])
        for _ in range(self._header.n_lines):
            next(lines)
        rows, n_instances = _Rows(self._columns), 0
        for number, line in enumerate(lines, self._header.n_lines + 1):
            text = line.strip()
            if not text or text.startswith("%"):
                continue
            rows.add(text, number)
            if len(rows.values) >= _CELLS:
                n_instances += len(rows.lines)
                yield rows.block()
                rows = _Rows(self._columns)
        if rows.lines:
            n_instances += len(rows.lines)
            yield rows.block()
        self.n_instances = n_instances


def _lines(path: Path) -> Generator[str, None, None]:
    with clear_read_errors(path):
        file = open_to_read(path)
    with file:
        for number, line in enumerate(lines_of(file, path, LONGEST_RECORD), 1):
            try:
                yield line.decode()
            except UnicodeDecodeError as error:
                found = f"byte {error.start + 1} of the line is 0x{line[error.start]:02x}"
                raise DataError(path, f"{found}; expected UTF-8", number) from error


class _Columns:
    """Which feature or label each attribute is.

    Attributes
    ----------
    codes
        Of attributes with values that are no numbers, the place of each value behind the attributes.
    features, labels
        For each attribute, and each such place, its feature and its label, or −1.
    allowed
        Groups of attributes, as a mask, with the numbers that they may have.
    left_out
        Of attributes that are not 0 where a sparse row leaves them out, the place and value they have then.
    """

    def __init__(self, header: ArffHeader, labels: list[int]) -> None:
        self.path, self.attributes, are_labels = header.path, header.attributes, set(labels)
        self.label_names = [self.attributes[i].name for i in labels]
        self.feature_names: list[str] = []
        self.codes: dict[int, dict[str, int]] = {}
        self.left_out: dict[int, tuple[int, float]] = {}
        features = [-1] * len(self.attributes)
        groups: dict[tuple[float, ...], list[int]] = {}
        for i, attribute in enumerate(self.attributes):
            if attribute.values is None or attribute.is_numeric:
                if i not in are_labels:
                    features[i] = len(self.feature_names)
                    self.feature_names.append(attribute.name)
                if attribute.values is not None:
                    numbers = tuple(map(float, attribute.values))
                    groups.setdefault(tuple(sorted(numbers)), []).append(i)
                    if numbers[0] != 0:
                        self.left_out[i] = (i, numbers[0])
                continue
            self.codes[i] = {}
            for value in attribute.values:
                self.codes[i][value] = len(features)
                features.append(len(self.feature_names))
                self.feature_names.append(f"{attribute.name}={value}")
            self.left_out[i] = (self.codes[i][attribute.values[0]], 1.0)
        self.features = np.array(features, np.int64)
        self.labels = np.full(len(features), -1, np.int64)
        self.labels[labels] = np.arange(len(labels))
        self.allowed = [(self._mask(group), np.array(numbers)) for numbers, group in groups.items()]
        self.turned = next(
            (i for i in labels if i in self.left_out), None
        )  # a label that is there if left out

    def _mask(self, places: list[int]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.features), bool)
        mask[places] = True
        return mask


class _Rows:
    """The rows of a block: of each cell its row, place and value."""

    def __init__(self, columns: _Columns) -> None:
        self._columns = columns
        self.lines: list[int] = []
        self._lengths = array("q")
        self._places, self.values = array("q"), array("d")

    def add(self, text: str, line: int) -> None:
        """A row as it stands in a line; DataError if it is not well-formed."""
        before = len(self.values)
        if text.startswith("{"):
            self._add_sparse(text, line)
        else:
            self._add_dense(text, line)
        self.lines.append(line)
        self._lengths.append(len(self.values) - before)

    def _add_dense(self, text: str, line: int) -> None:
        n = len(self._columns.attributes)
        if not self._columns.codes and text.count(",") == n - 1 and _NUMBERS.fullmatch(text):
            self._places.extend(range(n))
            self.values.extend(map(float, text.split(",")))
            return
        cells = cells_of(text)
        if cells is None or len(cells) != n:
            found = shown(text) if cells is None else f"{len(cells)} cells"
            raise DataError(self._columns.path, f"{found}; expected {n} cells, divided by commas", line)
        for i, cell in enumerate(cells):
            self._add_cell(i, cell, line)

    def _add_sparse(self, text: str, line: int) -> None:
        columns = self._columns
        if columns.turned is not None:
            name = shown(columns.attributes[columns.turned].name)
            raise DataError(
                columns.path, f"label {name}: 1 where a sparse row leaves it out; expected {{0,1}}", line
            )
        inner, n = text[1:-1], len(columns.attributes)
        if not text.endswith("}"):
            raise DataError(columns.path, f"{shown(text)}; expected {{attribute value, …}}", line)
        if not (columns.codes or columns.left_out) and _PAIRS.fullmatch(inner):
            numbers = inner.replace(",", " ").split()
            places = list(map(int, numbers[::2]))
            if max(places) < n:
                self._places.extend(places)
                self.values.extend(map(float, numbers[1::2]))
                return
        mentioned = set()
        for pair in _pairs_of(inner):
            place, value = pair or ("", "")
            if not (place.isascii() and place.isdigit() and len(place) <= 10 and int(place) < n):
                found = shown(" ".join(pair or (inner,)))
                expected = f"expected an attribute from 0 to {n - 1}, and its value"
                raise DataError(columns.path, f"{found}; {expected}", line)
            mentioned.add(int(place))
            self._add_cell(int(place), value, line)
        for i, (place_left_out, value_left_out) in columns.left_out.items():
            if i not in mentioned:
                self._places.append(place_left_out)
                self.values.append(value_left_out)

    def _add_cell(self, attribute: int, cell: str, line: int) -> None:
        codes = self._columns.codes.get(attribute)
        if codes is None and is_number(cell):
            self._places.append(attribute)
            self.values.append(float(cell))
        elif codes is not None and cell in codes:
            self._places.append(codes[cell])
            self.values.append(1.0)
        else:
            self._refuse(attribute, shown(cell), line)

    def _refuse(self, attribute: int, found: str, line: int) -> None:
        given = self._columns.attributes[attribute]
        expected = "a finite number, at most 3.4e38"
        if given.values is not None:
            more = ", …" if len(given.values) > 5 else ""
            expected = f"one of {', '.join(map(shown, given.values[:5]))}{more}"
        elif self._columns.labels[attribute] >= 0:
            expected = "0 or 1"
        raise DataError(
            self._columns.path, f"attribute {shown(given.name)}: {found}; expected {expected}", line
        )

    def block(self) -> Block:
        """The rows as features and labels; DataError at the first cell that cannot be one."""
        columns = self._columns
        places = np.frombuffer(self._places, np.int64) if self._places else np.zeros(0, np.int64)
        values = np.frombuffer(self.values, np.float64) if self.values else np.zeros(0)
        rows = np.repeat(np.arange(len(self.lines)), np.frombuffer(self._lengths, np.int64))
        order = np.lexsort((places, rows))
        places, values, rows = places[order], values[order], rows[order]
        twice = (places[1:] == places[:-1]) & (rows[1:] == rows[:-1])
        if twice.any():
            at = int(np.argmax(twice))
            name = shown(columns.attributes[places[at]].name)
            raise DataError(columns.path, f"attribute {name} twice in one row", self.lines[rows[at]])
        self._check(places, values, rows)
        is_there = values != 0
        places, values, rows = places[is_there], values[is_there], rows[is_there]
        matrices = []
        for ids, n_columns in (
            (columns.features[places], len(columns.feature_names)),
            (columns.labels[places], len(columns.label_names)),
        ):
            kept = np.flatnonzero(ids >= 0)
            kept = kept[np.lexsort((ids[kept], rows[kept]))]
            offsets = np.zeros(len(self.lines) + 1, np.int64)
            np.cumsum(np.bincount(rows[kept], minlength=len(self.lines)), out=offsets[1:])
            data = values[kept].astype(np.float32)
            matrices.append(CSR(offsets, ids[kept].astype(np.int32), data, n_columns))
        features, labels = matrices
        return Block(features, CSR(labels.indptr, labels.indices, None, labels.n_columns))

    def _check(self, places: NDArray[np.int64], values: NDArray[np.float64], rows: NDArray[np.int64]) -> None:
        columns = self._columns
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(values.astype(np.float32))
        bad |= (columns.labels[places] >= 0) & (values != 0) & (values != 1)
        for mask, numbers in columns.allowed:
            bad |= mask[places] & ~np.isin(values, numbers)
        if bad.any():
            at = int(np.argmax(bad))
            self._refuse(int(places[at]), f"{values[at]:g}", self.lines[rows[at]])


def _pairs_of(inner: str) -> Iterator[tuple[str, str] | None]:
    """The place and value of each cell of a sparse row; None where it is not well-formed."""
    if not inner.strip():
        return
    at = 0
    while at < len(inner):
        found = _PAIR.match(inner, at)
        if found is None:
            yield None
            return
        [value] = cells_of(found[2]) or [""]
        yield found[1], value
        at = found.end()
    if inner.rstrip().endswith(","):
        yield None
