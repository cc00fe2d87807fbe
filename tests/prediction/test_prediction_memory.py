"""A limit to memory is kept, as the system counts it, and changes no bit of the answer."""

import os
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.models import model_of

from pwdismec.data.csr import CSR
from pwdismec.data.dataset import Dataset
from pwdismec.data.transforms import Transforms
from pwdismec.errors import ConfigError
from pwdismec.model import Model
from pwdismec.prediction import Predictor
from pwdismec.prediction.index import INDEX

# Blocks of 250,000 weights instead of 2 million, so that a small model is large. Prints what is resident
# before, and at the peak, and the answer's checksum.
CHILD = """
import functools, hashlib, resource, sys
from pwdismec.data import Dataset
from pwdismec.model import Model
from pwdismec.prediction import Predictor, index
index.plan_blocks = functools.partial(index.plan_blocks, max_weights=250_000)
index._CHUNK = 1 << 16
model, data = Model.open(sys.argv[1]), Dataset.open(sys.argv[2])
def status(key):
    return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith(key)) * 1024
before = status("VmRSS")
room = int(sys.argv[3])
top = Predictor(model, before + room if room else None).predict_dataset(data, 5, 2)
digest = hashlib.sha256(top.labels.tobytes() + top.scores.tobytes())
print(before, status("VmHWM"), digest.hexdigest())
"""
ROOM = 37_000_000


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("memory"), np.random.default_rng(0)
    weights = sp.random(8000, 2000, 0.75, "csr", np.float32, rng=rng)
    model_of(folder / "model", weights, label_bias=np.zeros(8000), shard_size=250, transforms=Transforms())
    x = sp.random(3000, 2000, 0.5, "csr", np.float32, rng=rng)
    Dataset.from_scipy(x, sp.csr_matrix((3000, 8000))).save(folder / "data")
    return folder / "model", folder / "data"


def run(folders, room: int) -> tuple[int, int, str]:
    # Preloaded sanitizers would hold back freed memory.
    environment = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    command = [sys.executable, "-I", "-c", CHILD, *map(str, folders), str(room)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    before, peak, digest = done.stdout.split()
    return int(before), int(peak), digest


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_it_is_kept_while_the_index_is_built_and_afterwards(folders):
    model, _ = folders
    for _ in range(2):
        before, peak, limited = run(folders, ROOM)
        assert peak - before < ROOM < 0.4 * 8 * Model.open(model).nnz
    before, peak, free = run(folders, 0)
    assert peak - before > 2 * ROOM  # else the limit would prove nothing
    assert limited == free


def test_too_little_is_refused_in_one_line(folders, tmp_path):
    model = Model.open(folders[0])
    (model.path / INDEX).unlink(missing_ok=True)
    line = r"memory: the limit is 20 MB, but {} takes [\d.]+ [MG]B, [\d.]+ [MG]B of which is in use already"
    with pytest.raises(ConfigError, match=line.format("building the prediction index")):
        Predictor(model, 20_000_000)
    assert not (model.path / INDEX).exists()
    Predictor(model)
    with pytest.raises(ConfigError, match=line.format("a block of labels, with the instances,")):
        Predictor(model, 20_000_000).predict(CSR.from_scipy(sp.eye(3, 2000, format="csr")))
