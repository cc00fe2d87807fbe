"""How much memory there is: the machine's, or less by a limit of the process."""

import os
import resource
import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="limits to the address space are Linux's")
@pytest.mark.parametrize("limit", [None, 4 << 30])
def test_a_limit_to_the_process_is_less_than_the_machine_has(tmp_path, limit):
    def limited():
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    program = "from pwdismec.machine import memory; print(memory())"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, preexec_fn=limited, capture_output=True, text=True
    )
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert physical > 4 << 30, "this test needs more memory than its limit"
    assert int(done.stdout) == limit if limit is not None else 0 < int(done.stdout) <= physical
