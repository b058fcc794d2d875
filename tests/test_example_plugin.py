"""The plugin in `examples/plugin`, installed as a stranger's: listed, used by name, and told of in a report as a built-in is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import needed

from freqbias.files import read_manifest, read_pairs

ROOT = Path(__file__).resolve().parents[1]
BROKEN = "raise RuntimeError('its library is gone')\n"
ENTRY_POINTS = "".join(f"[freqbias.{kind}]\nbroken = broken_plugin:thing\n" for kind in ("probes", "models", "generators"))


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the plugin installed, and beside it a distribution whose module cannot be imported."""
    needed("setuptools")
    folder = tmp_path_factory.mktemp("plugin")
    source, target = folder / "source", folder / "site"
    shutil.copytree(ROOT / "examples" / "plugin", source)  # a build leaves files behind
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", str(target))
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(source)], check=True)
    (target / "broken_plugin.py").write_text(BROKEN)
    about = target / "broken-2.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 2.0\n")
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return target


@pytest.fixture
def call(site, tmp_path):
    """Return a function that runs the command line beside the plugin and gives what it printed."""

    def run(*arguments, program=("-m", "freqbias")):
        path = os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, *program, *map(str, arguments)]
        return subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.mark.parametrize(
    ("kind", "name", "summary"),
    [
        ("probes", "misspelt", "Score of a misspelt text and the right one."),
        ("models", "ngrams", "Hashed character trigrams"),
        ("generators", "places", "Things at places, in frequent and rare words."),
    ],
)
def test_it_is_listed_and_a_broken_one_beside_it_is_one_warning(call, kind, name, summary):
    done = call("list", kind)
    assert done.returncode == 0, done.stderr
    assert any(line.split(maxsplit=1) == [name, summary] for line in map(str.strip, done.stdout.splitlines()))
    (warning,) = done.stderr.splitlines()
    assert "'broken' of plugin broken 2.0 cannot be imported: RuntimeError: its library is gone" in warning


def test_from_its_pairs_to_a_report_in_its_own_words(call, tmp_path):
    made = call("pairs", "places", "-o", "count=120", "-o", "verb=found", "--out", "pairs.jsonl")
    assert made.returncode == 0, made.stderr
    pairs = list(read_pairs(tmp_path / "pairs.jsonl"))
    assert len(pairs) == 120
    assert pairs[0].high == "They found the car near the station."
    done = call("run", "--probe", "misspelt", "--embedder", "ngrams", "--pairs", "pairs.jsonl", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "broken" not in done.stderr
    judgement = read_manifest(tmp_path / "run" / "manifest.json")["judgements"]["misspelt"]
    assert (judgement["sesoi"], judgement["unit"]) == (1.0, "hundredths of the score")
    report = (tmp_path / "run" / "findings.md").read_text(encoding="utf-8")
    assert "bound ± 1" in report
    assert "hundredths of the score for the frequent form" in report
    assert "Between equally frequent words nothing is found: " in report


@pytest.mark.slow
def test_an_effect_is_told_in_its_own_words(call, tmp_path):
    tests = str(ROOT / "examples" / "plugin" / "tests")
    code = f"import sys\nsys.path.append({tests!r})\nfrom test_plugin import Spelling\nmodel = Spelling(equal=False)\n"
    (tmp_path / "spelling.py").write_text(code)
    done = call("run", "--probe", "misspelt", "--embedder", "spelling:model", "--n", "40", "--out", "run")
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "run" / "findings.md").read_text(encoding="utf-8")
    assert "stays nearer to itself when it is misspelt" in report.split("## The pairs")[0]


def test_a_default_run_is_as_it_was(call, tmp_path):
    needed("bm25s")
    done = call("run", "--dry-run", "--embedder", "bm25", "--n", "2", "--json", "--out", "run")
    assert done.returncode == 0, done.stderr
    assert "misspelt" not in done.stdout
    assert "broken" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("pairs", "places", "-o", "n=3", "--out", "p"), "generator 'places' takes no option 'n'; known: count, verb"),
        (("run", "--probe", "broken", "--embedder", "ngrams", "--out", "r"), "'broken' of plugin broken 2.0 cannot be imported"),
        (("run", "--probe", "misspelt", "--embedder", "broken", "--out", "r"), "'broken' of plugin broken 2.0 cannot be imported"),
        (("run", "--lm", "ngrams", "--out", "r"), "model 'ngrams' is not a language model"),
    ],
)
def test_what_does_not_fit_is_one_line(call, arguments, reason):
    done = call(*arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert reason in line


@pytest.mark.slow
def test_its_own_tests_pass(call):
    done = call("-q", ROOT / "examples" / "plugin" / "tests", "-p", "no:cacheprovider", "-c", os.devnull, program=("-m", "pytest"))
    assert done.returncode == 0, done.stdout
