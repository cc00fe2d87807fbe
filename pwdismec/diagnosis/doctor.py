"""What a machine and an installation offer, and whether they work."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, version

import joblib

from pwdismec import native
from pwdismec.diagnosis.self_test import SelfTest, self_test
from pwdismec.machine import memory
from pwdismec.plain_text import duration_text, pairs, size_text

Versions = Mapping[str, str | None]
"""The version of each package; None where it is missing."""


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose` found.

    Attributes
    ----------
    version, python, machine
        Of pwdismec, of Python, and what it runs on.
    instruction_set
        Of the kernels in use.
    threads, cores
        Those that this process may use, and all of the machine.
    memory
        Bytes that there are, or that this process may use.
    packages
        What pwdismec needs.
    extras
        What it can use besides, by the extra that installs it.
    test
        Whether it works.
    """

    version: str
    python: str
    machine: str
    instruction_set: str
    threads: int
    cores: int
    memory: int
    packages: Versions
    extras: Mapping[str, Versions]
    test: SelfTest

    @property
    def healthy(self) -> bool:
        """Whether all is there that must be, and works; extras need not be."""
        return self.test.passed and None not in self.packages.values()

    def to_text(self) -> str:
        """All of it, for people."""
        about = [
            ("pwdismec", self.version),
            ("Python", self.python),
            ("machine", self.machine),
            ("instruction set", self.instruction_set),
            ("threads", f"{self.threads} of {self.cores} cores"),
            ("memory", size_text(self.memory)),
            ("packages", _listed(self.packages)),
            *((f"extra {name}", _listed(packages)) for name, packages in self.extras.items()),
        ]
        return f"{pairs(*about)}\n\n{_told(self.test)}"


def diagnose() -> Diagnosis:
    """Look at everything and run the self-test; takes a second."""
    packages, extras = _requirements(metadata("pwdismec").get_all("Requires-Dist") or [])
    return Diagnosis(
        version=version("pwdismec"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.release()}, {platform.machine()}",
        instruction_set=native.instruction_set,
        threads=joblib.effective_n_jobs(-1),
        cores=os.cpu_count() or 1,
        memory=memory(),
        packages=packages,
        extras=extras,
        test=self_test(),
    )


def _requirements(lines: Sequence[str]) -> tuple[Versions, Mapping[str, Versions]]:
    """The versions of what a distribution's metadata ask for: always, and for each extra."""
    packages: dict[str, str | None] = {}
    extras: dict[str, dict[str, str | None]] = {}
    for line in lines:
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
        into = packages if extra is None else extras.setdefault(extra[1], {})
        into[name] = _version(name)
    return packages, extras


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _listed(packages: Versions) -> str:
    return ", ".join(f"{name} {'missing' if found is None else found}" for name, found in packages.items())


def _told(test: SelfTest) -> str:
    verdict = "passed" if test.passed else "FAILED"
    lines = [
        (check.name, f"{check.found:.1e}, at most {check.limit:.0e}: {'ok' if check.passed else 'FAILED'}")
        for check in test.checks
    ]
    if test.error is not None:
        lines.append(("error", test.error))
    return f"self-test {verdict} in {duration_text(test.seconds)}\n{pairs(*lines)}"
