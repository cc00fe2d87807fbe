"""A model as one SciPy matrix, for whoever wants to compute with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pwdismec.files import file_to_write, replacing_file
from pwdismec.machine import check_fits
from pwdismec.model.model import Model
from pwdismec.model.model_writer import OnShard
from pwdismec.outputs import output_file


def export_npz(
    model: Model, path: str | Path, on_shard: OnShard | None = None, *, overwrite: bool = False
) -> None:
    """Write the weights so that ``scipy.sparse.load_npz`` reads them.

    The matrix is n_labels × n_features, float32; labels that were not trained have empty rows. The same
    file holds `label_ids` (int32, shape (n,): the trained labels) and `bias` (float32, shape (n_labels,);
    NaN for labels that were not trained), which ``numpy.load`` reads. `on_shard` is called after every shard.
    A file that is there is replaced if `overwrite`; else it is an OutputError. Labels whose rows are beyond
    memory are a DataError.
    """
    path = output_file(path, [model.path], overwrite=overwrite)
    check_fits(32 * model.n_labels, model.path, f"a matrix of {model.n_labels} rows", "fewer labels")
    label_ids, weights, bias = model.weights(on_shard)
    lengths = np.zeros(model.n_labels, np.int64)
    lengths[label_ids] = weights.row_lengths
    all_bias = np.full(model.n_labels, np.nan, np.float32)
    all_bias[label_ids] = bias
    with replacing_file(path, overwrite=overwrite) as aside, file_to_write(aside) as out:
        np.savez(
            out,
            format=np.array(b"csr"),
            shape=np.array([model.n_labels, model.n_features]),
            indptr=np.concatenate([[0], np.cumsum(lengths)]),
            indices=weights.indices,
            data=weights.values,
            label_ids=label_ids,
            bias=all_bias,
        )
