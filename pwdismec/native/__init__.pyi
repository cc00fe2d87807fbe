"""Types of the compiled kernels (see the .hpp files for what each computes)."""

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]

instruction_set: str

# block_dual_cd.hpp, instance_view.hpp
LANES: int

def view_by_frequency(
    indptr: I64, indices: I32, values: F32, n_features: int, bias: float
) -> tuple[I32, F32, I32, F32]: ...
def solve_all_negative(
    indptr: I64,
    indices: I32,
    values: F32,
    sq_norms: F32,
    ranks: I32,
    bias: float,
    cost: float,
    tolerance: float,
    max_epochs: int,
    seed: int,
) -> tuple[F32, float, I32, F32, float]: ...
def solve_block(
    indptr: I64,
    indices: I32,
    values: F32,
    sq_norms: F32,
    ranks: I32,
    bias: float,
    start_weights: F32,
    start_bias_weight: float,
    start_rows: I32,
    start_alpha: F32,
    start_dual: float,
    positives_indptr: I64,
    positives: I32,
    positive_costs: F64,
    negative_cost: float,
    tolerance: float,
    max_epochs: int,
    seed: int,
    prune: float,
) -> tuple[I64, I32, F32, F32, F64, F64, int]: ...

# parse_rows.hpp, format_rows.hpp; a fault is (code, byte offset, id)
_Fault = tuple[int, int, int] | None

def format_labelled_rows(indptr: I64, ids: I32, values: F32, label_indptr: I64, labels: I32) -> U8: ...
def format_ranked_rows(indptr: I64, ids: I32, values: F32) -> U8: ...
def parse_labelled_rows(
    text: U8, n_features: int, n_labels: int, first_id: int, comments: bool
) -> tuple[I64, I32, F32, I64, I32, int, _Fault]: ...
def parse_ranked_rows(text: U8, n_labels: int) -> tuple[I64, I32, F32, int, _Fault]: ...
def parse_sparse_rows(
    text: U8, n_columns: int, first_id: int, positive: bool
) -> tuple[I64, I32, F32, int, _Fault]: ...

# postings.hpp, score.hpp
def fill_postings(
    indptr: I64,
    indices: I32,
    data: F32,
    positions: U16,
    starts: I64,
    n_labels: int,
    next: I64,
    labels: U16,
    weights: F32,
) -> None: ...
def score_top_k(
    starts: I64,
    labels: U16,
    weights: F32,
    bias: F32,
    label_ids: I32,
    indptr: I64,
    indices: I32,
    data: F32,
    top_labels: I32,
    top_scores: F32,
) -> None: ...
