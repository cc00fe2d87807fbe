"""Models of given weights, for tests of what is made of models."""

from pathlib import Path

import numpy as np
import scipy.sparse as sp

from pwdismec.data.csr import CSR
from pwdismec.data.transforms import Transforms
from pwdismec.model import Model, Shard
from pwdismec.model.beside import Beside
from pwdismec.model.model_manifest import Run
from pwdismec.model.model_writer import write_model
from pwdismec.model.shard_plan import plan_shards
from pwdismec.solvers import Certificate


def model_of(
    path: Path,
    weights: np.ndarray | sp.csr_matrix,
    *,
    label_bias=None,
    shard_size=3,
    trained=None,
    names=None,
    uris=None,
    transforms=None,
    **config,
) -> Model:
    """A model with the `weights`, labels × features, of the labels `trained` (all)."""
    n_labels, n_features = weights.shape
    trained = np.arange(n_labels) if trained is None else np.asarray(sorted(trained))
    transforms = transforms or Transforms(None, True)
    run = Run(
        written_by="a test",
        n_instances=100,
        n_features=n_features,
        n_labels=n_labels,
        dataset_fingerprint="f" * 64,
        tfidf=transforms.idf is not None,
        l2_normalize=transforms.l2_normalize,
        label_names=names is not None,
        label_uris=uris is not None,
        positive_weights_sha256=None,
        config={"bias": 1.0, **config},
        plan=plan_shards(n_labels, shard_size),
    )
    bias = (np.linspace(-1, 1, n_labels) if label_bias is None else label_bias).astype(np.float32)

    def shards():
        for place in run.plan:
            ids = trained[(trained >= place.first) & (trained < place.stop)]
            primal = 1.0 + ids
            yield Shard(
                ids.astype(np.int32),
                np.minimum(2 + ids, run.n_instances),
                CSR.from_scipy(sp.csr_matrix(weights[ids].astype(np.float32))),
                bias[ids],
                Certificate(primal, primal * 0.999, ids.astype(np.int32)),
                0.01,
                "v2" if place.first else "v3",
            )

    return write_model(path, run, Beside(transforms, names, uris), shards())


def dense(model: Model) -> np.ndarray:
    """The weights, labels × features; rows of labels that are not trained are NaN."""
    ids, weights, _ = model.weights()
    whole = np.full((model.n_labels, model.n_features), np.nan, np.float32)
    whole[ids] = weights.to_scipy().toarray()
    return whole
