import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from pwdismec import native


def test_an_instruction_set_is_chosen():
    assert native.instruction_set in {"v2", "v3", "v4", "baseline"}


def test_an_unknown_instruction_set_is_refused_by_name(tmp_path):
    run = subprocess.run(
        [sys.executable, "-c", "import pwdismec.native"],
        env={**os.environ, "PWDISMEC_ISA": "v9"},
        capture_output=True,
        text=True,
        cwd=tmp_path,  # away from the source folder, which has no kernels
    )
    assert run.returncode != 0
    assert "v9" in run.stderr


def test_ids_are_counted_on_top_of_what_is_there():
    ids = np.random.default_rng(0).integers(0, 50, 1000).astype(np.int32)
    counts = np.arange(50)
    native.count_ids(ids, counts)
    np.testing.assert_array_equal(counts, np.arange(50) + np.bincount(ids, minlength=50))
    for wrong in (-1, 50):
        with pytest.raises(IndexError, match="out of range"):
            native.count_ids(np.array([3, wrong], np.int32), counts)


def test_ids_of_lists_are_counted_in_rows():
    rng = np.random.default_rng(0)
    lists = [rng.integers(0, 9, rng.integers(0, 4)).tolist() for _ in range(20)]
    rows = [rng.integers(0, 20, rng.integers(0, 8)).tolist() for _ in range(30)]
    arrays = []
    for part in (rows, lists):
        arrays += [np.cumsum([0, *map(len, part)]), np.array(list(chain.from_iterable(part)), np.int32)]
    indptr, ids, counts = native.count_in_rows(*arrays, 9)
    for i, row in enumerate(rows):
        own = slice(indptr[i], indptr[i + 1])
        expected = Counter(item for number in row for item in lists[number])
        assert list(zip(ids[own].tolist(), counts[own].tolist(), strict=True)) == list(expected.items())


@pytest.mark.parametrize(
    "row_offsets, rows, list_offsets, lists, error",
    [
        ([0, 1], [1], [0, 1], [0], IndexError),
        ([0, 1], [-1], [0, 1], [0], IndexError),
        ([0, 1], [0], [0, 1], [2], IndexError),
        ([0, 1], [0], [0, 1], [-1], IndexError),
        ([0, 2], [0], [0, 1], [0], ValueError),
        ([1, 1], [0], [0, 1], [0], ValueError),
        ([], [], [0], [], ValueError),
        ([0, 1, 0, 1], [0], [0, 1], [0], ValueError),
    ],
)
def test_lists_that_are_not_there_are_refused(row_offsets, rows, list_offsets, lists, error):
    row_offsets, list_offsets = (np.array(part, np.int64) for part in (row_offsets, list_offsets))
    rows, lists = (np.array(part, np.int32) for part in (rows, lists))
    with pytest.raises(error):
        native.count_in_rows(row_offsets, rows, list_offsets, lists, 2)


# What an older machine lacks: registers by their names, AVX's instructions by their first letter.
NEWER = {
    "_kernels_v2": r"\tv[a-z]|%[yz]mm",
    "_kernels_v3": r"%zmm|%[xy]mm(1[6-9]|2\d|3[01])|%k[0-7]",
    "_machine": r"\tv[a-z]|%[yz]mm",
}


@pytest.mark.skipif(native.instruction_set == "baseline", reason="x86-64 only")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump (Debian: binutils)")
@pytest.mark.parametrize("module", NEWER)
def test_a_module_has_no_instruction_of_a_newer_machine(module):
    (library,) = Path(native.__file__).parent.glob(f"{module}.*.so")
    code = subprocess.run(["objdump", "-d", library], capture_output=True, text=True, check=True).stdout
    assert "\tret" in code
    assert re.findall(rf".*(?:{NEWER[module]}).*", code) == []
