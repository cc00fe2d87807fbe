"""LIBLINEAR on single labels of a problem, with any of its options, in as little memory as it allows.

`pwdismec.solvers.LibLinear` knows ``-s 2`` alone, and certifies within the time. Here the time is LIBLINEAR's
own, and its problem (16 bytes a stored value) is filled in pieces, so that sets of Wikipedia-500K's size fit.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Iterator
from dataclasses import dataclass

import liblinear.liblinear as lib
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.csr import CSR, row_chunks
from pwdismec.solvers import Problem, objective

_CHUNK = 1 << 22
_NODE = np.dtype([("index", np.int32), ("value", np.float64)], align=True)  # struct feature_node


@dataclass(frozen=True)
class Trained:
    """One label's outcome: milliseconds, and the objective's bounds in float64."""

    milliseconds: float
    primal: float
    dual: float

    @property
    def gap(self) -> float:
        return (self.primal - self.dual) / self.primal


class LiblinearLabels:
    """A problem in LIBLINEAR's form, shared by all labels."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._design = _Design(problem.features, problem.bias)
        self._nodes, starts = _nodes_of(problem.features, problem.bias)
        self._rows = (starts[:-1] * _NODE.itemsize + self._nodes.ctypes.data).astype(np.uint64)

    def train(self, label: int, options: str, *, certify: bool = True) -> Trained:
        """Train one label with LIBLINEAR's `options`, such as ``-s 2 -e 0.001``; weights are the problem's.

        Without `certify`, the bounds are NaN: they cost three passes over the data.
        """
        y, c = objective.signs_and_costs(self._problem, label)
        weight = float(self._problem.positive_weights[label])
        parameter = lib.parameter(f"{options} -q -c {self._problem.C!r} -w1 {weight!r}")
        began = time.perf_counter()
        w = self._train(y, parameter)
        milliseconds = (time.perf_counter() - began) * 1e3
        if not certify:
            return Trained(milliseconds, np.nan, np.nan)
        alpha = objective.dual_point(self._design, y, c, w)
        return Trained(
            milliseconds, objective.primal(self._design, y, c, w), objective.dual(self._design, y, c, alpha)
        )

    def _train(self, y: NDArray[np.float64], parameter: lib.parameter) -> NDArray[np.float64]:
        own = lib.problem.__new__(lib.problem)
        own.l, own.n, own.bias = len(y), self._design.shape[1], self._problem.bias or -1
        own.x = ctypes.cast(self._rows.ctypes.data, ctypes.POINTER(ctypes.POINTER(lib.feature_node)))
        own.y = y.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        pointer = lib.liblinear.train(ctypes.byref(own), ctypes.byref(parameter))
        try:
            w = np.ctypeslib.as_array(pointer.contents.w, (own.n,)).copy()
            return w if pointer.contents.label[0] == 1 else -w
        finally:
            lib.liblinear.free_and_destroy_model(ctypes.byref(pointer))


def _nodes_of(features: CSR, bias: float) -> tuple[NDArray[np.void], NDArray[np.int64]]:
    """All rows' nodes (ids from 1, the constant feature, an end mark), and where each row begins."""
    assert ctypes.sizeof(lib.feature_node) == _NODE.itemsize
    extra = 2 if bias else 1
    starts = features.indptr - features.indptr[0] + extra * np.arange(features.n_rows + 1)
    nodes = np.empty(starts[-1], _NODE)
    for first, last in row_chunks(features.indptr, _CHUNK):
        part = features.rows(first, last).stored()
        where = starts[first] + np.arange(part.nnz)
        where += np.repeat(extra * np.arange(part.n_rows), part.row_lengths)
        nodes["index"][where], nodes["value"][where] = part.indices + 1, part.values
    nodes["index"][starts[1:] - 1] = -1
    if bias:
        nodes["index"][starts[1:] - 2], nodes["value"][starts[1:] - 2] = features.n_columns + 1, bias
    return nodes, starts


class _Design:
    """The products that `objective` takes of its matrix X, made in pieces: float64 values of all rows at
    once would be the largest array of a benchmark.
    """

    def __init__(self, features: CSR, bias: float) -> None:
        self._features, self._bias = features, bias
        self.shape = features.n_rows, features.n_columns + bool(bias)

    @property
    def T(self) -> _Transposed:
        return _Transposed(self)

    def __matmul__(self, w: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [rows @ w[: self._features.n_columns] for _, rows in self.chunks()]
        return np.concatenate(parts) + (self._bias * w[-1] if self._bias else 0.0)

    def chunks(self) -> Iterator[tuple[slice, sp.csr_matrix]]:
        """Ranges of rows, and those rows without the constant feature."""
        for start, stop in row_chunks(self._features.indptr, _CHUNK):
            yield slice(start, stop), self._features.rows(start, stop).to_scipy()

    def transposed_product(self, a: NDArray[np.float64]) -> NDArray[np.float64]:
        total = np.zeros(self.shape[1])
        for span, rows in self.chunks():
            total[: self._features.n_columns] += rows.T @ a[span]
        if self._bias:
            total[-1] = self._bias * a.sum()
        return total


@dataclass(frozen=True)
class _Transposed:
    of: _Design

    def __matmul__(self, a: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.of.transposed_product(a)
