"""Plugins whose names clash, or that call themselves otherwise: one line that names the distribution."""

import json
import os
import subprocess
import sys

import pytest

MODULE = """
from freqbias.models import ModelInfo
from freqbias.paraphrases import make_pair
from freqbias.probes import Probe
from freqbias.testing import PlantedEmbedder

probe = Probe(name="own", needs="scorer", summary="Theirs.", run=lambda pairs, model, common: iter(()))
model = PlantedEmbedder([], name="own")


class Generator:
    name, summary, options = "own", "Theirs.", {}

    def __call__(self):
        return [make_pair(item="car", high="A car.", low="A jalopy.")]


generator = Generator()


def zipf(text, language="en"):
    return 1.0


def embed(texts):
    return [[1.0, len(text)] for text in texts]
"""


@pytest.fixture
def call(tmp_path):
    """Return a function that runs the command line beside distributions, each given by its name and entry points."""
    (tmp_path / "their_plugin.py").write_text(MODULE)
    (tmp_path / "here").mkdir()

    def run(*arguments, **distributions):
        for name, points in distributions.items():
            about = tmp_path / f"{name}-2.0.dist-info"
            about.mkdir()
            (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n")
            (about / "entry_points.txt").write_text("".join(f"[freqbias.{kind}]\n{line}\n" for kind, line in points.items()))
        path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
        command = [sys.executable, "-m", "freqbias", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": path}
        return subprocess.run(command, env=environment, cwd=tmp_path / "here", capture_output=True, text=True, check=False)

    return run


CLASHES = [
    ("probes", "similarity", "probe", "the built-in probe"),
    ("generators", "lexicon", "generator", "the built-in generator"),
    ("frequencies", "mean_zipf", "zipf", "the built-in frequency"),
    ("models", "minilm", "model", "the model that freqbias calls 'minilm'"),
]


@pytest.mark.parametrize(("kind", "name", "attribute", "by"), CLASHES)
def test_a_plugin_of_a_built_in_s_name_is_said_to_be_hidden_in_the_list(call, kind, name, attribute, by):
    done = call("list", kind, theirs={kind: f"{name} = their_plugin:{attribute}"})
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert f"'{name}' of plugin theirs 2.0 is hidden by {by}, which has that name" in warning
    assert "Theirs." not in done.stdout


def test_it_is_said_where_that_name_is_used(call):
    done = call("score", "a car", "--json", theirs={"frequencies": "mean_zipf = their_plugin:zipf"})
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    assert "frequency 'mean_zipf' of plugin theirs 2.0 is hidden by the built-in frequency" in warning
    assert json.loads(done.stdout)[0]["mean_zipf"] > 1.0


def test_a_model_that_an_alias_hides_is_said_where_it_is_used(call):
    points = {"models": "bm25 = their_plugin:model"}
    done = call("run", "--dry-run", "--embedder", "bm25", "--probe", "similarity", "--n", "2", "--json", "--out", "r", theirs=points)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("model 'bm25' of plugin theirs 2.0 is hidden by the model that freqbias calls 'bm25'") == 1
    assert json.loads(done.stdout)[0]["model"] == "bm25"


@pytest.mark.parametrize("kind", ["probes", "generators", "models"])
def test_of_two_plugins_with_one_name_the_first_is_used_and_the_other_named(call, kind):
    points = {kind: f"own = their_plugin:{kind[:-1]}"}
    done = call("list", kind, first=points, second=points)
    assert done.returncode == 0, done.stderr
    (warning,) = done.stderr.splitlines()
    used, hidden = sorted(["first", "second"], key=lambda name: f"of plugin {name} 2.0 is hidden" in warning)
    assert f"{kind[:-1]} 'own' of plugin {hidden} 2.0 is hidden by the one of plugin {used} 2.0" in warning
    assert [line.split()[0] for line in done.stdout.splitlines() if line.strip()].count("own") == 1


USE = {
    "probes": ("run", "--probe", "other", "--embedder", "their_plugin:embed", "--n", "2", "--out", "r"),
    "generators": ("pairs", "other", "--out", "p.jsonl"),
    "models": ("run", "--embedder", "other", "--n", "2", "--out", "r"),
}


@pytest.mark.parametrize(("kind", "says"), [("probes", "its rows"), ("generators", "its pairs"), ("models", "its rows")])
def test_a_plugin_that_calls_itself_otherwise_is_refused(call, tmp_path, kind, says):
    points = {kind: f"other = their_plugin:{kind[:-1]}"}
    done = call("list", kind, theirs=points)
    assert done.returncode == 0, done.stderr
    reason = f"{kind[:-1]} 'other' of plugin theirs 2.0 calls itself 'own', as {says} would; give it and its entry point one name"
    (warning,) = done.stderr.splitlines()
    assert warning == reason
    assert not any(line.split()[:1] == ["other"] for line in done.stdout.splitlines())
    done = call(*USE[kind])
    assert (done.returncode, done.stderr) == (2, f"freqbias: {reason}\n")
    assert list((tmp_path / "here").iterdir()) == []
