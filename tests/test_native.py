import os
import subprocess
import sys

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
