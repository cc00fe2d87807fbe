"""Arrays given through the Python API: what is not what it should be is refused before a cast or a kernel."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.small_data import small_dataset

from pwdismec import Predictor, PWDiSMECClassifier, convert, evaluate, train
from pwdismec.data import CSR, Dataset, Dense, TopK
from pwdismec.data.formats.source import Block
from pwdismec.errors import ArrayError, ConfigError, DataError, ModelError, PwdismecError
from pwdismec.prediction.neighbours import nearest_positives
from pwdismec.solvers import BlockDualCD, LibLinear, Problem

SET = small_dataset()
N, D, L = SET.n_instances, SET.n_features, SET.n_labels


def csr(indptr=(0, 2, 3), indices=(0, 4, 1), data=(1.0, 2.0, 3.0), n_columns=D):
    """Two rows, of the types that `CSR` has unless an array is given."""
    kinds = (indptr, np.int64), (indices, np.int32), (data, np.float32)
    return CSR(*(a if isinstance(a, np.ndarray) else np.array(a, kind) for a, kind in kinds), n_columns)


BAD_ROWS = {
    "offsets past the end": csr(indptr=(0, 2, 1 << 40)),
    "falling offsets": csr(indptr=(0, 3, 2)),
    "a negative offset": csr(indptr=(-1, 2, 3)),
    "no offsets": csr(indptr=()),
    "an id past the features": csr(indices=(0, D, 1)),
    "a negative id": csr(indices=(-1, 4, 1)),
    "an id twice": csr(indices=(4, 4, 1)),
    "ids that fall": csr(indices=(4, 0, 1)),
    "fewer ids than offsets say": csr(indices=(0, 4)),
    "fewer values than ids": csr(data=(1.0, 2.0)),
    "nan": csr(data=(1.0, np.nan, 3.0)),
    "infinite": csr(data=(1.0, np.inf, 3.0)),
    "no values": replace(csr(), data=None),
    "int64 ids": csr(indices=np.array([0, 2**32 + 4, 1])),
    "float ids": csr(indices=np.array([0, 1.5, 2.0])),
    "boolean ids": csr(indices=np.array([False, True, True])),
    "float64 values": csr(data=np.array([1.0, 1e300, 3.0])),
    "objects": csr(data=np.array([1.0, "x", None], object)),
    "two dimensions": csr(indices=np.array([[0, 4, 1]], np.int32)),
    "gaps": csr(indices=np.array([0, 0, 4, 0, 1, 0], np.int32)[::2]),
    "lists": CSR([0, 2, 3], [0, 4, 1], [1.0, 2.0, 3.0], D),
    "another byte order": csr(indices=np.array([0, 4, 1], ">i4")),
    "a fraction of a column": csr(n_columns=D + 0.5),
}
BAD_DENSE = {
    "nan": Dense(np.full((2, D), np.nan, np.float32)),
    "float64": Dense(np.ones((2, D))),
    "one dimension": Dense(np.ones(D, np.float32)),
    "columns first": Dense(np.ones((D, 2), np.float32).T),
    "a list": Dense([[1.0] * D] * 2),
}
BAD_FEATURES = [
    pytest.param(f, id=f"{type(f).__name__}, {what}") for what, f in (*BAD_ROWS.items(), *BAD_DENSE.items())
]
LABELS = CSR(np.array([0, 1, 1]), np.array([3], np.int32), None, L)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return train(SET, tmp_path_factory.mktemp("hostile") / "model")


@pytest.mark.parametrize("features", BAD_FEATURES)
def test_features_are_checked_before_they_are_used(model, tmp_path, features):
    predictor = Predictor(model)
    uses = [
        lambda: predictor.predict(features),
        lambda: list(predictor.predict_blocks([features, csr()])),
        lambda: predictor.predict_dataset(Dataset(features, LABELS)),
        lambda: Dataset.from_arrays(features, LABELS),
        lambda: train(Dataset(features, LABELS), tmp_path / "m"),
        lambda: convert([Block(features, LABELS)], tmp_path / "d"),
        lambda: BlockDualCD().prepare(problem(features)),
        lambda: LibLinear().prepare(problem(features)),
    ]
    if isinstance(features, CSR):
        uses.append(lambda: model.explain(features, 3))
        uses.append(lambda: nearest_positives(SET, 3, features, 5))
    for use in uses:
        with pytest.raises(PwdismecError) as caught:
            use()
        assert "\n" not in str(caught.value)


NO_MATRICES = [None, "x", 3, np.ones((2, D), np.float32), [[1.0] * D], sp.csr_matrix((2, D)), SET]


@pytest.mark.parametrize("given", NO_MATRICES, ids=lambda given: type(given).__name__)
def test_what_is_no_matrix_of_this_library_is_refused(model, given):
    for use in (
        lambda: Predictor(model).predict(given),
        lambda: Predictor(model, memory=1 << 40).predict(given),
        lambda: list(Predictor(model).predict_blocks([csr(), given])),
        lambda: Dataset.from_arrays(given, LABELS),
        lambda: problem(given),
    ):
        with pytest.raises(
            ArrayError, match=f"features: of type {type(given).__name__}; expected CSR or Dense"
        ):
            use()
    with pytest.raises(ArrayError, match=r"labels: of type .*; expected a CSR"):
        Dataset.from_arrays(csr(), given)


@pytest.mark.parametrize("top_k", ["a", 1.5, True, 0, -1, 2**31, 10**20, [5]])
def test_the_places_wanted_are_a_whole_number(model, top_k):
    predictor = Predictor(model)
    for use in (
        lambda: predictor.predict(csr(), top_k),
        lambda: predictor.predict_one([1], [1.0], top_k),
        lambda: predictor.predict_dataset(SET, top_k),
    ):
        with pytest.raises(ConfigError, match=r"top_k: .*; expected a whole number from 1 to 2147483647"):
            use()


@pytest.mark.parametrize("jobs", ["a", 1.5, True, None, 0, 10**20])
def test_threads_of_a_prediction_are_a_whole_number(model, jobs):
    with pytest.raises(ConfigError, match=r"jobs: .*; expected a number of threads"):
        Predictor(model).predict(csr(), 5, jobs)


def problem(features):
    label_instances = CSR(np.zeros(L + 1, np.int64), np.zeros(0, np.int32), None, 2)
    return Problem(features, label_instances, np.ones(L))


BAD_LABELS = {
    "past the labels": np.array([L], np.int32),
    "negative": np.array([-1], np.int32),
    "int64": np.array([2**32 + 3]),
    "fractions": np.array([1.5]),
}


@pytest.mark.parametrize("indices", BAD_LABELS.values(), ids=BAD_LABELS)
def test_labels_are_checked_before_they_are_used(tmp_path, indices):
    labels = CSR(np.array([0, 1, 1]), indices, None, L)
    top = TopK(np.zeros((2, 5), np.int32) + np.arange(5, dtype=np.int32), np.zeros((2, 5), np.float32))
    for use in (
        lambda: Dataset.from_arrays(csr(), labels),
        lambda: train(Dataset(csr(), labels), tmp_path / "m"),
        lambda: Dataset(csr(), labels).select_labels([0]),
        lambda: convert([Block(csr(), labels)], tmp_path / "d"),
        lambda: evaluate(top, labels),
    ):
        with pytest.raises(DataError):
            use()


def test_a_problem_of_arrays_that_do_not_fit_each_other_is_refused():
    for changes in (
        {"features": SET.features.rows(0, N - 1)},
        {"positive_weights": np.ones(L - 1)},
        {"positive_weights": np.ones(L, np.float32)},
    ):
        with pytest.raises(ArrayError):
            replace(Problem(SET.features, SET.label_instances, np.ones(L)), **changes)


def test_the_instances_of_a_label_are_checked_before_it_is_trained():
    sound = Problem(SET.features, SET.label_instances, np.ones(L))
    prepared = BlockDualCD().prepare(sound)
    indices = SET.label_instances.indices.copy()
    indices[:] = N
    outside = replace(sound, label_instances=replace(SET.label_instances, indices=indices))
    with pytest.raises(ArrayError, match="label_instances: row 0, column 150: out of range"):
        BlockDualCD().prepare(outside).solve(np.array([0]), 0.0)
    for ids in ([L], [-1], [1.5], [True], [2**32]):
        with pytest.raises(ArrayError, match="label ids"):
            prepared.solve(np.array(ids), 0.0)


@pytest.mark.parametrize(
    "indices, values",
    [
        ([2**32 + 1], [1.0]),
        (np.array([2**32 + 1], np.uint64), [1.0]),
        ([2**70], [1.0]),
        ([1.5], [1.0]),
        ([True], [1.0]),
        (["1"], [1.0]),
        ([None], [1.0]),
        ([[1]], [[1.0]]),
        (1, 1.0),
        ([D], [1.0]),
        ([-1], [1.0]),
        ([2, 1], [1.0, 1.0]),
        ([1, 1], [1.0, 1.0]),
        ([1], [1.0, 2.0]),
        ([1], [np.nan]),
        ([1], [np.inf]),
        ([1], [1e300]),
        ([1], [1j]),
        ([1], ["1"]),
        ([1], [None]),
        ([1], [True]),
    ],
)
def test_one_instance_is_checked_before_a_cast_wraps(model, indices, values):
    with pytest.raises(ArrayError) as caught:
        Predictor(model).predict_one(indices, values)
    assert isinstance(caught.value, DataError) and isinstance(caught.value, ValueError)


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.int64, np.uint64])
def test_ids_of_any_integer_type_are_taken(model, kind):
    predictor = Predictor(model)
    expected = predictor.predict_one(np.array([1, 5], np.int32), np.array([1, 2], np.float32))
    for values in (np.array([1, 2], kind), np.array([1.0, 2.0])):
        found = predictor.predict_one(np.array([1, 5], kind), values)
        np.testing.assert_array_equal(found.scores, expected.scores)
    chosen = SET.select_labels(np.array([3, 1], kind))
    assert chosen.label_counts.tolist() == SET.label_counts[[3, 1]].tolist()
    assert model.label_id(kind(3)) == 3


@pytest.mark.parametrize("ids", [[N], [-1], [1.5], ["1"], [None], [2**32], [2**70], [[0]], [True] * (N + 1)])
def test_selections_take_ids_that_there_are(ids):
    for select in (SET.select_instances, SET.select_labels):
        with pytest.raises(IndexError) as caught:
            select(ids)
        assert isinstance(caught.value, DataError)


@pytest.mark.parametrize("label", [1.5, True, np.float64(1), None, np.bool_(True), b"1", (1,), -1, L, 2**70])
def test_a_label_is_an_id_or_a_name(model, label):
    with pytest.raises(ModelError, match="label "):
        model.label_id(label)


@pytest.mark.parametrize(
    "thresholds",
    [
        np.zeros(L - 6, np.float32),
        np.full(L, np.nan, np.float32),
        np.zeros((L, 1), np.float32),
        np.zeros(L, int),
        [0.0] * L,
        "a",
    ],
)
def test_thresholds_are_a_number_for_each_label(model, thresholds):
    with pytest.raises(ArrayError, match="thresholds: "):
        Predictor(model, thresholds=thresholds)


@pytest.mark.parametrize(
    "labels, scores",
    [
        (np.zeros((N, 5)), np.zeros((N, 5), np.float32)),
        (np.zeros((N, 5), np.uint32), np.zeros((N, 5), np.float32)),
        (np.full((N, 5), L, np.int32), np.zeros((N, 5), np.float32)),
        (np.full((N, 5), 2**40), np.zeros((N, 5), np.float32)),
        (np.full((N, 5), -2, np.int32), np.zeros((N, 5), np.float32)),
        (np.zeros((N, 5), np.int32), np.zeros((N, 5), np.int32)),
        (np.zeros((N, 5), np.int32), np.zeros((N, 4), np.float32)),
        (np.zeros(N, np.int32), np.zeros(N, np.float32)),
        ([[0] * 5] * N, [[0.0] * 5] * N),
    ],
)
def test_predictions_are_checked_before_they_are_evaluated(labels, scores):
    with pytest.raises(DataError, match="predictions"):
        evaluate(TopK(labels, scores), SET.labels)


def hostile_scipy(field, value):
    """A SciPy matrix that was changed after it was made; SciPy's kernels would read or write outside it."""
    kind = sp.coo_matrix if field in ("row", "col") else sp.csr_matrix
    matrix = kind(SET.features.to_scipy())
    array = getattr(matrix, field).copy()
    array[array.size // 2] = value
    setattr(matrix, field, array) if kind is sp.csr_matrix else matrix.coords
    if kind is sp.coo_matrix:
        rows, columns = (array, matrix.col) if field == "row" else (matrix.row, array)
        matrix.coords = (rows, columns)
    return matrix


@pytest.mark.parametrize(
    "field, value",
    [
        ("indices", D),
        ("indices", -1),
        ("indptr", 10**6),
        ("indptr", -1),
        ("row", N),
        ("row", -1),
        ("col", 10**6),
    ],
)
@pytest.mark.parametrize("wide", [False, True])
def test_scipys_kernels_see_no_ids_outside_the_matrix(field, value, wide):
    matrix = hostile_scipy(field, value)
    if wide and field in ("indices", "indptr"):
        matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
        getattr(matrix, field)[matrix.indptr.size // 2] = 2**32 + 1
    y = SET.labels.to_scipy()
    fitted = PWDiSMECClassifier().fit(SET.features.to_scipy(), y)
    for use in (
        lambda: CSR.from_scipy(matrix),
        lambda: Dataset.from_scipy(matrix, y),
        lambda: Dataset.from_scipy(SET.features.to_scipy(), matrix),
        lambda: PWDiSMECClassifier().fit(matrix, y),
        lambda: fitted.predict(matrix),
        lambda: fitted.decision_function(matrix),
        lambda: fitted.predict_topk(matrix),
        lambda: fitted.score(SET.features.to_scipy(), matrix),
    ):
        with pytest.raises(ArrayError):
            use()


@pytest.mark.parametrize("values", [np.array([1j]), np.array(["x"]), np.array([None])])
def test_values_that_are_no_numbers_are_refused(values):
    with pytest.raises(ArrayError):
        CSR.from_scipy(values[None])


def test_values_beyond_float32_are_refused():
    X = sp.csr_matrix(np.full((2, 3), 1e300))
    with pytest.raises(DataError, match="value inf; expected a finite number"):
        Dataset.from_scipy(X, sp.csr_matrix(np.eye(2)))
