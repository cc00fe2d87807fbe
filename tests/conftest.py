"""Where the real data sets are: beside the checkout, or wherever PWDISMEC_DATA says."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with bibtex/, delicious/ and tibkat/; the test is skipped where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PWDISMEC_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set PWDISMEC_DATA")
    return folder
