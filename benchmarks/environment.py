"""What a figure was measured on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pwdismec import native


def environment(*packages: str) -> str:
    """Date, CPU, instruction set and versions, in one line."""
    found = []
    for package in ("pwdismec", "numpy", "scipy", "scikit-learn", "liblinear-official", *packages):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            found.append(f"{package} not installed")
    date = datetime.date.today().isoformat()
    where = f"{_cpu()}, {os.cpu_count()} cores, kernels {native.instruction_set}"
    return f"{date}, {where}; Python {platform.python_version()}, {', '.join(found)}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    fields = dict(tuple(map(str.strip, line.split(":", 1))) for line in lines if ":" in line)
    name = fields.get("model name", platform.processor())
    return f"{name} (family {fields.get('cpu family')}, model {fields.get('model')})"
