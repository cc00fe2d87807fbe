"""Whatever the blocks, chunks, threads and limit to memory: the dense product's answer, or a refusal."""

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of
from hypothesis import event, given, settings
from hypothesis import strategies as st

from pwdismec.data.csr import CSR
from pwdismec.data.dense import Dense
from pwdismec.errors import ConfigError
from pwdismec.prediction import Predictor, index, memory_limit, predictor, scored_blocks


def on_a_grid(rng, shape, density):
    """Quarters, whose products and sums are exact in float32."""
    return (rng.integers(-4, 5, shape) / 4 * (rng.random(shape) < density)).astype(np.float32)


@settings(deadline=None, max_examples=100)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 40),
    d=st.integers(1, 20),
    n_labels=st.integers(1, 60),
    shard_size=st.integers(1, 30),
    density=st.sampled_from([0.05, 0.3, 1.0]),
    form=st.sampled_from(["sparse", "dense"]),
    dtype=st.sampled_from(["float32", "float16"]),
    most_labels=st.integers(1, 60),
    most_weights=st.integers(1, 300),
    rows=st.integers(1, 40),
    values=st.integers(1, 200),
    jobs=st.integers(1, 3),
    top_k=st.integers(1, 8),
    limit=st.integers(3_400_000, 4_800_000),  # a thread takes half a megabyte, and slack three
)
def test_the_dense_product_or_a_refusal(
    tmp_path_factory,
    seed,
    n,
    d,
    n_labels,
    shard_size,
    density,
    form,
    dtype,
    most_labels,
    most_weights,
    rows,
    values,
    jobs,
    top_k,
    limit,
):
    rng = np.random.default_rng(seed)
    weights, x = on_a_grid(rng, (n_labels, d), density), on_a_grid(rng, (n, d), density)
    bias = on_a_grid(rng, n_labels, 0.5)
    folder = tmp_path_factory.mktemp("limit") / "model"
    model = model_of(folder, weights, label_bias=bias, shard_size=shard_size, dtype=dtype)
    features = Dense(x) if form == "dense" else CSR.from_scipy(sp.csr_matrix(x))

    scores = x.astype(np.float64) @ weights.T.astype(np.float64) + bias
    labels = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]  # of equal ones the lower id first
    none_left = [(0, 0), (0, top_k - labels.shape[1])]
    expected = np.pad(np.take_along_axis(scores, labels, axis=1), none_left, constant_values=-np.inf)
    labels = np.pad(labels, none_left, constant_values=-1)

    with pytest.MonkeyPatch.context() as patch:
        cut = scored_blocks.plan_blocks
        patch.setattr(index, "plan_blocks", lambda sizes: cut(sizes, most_labels, most_weights))
        patch.setattr(index, "_CHUNK", 64)
        patch.setattr(memory_limit, "_resident", lambda: 0)
        patch.setattr(predictor, "_ROWS", rows)
        patch.setattr(predictor, "_VALUES", values)
        found = [Predictor(model).predict(features, top_k, jobs)]
        try:
            found.append(Predictor(model, limit).predict(features, top_k, jobs))
            event("kept to")
        except ConfigError as error:
            assert str(error).startswith("memory: the limit is ")
            event("refused")
    for top in found:
        np.testing.assert_array_equal(top.labels, labels)
        np.testing.assert_array_equal(top.scores, expected)
