"""Where mutants are tried: a copy of the checkout and of the installed package."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from mutants import Mutant

NOTICED, TIMED_OUT, NOT_COMPILED = "noticed", "noticed by the time", "without sense to the compiler"
SURVIVED, NO_DIFFERENCE = "noticed by no test", "without difference"

# Where the checkout's folders lie in the installed package.
_INSTALLED = {"pwdismec": "", "cli": "cli", "scripts/slurm": "cluster/slurm"}
_NATIVE = "pwdismec/native"


def _be_killed_first() -> None:
    """A mutant may take all of the memory: then the system is to end its tests, and nothing else."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


class Bench:
    """Copies in which one mutant stands at a time; the checkout and the installation are only read.

    Parameters
    ----------
    checkout
        The root of the working tree.
    folder
        An empty folder for the copies.
    """

    def __init__(self, checkout: Path, folder: Path) -> None:
        self.tree, self.package, self.build = folder / "tree", folder / "path" / "pwdismec", folder / "build"
        listed = _output(["git", "ls-files", "-co", "--exclude-standard", "-z"], checkout)
        for name in filter(None, listed.split("\0")):
            if (checkout / name).is_file():  # one may be deleted
                (self.tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(checkout / name, self.tree / name)
        where = [sys.executable, "-c", "import pwdismec, pwdismec.native; print(pwdismec.__path__[0])"]
        installed = Path(_output(where, folder).strip())  # away from the checkout, which has no kernels
        shutil.copytree(installed, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        for name in _INSTALLED:
            for path in (self.tree / name).rglob("*.py"):
                self._install(str(path.relative_to(self.tree)))
        self.environment = os.environ | {
            "PYTHONPATH": str(self.package.parent),
            # Or a mutant of the same size and second would be taken for another.
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def outcome(self, mutant: Mutant, tests: Sequence[str], seconds: float) -> str:
        """What the tests make of a mutant, which is taken out again."""
        file = self.tree / mutant.file
        original = file.read_bytes()
        file.write_bytes(mutant.applied(original))
        try:
            if not self._install(mutant.file):
                return NOT_COMPILED
            return self.tested(tests, seconds)
        finally:
            file.write_bytes(original)
            self._install(mutant.file)

    def tested(self, tests: Sequence[str], seconds: float) -> str:
        """What the tests say as things stand."""
        command = [Path(sys.executable).with_name("pytest"), "-x", "-q", "-p", "no:cacheprovider"]
        process = subprocess.Popen(
            [*command, "--hypothesis-profile=first-failure", "--hypothesis-seed=0", *tests],
            cwd=self.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_be_killed_first,
        )
        try:
            self.told, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return TIMED_OUT
        finally:
            _end_all(process)
        if process.returncode > 2:  # neither passed, failed, not even collected, nor killed by a signal
            raise RuntimeError(f"pytest ends with {process.returncode}: {self.told[-2000:]}")
        return SURVIVED if process.returncode == 0 else NOTICED

    def need_kernels(self) -> None:
        """Compile the kernels, once, for the oldest instruction set, which any machine runs."""
        if self.build.exists():
            return
        isa = "baseline" if list(self.package.glob("native/_kernels_baseline.*")) else "v2"
        configure = ["cmake", "-S", self.tree / _NATIVE, "-B", self.build, f"-DPWDISMEC_ISAS={isa}"]
        options = ["-DCMAKE_BUILD_TYPE=Release", f"-DPython_EXECUTABLE={sys.executable}"]
        options.append(
            "-DCMAKE_CXX_FLAGS=-D_GLIBCXX_ASSERTIONS"
        )  # as for the sanitizers: an index is checked
        _output([*configure, *options], self.tree)
        self.environment["PWDISMEC_ISA"] = isa
        if not self._make():
            raise RuntimeError("the kernels do not compile without any mutant")

    def _install(self, name: str) -> bool:
        """Bring a file of the tree into the package; False if it does not compile."""
        if name.startswith(_NATIVE) and not name.endswith(".py"):
            return self._make()
        for source, target in _INSTALLED.items():
            if name.startswith(f"{source}/"):
                to = self.package / target / name.removeprefix(f"{source}/")
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.tree / name, to)
        return True

    def _make(self) -> bool:
        command = ["cmake", "--build", self.build, "--parallel", "2"]
        if subprocess.run(command, capture_output=True, env=self.environment).returncode:
            return False
        for module in self.build.glob("_*.so"):
            shutil.copy2(module, self.package / "native" / module.name)
        return True


def _output(command: list[str | Path], folder: Path) -> str:
    try:
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"{command[0]}: {error.stderr[-2000:]}") from error


def _end_all(process: subprocess.Popen[str]) -> None:
    """End the tests and whatever they have started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
    time.sleep(0.1)
