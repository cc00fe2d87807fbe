"""The kernels that check what comes from outside, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pwdismec import native

OFFSETS, END, RANGE, TWICE, ORDER = 1, 2, 3, 4, 5
INT32, INT64 = np.iinfo(np.int32), np.iinfo(np.int64)


def oracle(
    indptr: NDArray[np.int64], indices: NDArray[np.int32], n_columns: int
) -> tuple[int, int, int] | None:
    """The first fault, by NumPy and by Python's integers."""
    offsets = indptr.tolist()
    if not offsets or offsets[0] < 0 or offsets != sorted(offsets):
        return OFFSETS, 0, 0
    if offsets[-1] > len(indices):
        return END, 0, 0
    places = np.arange(offsets[0], offsets[-1])
    own = indices[places].astype(np.int64)
    before = np.concatenate([[-1], own[:-1]])
    before[np.isin(places, indptr)] = -1
    faults = [(own < 0) | (own >= n_columns), own == before, own < before]
    if not (faulty := np.any(faults, axis=0)).any():
        return None
    first = int(faulty.argmax())
    code = next(code for code, found in zip([RANGE, TWICE, ORDER], faults, strict=True) if found[first])
    return code, int(np.searchsorted(indptr, places[first], side="right")) - 1, int(places[first])


def int64s(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def int32s(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


@st.composite
def rows(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
    """Sound rows, in which something may be changed."""
    n_columns = draw(st.sampled_from([1, 2, 40, 200, INT32.max]))
    columns = st.integers(0, n_columns - 1)
    lists = draw(st.lists(st.sets(columns, max_size=min(n_columns, 70)).map(sorted), max_size=8))
    unused = draw(st.lists(st.integers(INT32.min, INT32.max), max_size=2))
    ids = [*unused, *(id for row in lists for id in row), *unused]
    offsets = [len(unused) + sum(map(len, lists[:i])) for i in range(len(lists) + 1)]
    for _ in range(draw(st.integers(0, 2))):
        change, at = (
            draw(st.sampled_from(["none", "id", "id", "swap", "copy", "offset"])),
            draw(st.integers(0, 400)),
        )
        if change == "offset":
            wild = st.sampled_from([INT64.min, -1, 0, len(ids), len(ids) + 1, INT64.max])
            offsets[at % len(offsets)] = draw(wild | st.integers(0, len(ids)))
        elif change != "none" and len(ids) > 1:
            place = at % (len(ids) - 1)
            if change == "id":
                ids[place] = draw(
                    st.sampled_from([INT32.min, -1, 0, n_columns - 1, min(n_columns, INT32.max)])
                )
            elif change == "swap":
                ids[place], ids[place + 1] = ids[place + 1], ids[place]
            else:
                ids[place + 1] = ids[place]
    return int64s(*offsets), int32s(*ids), n_columns


@settings(deadline=None)
@given(rows())
@example((int64s(), int32s(), 1))
@example((int64s(0), int32s(), 0))
@example((int64s(INT64.min, INT64.max), int32s(0), 1))
@example((int64s(0, INT64.max, INT64.min), int32s(0), 1))
@example((int64s(0, 5, 3), int32s(0, 1, 2), 3))
@example((int64s(1, 1, 2), int32s(-1, 0, -1), 1))
@example((int64s(0, 1), int32s(INT32.max), INT32.max))
def test_the_first_fault_of_rows_is_told(arrays):
    assert native.check_rows(*arrays) == oracle(*arrays)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 64, 1000])
def test_a_fault_is_found_at_every_place_of_a_row(length):
    indptr, sound = int64s(0, length), np.arange(length, dtype=np.int32)
    assert native.check_rows(indptr, sound, length) is None
    for place in range(length):
        ids = sound.copy()
        ids[place] = length
        assert native.check_rows(indptr, ids, length) == (RANGE, 0, place)
        if place:
            ids[place] = place - 1
            assert native.check_rows(indptr, ids, length) == (TWICE, 0, place)


@pytest.mark.parametrize("wrong", [np.nan, -np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("length", [1, 7, 1023, 1024, 1025, 3000])
def test_the_first_value_that_is_not_finite_is_told(wrong, length):
    values = np.full(length, np.finfo(np.float32).max)
    values[::3] = np.finfo(np.float32).min
    values[1::3] = np.float32(1e-45)
    assert native.first_not_finite(values) is None
    for place in {0, length // 2, length - 1}:
        values[place] = wrong
        assert native.first_not_finite(values) == int(np.argmin(np.isfinite(values)))
    assert native.first_not_finite(np.empty(0, np.float32)) is None
