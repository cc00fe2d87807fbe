"""Memory of mapped arrays is given back, and never anybody's values."""

import mmap
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.small_data import small_dataset

from pwdismec.data import Dataset
from pwdismec.data.mapping import is_mapped, release


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(4_000_000, dtype=np.float32))
    return path


def mapped_bytes() -> int:
    """What of files is in this process's memory: of those on a disk, and of those in memory (tmpfs)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith(("RssFile", "RssShmem")))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("part", [slice(None), slice(1_000_003, 3_000_001)])
def test_memory_is_given_back_and_read_again(file, part):
    array = np.asarray(np.load(file, mmap_mode="r"))
    expected = array.astype(np.float64).sum()
    before = mapped_bytes()
    release(array[part])
    assert before - mapped_bytes() >= 0.99 * array[part].nbytes
    assert array.astype(np.float64).sum() == expected


def test_values_that_are_in_no_file_are_kept(file):
    private = np.load(file, mmap_mode="c")
    private[:10] = -1
    shared = np.load(file, mmap_mode="r+")
    shared[20:30] = -1
    anonymous = np.frombuffer(mmap.mmap(-1, 1 << 16), np.float32)
    anonymous[:] = 7
    own = np.ones(1000)
    for array in (private, private[5:], shared, anonymous, own, own[3:]):
        assert not is_mapped(array)
        release(array)
    assert (private[:10] == -1).all() and (anonymous == 7).all() and (own == 1).all()
    assert (np.load(file)[20:30] == -1).all()


def test_a_data_set_knows_what_of_it_is_mapped(tmp_path):
    there = small_dataset()
    mapped = there.save(tmp_path / "set")
    assert not there.features.is_mapped
    assert mapped.features.is_mapped and mapped.labels.is_mapped
    assert mapped.select_instances(slice(10, 90)).features.is_mapped
    assert not mapped.select_instances([3, 1]).features.is_mapped
    mapped.features.rows(5, 60).release()
    there.features.release()
    assert Dataset.open(tmp_path / "set").features.nbytes == there.features.nbytes
    np.testing.assert_array_equal(mapped.features.data, there.features.data)


def test_bytes_are_those_of_the_rows(tmp_path):
    features = small_dataset().features
    assert features.nbytes == features.indptr.nbytes + features.indices.nbytes + features.data.nbytes
    part = features.rows(10, 30)
    assert part.nbytes == 8 * 21 + 8 * part.nnz
