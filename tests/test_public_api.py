import subprocess
import sys

import pwdismec


def test_every_public_name_is_there():
    assert set(pwdismec.__all__) == set(pwdismec._HOMES)
    for name in pwdismec.__all__:
        assert getattr(pwdismec, name).__name__ == name


def test_importing_the_package_imports_nothing_heavy(tmp_path):
    script = "import sys, pwdismec; print('numpy' in sys.modules, hasattr(pwdismec, 'nothing'))"
    run = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "False"], run.stderr
