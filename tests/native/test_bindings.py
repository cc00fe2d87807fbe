"""What a caller may pass to the kernels: anything, and none reads or writes outside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pwdismec import native

Arguments = tuple[Any, ...]
REFUSED = (TypeError, ValueError, IndexError)

INT32_MIN, INT32_MAX = np.iinfo(np.int32).min, np.iinfo(np.int32).max
INT64_MIN, INT64_MAX = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def int32(*values: int) -> NDArray[np.int32]:
    return np.array(values, np.int32)


def int64(*values: int) -> NDArray[np.int64]:
    return np.array(values, np.int64)


def float32(*values: float) -> NDArray[np.float32]:
    return np.array(values, np.float32)


# Two rows of three columns.
INDPTR, IDS, VALUES = int64(0, 1, 3), int32(2, 0, 1), float32(1, 2, 3)
FREQUENCY = int64(1, 1, 1)
TEXT = np.frombuffer(b"1 0:1\n0,1 2:1\n", np.uint8)

N_LABELS, DENSE = 40, int32(0, 2)


def dense() -> native.DenseFeatures:
    return native.DenseFeatures(DENSE, 3)


def block_arrays() -> list[NDArray[Any]]:
    """Of 40 labels, of which two have a weight of the feature 1, and of two dense features."""
    dense_weights = np.zeros(2 * N_LABELS + native.DENSE_PADDING, np.uint32)
    starts = np.array([0, 0, 3, 3], np.uint32)
    lists = np.array([*np.ones(2, np.float32).view(np.uint32), 7], np.uint32)
    bounds = np.zeros(4, np.float32)
    bias, label_ids = np.zeros(N_LABELS, np.float32), np.arange(N_LABELS, dtype=np.int32)
    return [starts, lists, dense_weights, bounds, bias, label_ids]


def instances() -> native.Instances:
    copy = native.SparseCopy(FREQUENCY, 2, 1.0)
    copy.append(INDPTR, IDS, VALUES)
    return copy.finish()


def tops(n: int = 2, k: int = 3) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    return np.full((n, k), -1, np.int32), np.full((n, k), -np.inf, np.float32)


def postings() -> Arguments:
    starts, lists, dense_weights, *_ = block_arrays()
    positions, filled = np.array([5, 39], np.uint16), np.zeros(3, np.uint32)
    return INDPTR, IDS, VALUES, positions, dense(), N_LABELS, starts, filled, lists, dense_weights


def to_solve() -> Arguments:
    costs = np.ones((1, 1)), np.ones(1)
    return (
        instances(),
        int64(0, 1),
        int32(1),
        *costs,
        1e-3,
        9,
        0,
        0.0,
        native.LABELS_PER_PASS,
        int64(0, 2),
        int32(0, 2),
        -1,
    )


def to_measure() -> Arguments:
    weights = int64(0, 2), int32(0, 2), float32(1, 2)
    return instances(), int64(0, 1), int32(1), np.ones(1), 1.0, *weights, float32(1), native.LABELS_PER_PASS


# A sound call of everything that takes arrays.
CALLS: dict[str, tuple[Callable[..., Any], Callable[[], Arguments]]] = {
    "check_rows": (native.check_rows, lambda: (INDPTR, IDS, 3)),
    "first_not_finite": (native.first_not_finite, lambda: (VALUES,)),
    "count_ids": (native.count_ids, lambda: (IDS, np.zeros(3, np.int64))),
    "count_in_rows": (native.count_in_rows, lambda: (INDPTR, int32(0, 1, 1), INDPTR, IDS, 3)),
    "parse_labelled_rows": (native.parse_labelled_rows, lambda: (TEXT, 3, 2, 0, 0, False)),
    "parse_ranked_rows": (native.parse_ranked_rows, lambda: (TEXT, 3)),
    "parse_sparse_rows": (native.parse_sparse_rows, lambda: (TEXT, 3, 0, False)),
    "format_labelled_rows": (native.format_labelled_rows, lambda: (INDPTR, IDS, VALUES, INDPTR, IDS)),
    "format_ranked_rows": (native.format_ranked_rows, lambda: (INDPTR, IDS, VALUES)),
    "number": (native.Runs.number, lambda: (native.Runs(), [b"a b", b"c"])),
    "DenseFeatures": (native.DenseFeatures, lambda: (DENSE, 3)),
    "LabelBlock": (native.LabelBlock, lambda: tuple(block_arrays())),
    "fill_postings": (native.fill_postings, postings),
    "dense_bounds": (native.dense_bounds, lambda: (block_arrays()[2], 2, N_LABELS, np.zeros(4, np.float32))),
    "score_top_k": (
        native.score_top_k,
        lambda: (dense(), [native.LabelBlock(*block_arrays())], INDPTR, IDS, VALUES, *tops()),
    ),
    "SparseCopy": (native.SparseCopy, lambda: (FREQUENCY, 2, 1.0)),
    "append": (
        native.SparseCopy.append,
        lambda: (native.SparseCopy(FREQUENCY, 2, 1.0), INDPTR, IDS, VALUES),
    ),
    "dense_instances": (native.dense_instances, lambda: (np.ones((2, 3), np.float32), 1.0)),
    "solve_block": (native.solve_block, to_solve),
    "objectives": (native.objectives, to_measure),
}
WRITTEN = {"count_ids": [1], "fill_postings": [7, 8, 9], "dense_bounds": [3], "score_top_k": [5, 6]}


def arrays_of(call: str) -> list[int]:
    return [i for i, argument in enumerate(CALLS[call][1]()) if isinstance(argument, np.ndarray)]


PLACES = [(call, place) for call in CALLS for place in arrays_of(call)]


def with_argument(call: str, place: int, value: Any) -> None:
    function, arguments = CALLS[call]
    changed = list(arguments())
    changed[place] = value
    function(*changed)


def of_another_type(array: NDArray[Any]) -> Iterator[Any]:
    for dtype in (np.int8, np.int32, np.int64, np.uint16, np.float32, np.float64, object):
        if array.dtype != dtype:
            yield np.ones_like(array, dtype)
    if array.dtype.itemsize > 1:
        yield array.astype(array.dtype.newbyteorder())
    yield array.tolist()
    yield array[None]
    yield array.reshape(-1)[:1].reshape(())
    yield "text"


def misaligned(array: NDArray[Any]) -> NDArray[Any]:
    room = np.zeros(array.nbytes + 1, np.uint8)[1:]
    moved = room.view(array.dtype).reshape(array.shape)
    moved[...] = array
    assert not moved.flags.aligned
    return moved


def test_every_call_of_the_module_is_here():
    functions = {name for name in native.__all__ if callable(getattr(native, name))}
    assert functions - {"Instances", "Runs", "end_on_bus_error"} == CALLS.keys() - {"append", "number"}


@pytest.mark.parametrize("call", CALLS)
def test_sound_arguments_are_taken(call):
    function, arguments = CALLS[call]
    function(*arguments())


@pytest.mark.parametrize(("call", "place"), PLACES)
def test_an_array_of_another_type_is_refused(call, place):
    array = CALLS[call][1]()[place]
    for wrong in of_another_type(array):
        with pytest.raises(TypeError):
            with_argument(call, place, wrong)


@pytest.mark.parametrize(("call", "place"), PLACES)
def test_none_stands_for_no_array(call, place):
    with pytest.raises((TypeError, ValueError)):
        with_argument(call, place, None)


@pytest.mark.parametrize(("call", "place"), PLACES)
def test_an_array_with_gaps_is_refused(call, place):
    array = CALLS[call][1]()[place]
    gaps = np.repeat(np.concatenate([array, array]), 2, axis=-1)[..., ::2]
    with pytest.raises(TypeError):
        with_argument(call, place, gaps)
    backwards = np.concatenate([array, array])[::-1]
    with pytest.raises(TypeError):
        with_argument(call, place, backwards)


@pytest.mark.parametrize(
    ("call", "place"), [at for at in PLACES if CALLS[at[0]][1]()[at[1]].dtype.itemsize > 1]
)
def test_a_misaligned_array_is_refused(call, place):
    with pytest.raises(TypeError):
        with_argument(call, place, misaligned(CALLS[call][1]()[place]))


@pytest.mark.parametrize(("call", "place"), PLACES)
def test_a_read_only_array_is_read_and_never_written(call, place):
    array = CALLS[call][1]()[place].copy()
    array.flags.writeable = False
    before = array.copy()
    if place in WRITTEN.get(call, []):
        with pytest.raises(TypeError):
            with_argument(call, place, array)
    else:
        with_argument(call, place, array)
    np.testing.assert_array_equal(array, before)


# Arrays whose length says nothing of others', or that may end sooner or later than they are read.
ANY_LENGTH = {
    *(("check_rows", 0), ("check_rows", 1), ("first_not_finite", 0), ("count_ids", 0), ("count_ids", 1)),
    *((f"parse_{kind}_rows", 0) for kind in ("labelled", "ranked", "sparse")),
    *(
        ("format_labelled_rows", 4),
        ("format_ranked_rows", 0),
        ("append", 1),
        ("DenseFeatures", 0),
        ("fill_postings", 8),
    ),
    *(("LabelBlock", 0), ("LabelBlock", 1), ("LabelBlock", 2), ("SparseCopy", 0), ("dense_instances", 0)),
    *(("solve_block", 2), ("solve_block", 11), ("objectives", 2)),
}


@pytest.mark.parametrize(("call", "place"), PLACES)
def test_an_array_of_another_length_is_refused_or_harmless(call, place):
    array = CALLS[call][1]()[place]
    for wrong in (array[:0], array[:-1], np.concatenate([array, array])):
        expected = contextlib.suppress(*REFUSED) if (call, place) in ANY_LENGTH else pytest.raises(REFUSED)
        with expected:
            with_argument(call, place, wrong.copy())


OFFSETS = [int64(0, INT64_MAX, 3), int64(INT64_MIN, 1, 3), int64(-1, 1, 3), int64(2, 2, 1), int64(0, 1, 4)]
OFFSETS += [int64(0, 1, INT64_MAX), int64(4, 4, 4), int64(0, 3, INT64_MIN)]


@pytest.mark.parametrize("offsets", OFFSETS, ids=str)
@pytest.mark.parametrize(
    ("call", "place"),
    [
        *(
            ("count_in_rows", 0),
            ("count_in_rows", 2),
            ("format_labelled_rows", 0),
            ("format_labelled_rows", 3),
        ),
        *(("format_ranked_rows", 0), ("fill_postings", 0), ("score_top_k", 2), ("append", 1)),
        *(("solve_block", 1), ("solve_block", 10), ("objectives", 1), ("objectives", 5)),
    ],
)
def test_offsets_that_lead_outside_are_refused(call, place, offsets):
    n_rows = len(CALLS[call][1]()[place]) - 1
    with pytest.raises(ValueError, match="offsets"):
        with_argument(call, place, offsets if n_rows == 2 else offsets[[0, 2]])


@pytest.mark.parametrize("id", [-1, 3, INT32_MIN, INT32_MAX])
@pytest.mark.parametrize(
    ("call", "place"),
    [
        *(
            ("count_ids", 0),
            ("count_in_rows", 1),
            ("count_in_rows", 3),
            ("DenseFeatures", 0),
            ("fill_postings", 1),
        ),
        *(("score_top_k", 3), ("append", 2), ("solve_block", 2), ("solve_block", 11)),
        *(("objectives", 2), ("objectives", 6)),
    ],
)
def test_ids_that_lead_outside_are_refused(call, place, id):
    wrong = CALLS[call][1]()[place].copy()
    wrong[-1] = id
    with pytest.raises((ValueError, IndexError)):
        with_argument(call, place, wrong)


@pytest.mark.parametrize("number", [-1, 0, 1, INT32_MAX, INT32_MAX + 1, 2**61, 2**63 - 16, 2**64 - 1, 2**64])
@pytest.mark.parametrize(
    ("call", "place"),
    [(call, i) for call in CALLS for i, x in enumerate(CALLS[call][1]()) if type(x) is int],
)
def test_extreme_numbers_are_refused_or_harmless(call, place, number):
    if (call, place) in {
        ("count_in_rows", 4),
        ("DenseFeatures", 1),
        ("SparseCopy", 1),
    } and 2**30 < number < 2**32:
        pytest.skip("takes gigabytes")
    with contextlib.suppress(*REFUSED, MemoryError):
        with_argument(call, place, number)


@pytest.mark.parametrize("cost", [0, -1, np.nan, np.inf])
def test_costs_that_no_problem_has_are_refused(cost):
    for place, costs in ((3, np.full((1, 1), float(cost))), (4, np.full(1, float(cost)))):
        with pytest.raises(ValueError, match="costs"):
            with_argument("solve_block", place, costs)


def test_a_damaged_block_is_refused_or_harmless():
    """Whatever the words of an index are, the scores come from inside its arrays."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        arrays = [array.copy() for array in block_arrays()]
        array = arrays[rng.integers(len(arrays))].view(np.uint8)
        array[rng.integers(len(array))] = rng.integers(256)
        top_labels, top_scores = tops()
        try:
            native.score_top_k(
                dense(), [native.LabelBlock(*arrays)], INDPTR, IDS, VALUES, top_labels, top_scores
            )
        except RuntimeError as error:
            assert "outside its block" in str(error)


@pytest.mark.parametrize(
    "other",
    [native.DenseFeatures(int32(0), 3), native.DenseFeatures(DENSE, 4), native.DenseFeatures(int32(), 3)],
)
def test_a_block_is_scored_with_its_own_dense_features_only(other):
    with pytest.raises(ValueError, match="other dense features"):
        with_argument("score_top_k", 0, other)


def test_more_values_of_a_feature_than_was_said_are_refused():
    copy = native.SparseCopy(int64(2, 0, 1), 2, 1.0)
    with pytest.raises(ValueError, match="more values of a feature"):
        copy.append(INDPTR, IDS, VALUES)
    copy = native.SparseCopy(int64(1, 1, 2), 2, 1.0)
    copy.append(INDPTR, IDS, VALUES)
    with pytest.raises(ValueError, match="fewer values of a feature"):
        copy.finish()


def test_a_copy_that_is_finished_holds_nothing():
    copy = native.SparseCopy(FREQUENCY, 2, 1.0)
    copy.append(INDPTR, IDS, VALUES)
    copy.finish()
    with pytest.raises(ValueError, match="ids must ascend within the columns"):
        copy.append(INDPTR, IDS, VALUES)
    nothing = copy.finish()
    with pytest.raises(ValueError, match="there are none"):
        with_argument("solve_block", 0, nothing)


@pytest.mark.parametrize("kind", ["DenseFeatures", "Instances", "LabelBlock", "Runs", "SparseCopy"])
def test_what_was_never_made_is_refused(kind):
    unmade = getattr(native, kind).__new__(getattr(native, kind))
    calls = {
        "DenseFeatures": lambda: with_argument("score_top_k", 0, unmade),
        "Instances": lambda: with_argument("solve_block", 0, unmade),
        "LabelBlock": lambda: with_argument("score_top_k", 1, [unmade]),
        "Runs": lambda: with_argument("number", 0, unmade),
        "SparseCopy": lambda: with_argument("append", 0, unmade),
    }
    with pytest.raises(TypeError), pytest.warns(RuntimeWarning, match="uninitialized"):
        calls[kind]()


@pytest.mark.parametrize("blocks", [[None], [1], None, [dense()]])
def test_what_is_no_block_is_refused(blocks):
    with pytest.raises(TypeError):
        with_argument("score_top_k", 1, blocks)


def test_a_text_that_is_none_leaves_the_runs_as_they_were():
    runs = native.Runs()
    with pytest.raises(TypeError):
        runs.number([b"one", "two"])
    assert len(runs) == 0
