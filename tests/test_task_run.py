"""The bundled tasks from pairs to verdict, through the command line, on a solver with one effect planted, or none."""

import json

import pytest

SOLVER = """
from freqbias import read_pairs
from freqbias.frequency import content_words, word_zipf
from freqbias.testing.solver import PlantedSolver

pairs = list(read_pairs({pairs!r}))


def zipf(question):
    words = content_words(question)
    return 0.6 * sum(word_zipf(word) or 1.0 for word in words) / len(words) * 4


known = {{pair.meta["original"] for pair in pairs}}
frequency = PlantedSolver(pairs, effect=zipf, name="frequency", ability=0.0)
reworded = PlantedSolver(pairs, effect=lambda question: 0.0 if question in known else -0.5, name="reworded")
nothing = PlantedSolver(pairs, name="nothing")
letter = PlantedSolver(pairs, letters={{"A": 9.0}}, name="letter")
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tasks")


@pytest.fixture
def verdict(cli, folder, monkeypatch):
    """Return a function that runs probe `task` on a planted solver and returns the verdict of the report."""

    def call(name):
        pairs = folder / "pairs.jsonl"
        if not pairs.exists():
            assert cli("pairs", "tasks", "-o", "data=commonsense", "--n", 150, "--out", pairs).exit_code == 0
            (folder / "planted_solvers.py").write_text(SOLVER.format(pairs=str(pairs)), encoding="utf-8")
        monkeypatch.syspath_prepend(folder)
        done = cli("run", "--pairs", pairs, "--lm", f"planted_solvers:{name}", "--probe", "task", "--out", folder / name)
        assert done.exit_code == 0, done.output
        (found,) = json.loads((folder / name / "report.json").read_text(encoding="utf-8"))["verdicts"]
        return found

    return call


@pytest.mark.parametrize(
    ("name", "credited", "rules"),
    [
        ("frequency", True, {"frequency"}),
        ("reworded", False, None),
        ("nothing", False, None),
        ("letter", False, {"incapable"}),
    ],
)
def test_the_bundled_tasks_tell_what_was_planted(verdict, name, credited, rules):
    found = verdict(name)
    assert found["credits"] == credited, found["headline"]
    assert rules is None or found["rules"][0] in rules
    assert {"reworded": "Rewording the original in equally frequent words: −0.5", "letter": "gives one and the same letter"}.get(
        name, ""
    ) in " ".join([found["headline"], *found["controls"]])
