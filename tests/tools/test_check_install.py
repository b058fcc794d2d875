"""The quick part of tools/check_install.py: what is built holds real files; an editable install sees a new file."""

import runpy
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from conftest import missing

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools/check_install.py"))


@pytest.fixture
def tree(tmp_path):
    if find_spec("setuptools") is None:
        missing("package setuptools")
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        missing("git, and a clone")
    return TOOL["copy"](tmp_path / "tree")


def test_what_is_built_holds_each_real_file_once(tree):
    assert (tree / "freqbias/probes").is_symlink()
    assert TOOL["check_wheel"](tree) == []


def test_a_stage_that_is_packed_twice_is_found(tree):
    project = tree / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace('include = ["freqbias*"]', 'include = ["freqbias*", "probes*"]'), encoding="utf-8")
    (tree / "probes/__init__.py").touch()
    faults = TOOL["check_wheel"](tree)
    assert "wheel: top-level probes" in faults
    assert "sdist: probes/similarity.py stands in freqbias/ too" in faults


def test_an_editable_install_sees_a_new_file(tree, tmp_path):
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        missing("package pip")
    python = TOOL["editable"](tree, tmp_path)
    (tree / "probes/fresh.py").write_text("ANSWER = 42\n", encoding="utf-8")
    code = "from freqbias.probes import fresh; print(fresh.ANSWER, fresh.__file__)"
    done = subprocess.run([python, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["42", str(tree / "freqbias/probes/fresh.py")]
