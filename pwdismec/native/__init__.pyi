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

# bus_error.cpp: write the words to standard error and exit, where a page mapped from a file cannot be read
def end_on_bus_error(words: str, code: int) -> None: ...

# check_rows.hpp; a fault is (code, row, place among the indices)
def check_rows(indptr: I64, indices: I32, n_columns: int) -> tuple[int, int, int] | None: ...

# finite.hpp; the place
def first_not_finite(values: F32) -> int | None: ...

# count_ids.hpp
def count_ids(ids: I32, counts: I64) -> None: ...

# count_in_rows.hpp, runs.hpp
def count_in_rows(
    row_offsets: I64, rows: I32, list_offsets: I64, lists: I32, n_ids: int
) -> tuple[I64, I32, F32]: ...

class Runs:
    def __init__(self) -> None: ...
    def __len__(self) -> int: ...
    def number(self, texts: list[bytes]) -> tuple[I64, I32, bytes]: ...

# instances.hpp, block_dual_cd.hpp, objective.hpp
LANES: int
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
    width: int,
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
    width: int,
    allowed_indptr: I64 | None,
    allowed: I32 | None,
) -> list[tuple[I64, I32, F32, F32, F64, F64, I32]]: ...

# parse_rows.hpp, format_rows.hpp; a fault is (code, byte offset, id)
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

# heads.hpp, postings.hpp, score.hpp
class Heads:
    def __init__(self, ids: I32, n_features: int) -> None: ...

def fill_postings(
    indptr: I64,
    indices: I32,
    data: F32,
    positions: U16,
    heads: Heads,
    n_labels: int,
    starts: U32,
    filled: U32,
    lists: U32,
    head_weights: U32,
) -> None: ...

HEAD_PADDING: int  # words behind the weights of the heads
HEAD_TILE: int  # labels whose weights of the heads lie together

def head_bounds(head_weights: U32, n_heads: int, n_labels: int, bounds: F32) -> None: ...

class LabelBlock:
    def __init__(
        self, starts: U32, lists: U32, head_weights: U32, head_bounds: F32, bias: F32, label_ids: I32
    ) -> None: ...

def score_top_k(
    heads: Heads,
    blocks: list[LabelBlock],
    indptr: I64,
    indices: I32,
    data: F32,
    top_labels: I32,
    top_scores: F32,
) -> None: ...
