"""Hypothesis strategies for small sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

finite = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)


@st.composite
def sparse(
    draw: st.DrawFn,
    values: st.SearchStrategy[float] = finite,
    n_rows: int | None = None,
    n_columns: int | None = None,
) -> sp.csr_matrix:
    """A SciPy CSR matrix, float32, with empty rows and columns, zero rows and zero columns among them."""
    shape = (
        n_rows if n_rows is not None else draw(st.integers(0, 12)),
        n_columns if n_columns is not None else draw(st.integers(0, 9)),
    )
    mask = draw(hnp.arrays(bool, shape, elements=st.booleans()))
    dense = draw(hnp.arrays(np.float32, shape, elements=values))
    return sp.csr_matrix(np.where(mask, dense, 0).astype(np.float32))


@st.composite
def problems(draw: st.DrawFn, values: st.SearchStrategy[float] = finite) -> tuple[Any, Any]:
    """Features and binary labels of the same instances."""
    X = draw(sparse(values))
    Y = draw(sparse(st.just(1.0), n_rows=X.shape[0]))
    return X, Y
