import os
import re
import shutil
import subprocess
import sys
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


# What an older machine lacks: registers by their names, AVX's instructions by their first letter.
NEWER = {
    "_bus_error": r"\tv[a-z]|%[yz]mm",
    "_cpu": r"\tv[a-z]|%[yz]mm",
    "_kernels_v2": r"\tv[a-z]|%[yz]mm",
    "_kernels_v3": r"%zmm|%[xy]mm(1[6-9]|2\d|3[01])|%k[0-7]",
}


@pytest.mark.skipif(native.instruction_set == "baseline", reason="x86-64 only")
@pytest.mark.skipif(shutil.which("objdump") is None, reason="needs objdump (Debian: binutils)")
@pytest.mark.parametrize("module", NEWER)
def test_a_module_has_no_instruction_of_a_newer_machine(module):
    (library,) = Path(native.__file__).parent.glob(f"{module}.*.so")
    code = subprocess.run(["objdump", "-d", library], capture_output=True, text=True, check=True).stdout
    assert "\tret" in code
    assert re.findall(rf".*(?:{NEWER[module]}).*", code) == []
