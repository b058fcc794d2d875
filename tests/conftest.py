"""Shared fixtures: a command-line runner, bundled pairs, synthetic models, and the rule for parts that may be missing."""

import importlib
import importlib.util
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from freqbias.cli.main import app

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"

sys.path.append(str(Path(__file__).parent))  # makes `synthetic:function` importable for the command line


def missing(what: str) -> None:
    """Skip where a part is missing on somebody's machine; fail where everything has to be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {what}")
    pytest.skip(f"needs {what}", allow_module_level=True)


def needed(module):
    """Return a module that only an extra brings."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        return missing(f"package {error.name}")


@pytest.fixture
def cli():
    """Return a function that runs `freqbias ARGUMENTS…` in this process."""

    def call(*arguments):
        return CliRunner().invoke(app, [str(argument) for argument in arguments])

    return call


@pytest.fixture(scope="session")
def lexicon_pairs():
    from freqbias.paraphrases.lexicon import generate

    return generate(n=60, seed=1)


@pytest.fixture
def pair_file(tmp_path, lexicon_pairs):
    from freqbias.files import write_records

    path = tmp_path / "pairs.jsonl"
    write_records(path, lexicon_pairs)
    return path


@pytest.fixture
def shared():
    """Return a function from the name of a file of others to its path, where a checkout has them beside it."""

    def path(name):
        if not (SHARED / name).is_file():
            pytest.skip(f"needs {name} in a folder shared/data beside the checkout")
        return SHARED / name

    return path


@pytest.fixture
def shipped():
    """Return a function that skips a test where the package of some tasks is not installed; `tox run -e tasks` has them."""
    from freqbias.tasks.installed import INSTALLED

    def check(name):
        if importlib.util.find_spec(INSTALLED[name].module) is None:
            pytest.skip(f"needs {INSTALLED[name].package}: tox run -e tasks")

    return check
