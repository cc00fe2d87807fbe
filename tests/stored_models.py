"""Models on disk with given weights."""

import numpy as np
import scipy.sparse as sp

from pwdismec.data.csr import CSR
from pwdismec.data.transforms import Transforms
from pwdismec.model import Model, Shard
from pwdismec.model.manifest import Run
from pwdismec.model.model import finish_run, write_run
from pwdismec.model.plan import plan_shards
from pwdismec.model.shard import write_shard
from pwdismec.solvers import Certificate


def store(path, weights: sp.csr_matrix, bias: np.ndarray, shard_size: int) -> Model:
    """A model of labels 0 … n − 1."""
    n_labels, n_features = weights.shape
    run = Run(
        written_by="a test",
        n_instances=0,
        n_features=n_features,
        n_labels=n_labels,
        dataset_fingerprint=None,
        tfidf=False,
        l2_normalize=False,
        label_names=False,
        positive_weights_sha256=None,
        config={},
        plan=plan_shards(n_labels, shard_size),
    )
    write_run(path, run, Transforms(), None)
    entries = []
    for place in run.plan:
        rows = slice(place.first, place.stop)
        n = place.stop - place.first
        shard = Shard(
            np.arange(place.first, place.stop, dtype=np.int32),
            np.ones(n, np.int64),
            CSR.from_scipy(weights[rows].astype(np.float32)),
            bias[rows].astype(np.float32),
            Certificate(np.full(n, np.nan), np.full(n, np.nan), np.zeros(n, np.int32)),
        )
        entries.append(write_shard(path, place, run.id, shard))
    return finish_run(path, run, entries)
