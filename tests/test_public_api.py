import dataclasses
import pkgutil
import subprocess
import sys
from importlib import import_module

import pwdismec


def test_every_public_name_is_there():
    assert set(pwdismec.__all__) == set(pwdismec._HOMES)
    for name in pwdismec.__all__:
        assert getattr(pwdismec, name).__name__ == name


def test_importing_the_package_imports_nothing_heavy(tmp_path):
    script = "import sys, pwdismec; print('numpy' in sys.modules, hasattr(pwdismec, 'nothing'))"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "False"], run.stderr


def test_values_of_the_package_are_not_changed_once_made():
    """They are shared by threads: every data class is frozen, but for the standings of a tuning."""
    names = [module.name for module in pkgutil.walk_packages(pwdismec.__path__, "pwdismec.")]
    classes = {
        found
        for name in names
        if not name.startswith("pwdismec.native._")
        for found in vars(import_module(name)).values()
        if isinstance(found, type) and dataclasses.is_dataclass(found) and found.__module__ == name
    }
    changeable = {found.__name__ for found in classes if not found.__dataclass_params__.frozen}
    assert len(classes) > 30 and changeable == {"Standings"}
