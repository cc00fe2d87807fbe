"""The text formats in plain Python, a line at a time: what the native reader must agree with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from pwdismec.data.csr import CSR

_NUMBER = re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_LABELS = re.compile(rb"[0-9]+(,[0-9]+)*")
_PAIR = re.compile(rb"([0-9]+):(.*)", re.DOTALL)


class BadLine(Exception):
    """Carries the number of the first line that is not well-formed, counted from 1."""


@dataclass
class Rows:
    """Features as lists of (id, float32), labels as lists of ids; ascending."""

    features: list[list[tuple[int, np.float32]]] = field(default_factory=list)
    labels: list[list[int]] = field(default_factory=list)


def parse(
    text: bytes,
    *,
    n_features: int,
    n_labels: int,
    first_feature: int = 0,
    first_label: int = 0,
    labels: bool,
    comments: bool = False,
) -> Rows:
    """Rows of `l,l f:v f:v`, or of `f:v f:v` if not `labels`."""
    rows = Rows()
    lines = text.split(b"\n")
    for number, line in enumerate(lines if lines[-1] else lines[:-1], start=1):
        line = line.removesuffix(b"\r")
        if comments and b"#" in line:
            line = line[: line.index(b"#")]
            if not line.strip(b" \t"):
                continue
        line = re.sub(rb",[ \t]+", b",", line)
        fields = [part for part in re.split(rb"[ \t]+", line) if part]
        row_labels: list[int] = []
        if labels and fields and line[:1] not in (b" ", b"\t") and not re.match(rb"[0-9]+:", fields[0]):
            row_labels = _ids(number, fields.pop(0), first_label, n_labels)
        pairs = sorted(_pair(number, part, first_feature, n_features) for part in fields)
        if len({pair[0] for pair in pairs}) < len(pairs) or len(set(row_labels)) < len(row_labels):
            raise BadLine(number)
        rows.features.append(pairs)
        rows.labels.append(row_labels)
    return rows


def _ids(number: int, text: bytes, first_id: int, count: int) -> list[int]:
    if not _LABELS.fullmatch(text):
        raise BadLine(number)
    ids = sorted(int(part) - first_id for part in text.split(b","))
    if ids[0] < 0 or ids[-1] >= count:
        raise BadLine(number)
    return ids


def _pair(number: int, text: bytes, first_id: int, count: int) -> tuple[int, np.float32]:
    match = _PAIR.fullmatch(text)
    if not match or not _NUMBER.fullmatch(match[2]):
        raise BadLine(number)
    feature = int(match[1]) - first_id
    with np.errstate(over="ignore"):
        value = np.float32(float(match[2]))
    if not (0 <= feature < count and np.isfinite(value)):
        raise BadLine(number)
    return feature, value


def rows_of(features: CSR, labels: CSR) -> Rows:
    """The same form from CSR arrays."""
    assert features.data is not None and labels.data is None
    rows = Rows()
    for start, stop in zip(features.indptr, features.indptr[1:], strict=False):
        ids = features.indices[start:stop].tolist()
        rows.features.append(list(zip(ids, features.data[start:stop], strict=True)))
    for start, stop in zip(labels.indptr, labels.indptr[1:], strict=False):
        rows.labels.append(labels.indices[start:stop].tolist())
    return rows


def same_bits(left: Rows, right: Rows) -> bool:
    """Whether ids and values agree, values to the bit (−0 is not 0)."""

    def bits(rows: Rows) -> list[list[tuple[int, int]]]:
        return [[(f, int(np.float32(v).view(np.uint32))) for f, v in row] for row in rows.features]

    return left.labels == right.labels and bits(left) == bits(right)
