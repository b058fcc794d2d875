"""The notebooks of `examples/notebooks` run from top to bottom, and are committed without what they print."""

import json
import os
import sys
from pathlib import Path

import pytest
from conftest import missing, needed

from freqbias.models.names.aliases import find_alias

FOLDER = Path(__file__).resolve().parents[1] / "examples" / "notebooks"
NAMES = ("adams-law", "adams-law-tasks", "checkpoints", "two-lists")
DATA = FOLDER.parents[2] / "shared" / "data"
HUB = "sentence-transformers/all-MiniLM-L6-v2"  # replaced by the place where its package has it: nothing is fetched here
SECONDS = 600  # of one cell


def read(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def test_these_are_all():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_printed_is_committed(name):
    """Numbers in a notebook would be those of somebody's machine on some day; the test below is what says that it works."""
    code = [cell for cell in read(name)["cells"] if cell["cell_type"] == "code"]
    assert code
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)
    assert read(name)["metadata"]["kernelspec"]["name"] == "python3"


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Return a function that runs a notebook in an empty folder, with some of its text replaced, and returns all that its cells show."""
    nbclient, nbformat = needed("nbclient"), needed("nbformat")
    needed("ipykernel")
    monkeypatch.setenv("PATH", os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))  # `!freqbias` in a cell
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")

    def run(name, **replaced):
        text = json.dumps(read(name))
        for old, new in replaced.values():
            assert old in text
            text = text.replace(old, new)
        book = nbformat.reads(text, as_version=4)
        nbclient.NotebookClient(book, timeout=SECONDS, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
        outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
        return "".join(output.get("text") or shown(output.get("data", {})) for output in outputs)

    def shown(data):
        return data.get("text/markdown") or data.get("text/plain", "")

    return run


def ready(name):
    """Return where a model lies; a test that needs it is skipped without it."""
    found = find_alias(name).ready_directory()
    if found is None:
        missing(f"model {name}: freqbias models fetch {name}")
    return found


@pytest.fixture
def executed(execute):
    """Return the same for notebooks on MiniLM."""
    needed("sentence_transformers")
    model = str(ready("minilm"))
    return lambda name: execute(name, **({"hub": (HUB, model)} if HUB in json.dumps(read(name)) else {}))


def test_two_lists_give_a_verdict(executed):
    shown = executed("two-lists")
    assert "minilm \u00b7 similarity: " in shown
    assert "frequency_gap: " in shown


def test_two_checkpoints_are_held_against_each_other(executed):
    shown = executed("checkpoints")
    assert "guarded_evenness" in shown
    assert "base \u2192 trained" in shown
    assert "compare.html" in shown


def test_adams_law_says_where_its_pairs_are_missing(executed, monkeypatch):
    monkeypatch.delenv("ADAMS_LAW_DATA", raising=False)
    assert executed("adams-law").startswith("skipped: no pairs in adams-law; set ADAMS_LAW_DATA")


@pytest.mark.skipif(not (DATA / "tfpd-csqa-high.txt").is_file(), reason="needs the CommonsenseQA pairs beside the checkout")
def test_adams_law_audits_its_pairs(executed, monkeypatch):
    monkeypatch.setenv("ADAMS_LAW_DATA", str(DATA))
    shown = executed("adams-law")
    assert "575 pairs, such as:" in " ".join(shown.split())  # a kernel may send one line in parts
    assert "length_confound: " in shown
    assert "minilm \u00b7 geometry: " in shown


def test_answers_of_a_model_that_the_reader_names(execute):
    """From power to verdict and counts, on fewer problems than a reader would take; the weak model is refused, and that is said."""
    needed("transformers")
    ready("smollm2-135m")
    out = execute("adams-law-tasks", items=("ITEMS = 20 ", "ITEMS = 8 "))
    assert "8 problems, 10 % of them answered differently: none" in out
    assert "290 problems, 10 % of them answered differently: 5." in out
    assert "commonsense\nfrequency:" in out
    assert "smollm2-135m \u00b7 task: " in out
    assert "## What it cannot show" in out
    assert "commonsense: CANNOT BE MEASURED. This model cannot show it" in out
    assert "Adam's Law, CommonsenseQA: 64 : 51 of 575 questions, p = 0.263" in out
    assert " of 24 pairs, p = " in out
    assert "math: no accuracy" in out
