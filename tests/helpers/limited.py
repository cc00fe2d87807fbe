"""What a function of the package says to a file, and how much memory it takes, in a process of its own."""

import subprocess
import sys

_PROGRAM = """
import re, resource, sys
from pathlib import Path
{imports}
from pwdismec.errors import PwdismecError
try:
    act(Path(sys.argv[1]))
    print("accepted")
except PwdismecError as error:
    print(error)
try:  # ru_maxrss knows the parent's peak as well
    print(int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1000)
except OSError:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 10**6)
"""


def answer_of(imports, path) -> tuple[str, int]:
    """The error, or "accepted", of ``act(path)``, where `imports` defines `act`; the peak in megabytes."""
    command = [sys.executable, "-c", _PROGRAM.format(imports=imports), str(path)]
    # Elsewhere, as the folder of the source would come before the installed package.
    done = subprocess.run(command, cwd=path.parent, stdout=subprocess.PIPE, text=True, check=True)
    told, peak = done.stdout.splitlines()
    return told, int(peak)
