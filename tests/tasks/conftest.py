"""Data of others, where a checkout or an environment has them; `tox run -e tasks` has the packages."""

import importlib.util
from pathlib import Path

import pytest

from freqbias.tasks.installed import INSTALLED

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"


@pytest.fixture
def shared():
    """Return a function from the name of a file of others to its path."""

    def path(name):
        if not (SHARED / name).is_file():
            pytest.skip(f"needs {name} in a folder shared/data beside the checkout")
        return SHARED / name

    return path


@pytest.fixture
def shipped():
    """Return a function that skips a test where the package of some tasks is not installed."""

    def check(name):
        if importlib.util.find_spec(INSTALLED[name].module) is None:
            pytest.skip(f"needs {INSTALLED[name].package}: tox run -e tasks")

    return check
