"""predict --memory: the same bytes, or one line that says what it takes."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
import scipy.sparse as sp
from helpers.command_line import pwdismec, refusal
from helpers.models import model_of

from pwdismec import Dataset
from pwdismec.data.transforms import Transforms

# The command, which in the end prints the peak of its resident memory.
CHILD = """
from pwdismec.cli.main import main
try:
    main()
finally:
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(int(line.split()[1]) * 1024)
"""


def test_the_predictions_are_the_same(job, tmp_path):
    # The limit is the process's, and this one has all the tests in it.
    assert pwdismec("predict", job.model, job.test, tmp_path / "p.txt", "--memory", "1TB").code == 0
    assert (tmp_path / "p.txt").read_bytes() == job.predictions.read_bytes()


def test_too_little_is_refused_in_one_line(job, tmp_path):
    message = refusal("predict", job.model, job.test, tmp_path / "p.txt", "--memory", "20MB")
    assert re.match(
        r"memory: the limit is 20 MB, but .* takes [\d.]+ MB, [\d.]+ MB of which is in use", message
    )
    assert not (tmp_path / "p.txt").exists()


@pytest.mark.parametrize("size", ["4", "GB", "-1GB"])
def test_what_is_no_size_is_refused(job, tmp_path, size):
    answer = pwdismec("predict", job.model, job.test, tmp_path / "p.txt", "--memory", size)
    assert answer.code == 2 and f"--memory: {size!r}; expected a size" in answer.err


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model of half a gigabyte and more, and instances; both go with the test."""
    folder, rng = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    shard = sp.random(1000, 2000, 0.5, "csr", np.float32, rng=rng)
    model = model_of(
        folder / "model",
        sp.vstack([shard] * 80, "csr"),
        label_bias=rng.random(80_000),
        shard_size=1000,
        transforms=Transforms(),
    )
    x = sp.random(200, 2000, 0.1, "csr", np.float32, rng=rng)
    Dataset.from_scipy(x, sp.csr_matrix((200, 80_000))).save(folder / "data")
    yield model, folder / "data"
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_quarter_of_the_models_size_is_kept_to(large, tmp_path):
    def run(output, *options):
        arguments = ["predict", model.path, data, output, "--jobs", 2, "--quiet", *options]
        command = [sys.executable, "-I", "-c", CHILD, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    (model, data), quarter = large, large[0].bytes // 4
    assert run(tmp_path / "first", "--memory", f"{quarter / 1e6}MB") < quarter  # builds the index as well
    assert run(tmp_path / "second", "--memory", f"{quarter / 1e6}MB") < quarter
    assert run(tmp_path / "free") > quarter  # else the limit would prove nothing
    assert (tmp_path / "first").read_bytes() == (tmp_path / "free").read_bytes()
    assert (tmp_path / "second").read_bytes() == (tmp_path / "free").read_bytes()
