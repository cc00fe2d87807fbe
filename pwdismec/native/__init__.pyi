"""Types of the compiled kernels (see the .hpp files for what each computes)."""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U32 = NDArray[np.uint32]

instruction_set: str

# support/machine.cpp: write words to standard error and exit, where a page mapped from a file cannot be read
def end_on_bus_error(words: str, code: int) -> None: ...

# support/check_arrays.hpp; a fault is (code, row, place among the indices)
def check_rows(indptr: I64, indices: I32, n_columns: int) -> tuple[int, int, int] | None: ...

# the place of the first, if there is one
def first_not_finite(values: F32) -> int | None: ...

# support/count.hpp
def count_ids(ids: I32, counts: I64) -> None: ...
def count_in_rows(
    row_offsets: I64, rows: I32, list_offsets: I64, lists: I32, n_ids: int
) -> tuple[I64, I32, F32]: ...

# text/runs.hpp
class Runs:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def number(self, texts: list[bytes]) -> tuple[I64, I32, bytes]: ...

# solver/instances.hpp, solver/block_dual_cd.hpp, solver/objective.hpp
LABELS_PER_PASS: int  # at most; or half of them
MOST_COPIED: int  # stored values of a working set that is copied
MOST_IN_COLUMNS: int  # stored values, besides some for each feature

class Instances:
    def interrupt(self) -> None: ...

class SparseCopy:
    def __init__(self, frequency: I64, n_instances: int, bias: float) -> None: ...
    def append(self, indptr: I64, indices: I32, values: F32) -> None: ...
    def finish(self) -> Instances: ...

def dense_instances(values: F32, bias: float) -> Instances: ...
def objectives(
    instances: Instances,
    indptr: I64,
    positives: I32,
    positive_costs: F64,
    negative_cost: float,
    weights_indptr: I64,
    features: I32,
    values: F32,
    bias: F32,
    labels_per_pass: int,
) -> F64: ...
def solve_block(
    instances: Instances,
    indptr: I64,
    positives: I32,
    positive_costs: F64,
    negative_costs: F64,
    tolerance: float,
    max_epochs: int,
    seed: int,
    prune: float,
    labels_per_pass: int,
    allowed_indptr: I64 | None,
    allowed: I32 | None,
    passes: int,
) -> list[tuple[I64, I32, F32, F32, F64, F64, I32]]: ...

# formats/parse_rows.hpp, formats/format_rows.hpp; a fault is (code, byte offset, id)
_Fault = tuple[int, int, int] | None

def format_labelled_rows(indptr: I64, ids: I32, values: F32, label_indptr: I64, labels: I32) -> U8: ...
def format_ranked_rows(indptr: I64, ids: I32, values: F32) -> U8: ...
def parse_labelled_rows(
    text: U8, n_features: int, n_labels: int, first_feature: int, first_label: int, comments: bool
) -> tuple[I64, I32, F32, I64, I32, int, _Fault]: ...
def parse_ranked_rows(text: U8, n_labels: int) -> tuple[I64, I32, F32, int, _Fault]: ...
def parse_sparse_rows(
    text: U8, n_columns: int, first_id: int, positive: bool
) -> tuple[I64, I32, F32, int, _Fault]: ...

# prediction/dense_features.hpp, prediction/postings.hpp, prediction/score.hpp
DENSE_PADDING: int  # words behind the weights of dense features
DENSE_TILE: int  # labels whose weights of dense features lie together
MOST_LABELS: int  # of a block
MOST_SCORES: int  # at a time, unless an instance alone has more

class DenseFeatures:
    def __init__(self, ids: I32, n_features: int) -> None: ...

def fill_postings(
    indptr: I64,
    indices: I32,
    data: F32,
    positions: U16,
    dense: DenseFeatures,
    n_labels: int,
    starts: U32,
    filled: U32,
    lists: U32,
    dense_weights: U32,
) -> None: ...
def dense_bounds(dense_weights: U32, n_dense: int, n_labels: int, bounds: F32) -> None: ...

class LabelBlock:
    def __init__(
        self, starts: U32, lists: U32, dense_weights: U32, dense_bounds: F32, bias: F32, label_ids: I32
    ) -> None: ...

def score_top_k(
    dense: DenseFeatures,
    blocks: list[LabelBlock],
    indptr: I64,
    indices: I32,
    data: F32,
    top_labels: I32,
    top_scores: F32,
) -> None: ...
