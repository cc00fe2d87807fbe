"""The tree methods that prediction is compared with: trained once with their defaults, kept, opened, asked.

    pip install napkinxc omikuji
    pip install --no-deps libpecos    (which asks for more than prediction needs)

PECOS answers with a beam of 10, its default, and so does Omikuji (Parabel, its default). napkinXC's PLT
searches its tree exactly, its default.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from pwdismec.data.dataset import Dataset


class Tree(Protocol):
    """A model in a folder, opened for a number of threads: a batch as it comes, and as lists of labels."""

    def __init__(self, folder: Path, threads: int) -> None: ...
    @staticmethod
    def train(data: Dataset, folder: Path, threads: int) -> None: ...
    def batch(self, x: sp.csr_matrix, k: int) -> Any: ...
    def best(self, x: sp.csr_matrix, k: int) -> list[list[int]]: ...


class Pecos:
    def __init__(self, folder: Path, threads: int) -> None:
        xlinear_model = _pecos()
        self.model = xlinear_model.load(str(folder), is_predict_only=True)
        self.threads = threads

    @staticmethod
    def train(data: Dataset, folder: Path, threads: int) -> None:
        xlinear_model = _pecos()
        from pecos.xmc import Indexer, LabelEmbeddingFactory

        x, y = data.features.to_scipy(), data.labels.to_scipy()
        chain = Indexer.gen(LabelEmbeddingFactory.create(y, x, method="pifa"))
        xlinear_model.train(x, y, C=chain, threads=threads).save(str(folder))

    def batch(self, x: sp.csr_matrix, k: int) -> Any:
        return self.model.predict(x, beam_size=10, only_topk=k, threads=self.threads)

    def best(self, x: sp.csr_matrix, k: int) -> list[list[int]]:
        found = self.batch(x, k).tocsr()
        return [_by_score(found[i].indices, found[i].data) for i in range(found.shape[0])]


class NapkinXC:
    def __init__(self, folder: Path, threads: int) -> None:
        from napkinxc.models import PLT

        self.model = PLT(str(folder), threads=threads)
        self.model.load()

    @staticmethod
    def train(data: Dataset, folder: Path, threads: int) -> None:
        from napkinxc.models import PLT

        PLT(str(folder), threads=threads, seed=0).fit(data.features.to_scipy(), data.labels.to_scipy())

    def batch(self, x: sp.csr_matrix, k: int) -> Any:
        return self.model.predict(x, top_k=k)

    best = batch


class Omikuji:
    def __init__(self, folder: Path, threads: int) -> None:
        import omikuji

        self.model = omikuji.Model.load(str(folder))
        self.model.init_prediction_thread_pool(threads)

    @staticmethod
    def train(data: Dataset, folder: Path, threads: int) -> None:
        import omikuji

        from pwdismec.data.formats import write_xmc

        text = folder.with_suffix(".txt")
        write_xmc(text, data.features, data.labels)
        omikuji.Model.train_on_data(str(text), omikuji.Model.default_hyper_param(), threads).save(str(folder))
        text.unlink()

    def batch(self, x: sp.csr_matrix, k: int) -> Any:
        rows = (slice(*x.indptr[i : i + 2]) for i in range(x.shape[0]))
        pairs = (list(zip(x.indices[r].tolist(), x.data[r].tolist(), strict=True)) for r in rows)
        return [[label for label, _ in self.model.predict(row, top_k=k)] for row in pairs]

    best = batch


def _pecos() -> Any:
    """PECOS's model class, of version 1.2.8 for SciPy before 1.8 and NumPy before 2, told what has moved."""
    vars(sp)["sputils"] = sp._sputils
    from pecos.utils import smat_util
    from pecos.xmc.xlinear.model import XLinearModel

    def array(values: Any, copy: bool = True, **settings: Any) -> NDArray[Any]:
        return np.array(values, copy=copy or None, **settings)

    smat_util.np = SimpleNamespace(**{**vars(np), "array": array})
    return XLinearModel


def _by_score(labels: NDArray[Any], scores: NDArray[Any]) -> list[int]:
    return [int(label) for label in labels[np.argsort(-scores, kind="stable")]]


TREES: dict[str, tuple[str, type[Tree]]] = {
    "PECOS XR-Linear": ("pecos.xmc.xlinear.model", Pecos),
    "napkinXC PLT": ("napkinxc.models", NapkinXC),
    "Omikuji Parabel": ("omikuji", Omikuji),
}


def trained(work: Path, train: Path | None, threads: int = 2) -> dict[str, type[Tree]]:
    """The methods that have a model in `work` or get one there, if installed and there is a training set."""
    found: dict[str, type[Tree]] = {}
    for name, (module, tree) in TREES.items():
        if find_spec(module.split(".")[0]) is None:
            continue
        folder = folder_of(work, name)
        if not folder.exists() and train is not None:
            work.mkdir(parents=True, exist_ok=True)
            tree.train(Dataset.open(train), folder, threads)
        if folder.exists():
            found[name] = tree
    return found


def folder_of(work: Path, name: str) -> Path:
    return work / name.replace(" ", "-").lower()
