"""An independent, slow reader of XMC files for tests: scikit-learn parses, nothing of pwdismec is used."""

import io
import lzma
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from sklearn.datasets import load_svmlight_file
from sklearn.preprocessing import normalize


def read_xmc(path: Path) -> tuple[sp.csr_matrix, sp.csr_matrix]:
    """Features (L2-normalised rows, float32) and labels (ones) of an XMC one-file data set, .txt.xz."""
    text = lzma.decompress(path.read_bytes())
    header, rows = text.split(b"\n", 1)
    n, d, n_labels = map(int, header.split())
    features, label_lists = load_svmlight_file(
        io.BytesIO(rows), n_features=d, multilabel=True, zero_based=True, dtype=np.float32
    )
    ids = [np.asarray(labels, np.int32) for labels in label_lists]
    indptr = np.concatenate([[0], np.cumsum([len(i) for i in ids])])
    labels = sp.csr_matrix((np.ones(indptr[-1], np.float32), np.concatenate(ids), indptr), (n, n_labels))
    labels.sort_indices()
    return normalize(features).astype(np.float32), labels
