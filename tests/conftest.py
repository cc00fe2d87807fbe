"""What all tests share: a cache of their own, the real data sets, if they are there, and how examples end."""

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

# How long an example takes depends on what else the machine does.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

# For scripts/mutation, to which a failure is enough: no search for the shortest example.
settings.register_profile("first-failure", phases=[Phase.explicit, Phase.generate], database=None)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What tests find out of their files does not stay in the user's cache."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with bibtex/, delicious/ and tibkat/, beside the checkout or where PWDISMEC_DATA says.

    The test is skipped where it is absent.
    """
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("PWDISMEC_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; set PWDISMEC_DATA")
    return folder
