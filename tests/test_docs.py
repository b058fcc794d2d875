"""Figures in the docs come from committed files, links lead somewhere, and the Python that is shown runs."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from conftest import missing, needed

from freqbias.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("*.md", "docs/*.md", "examples/*/README.md", "paraphrases/data/*.md", "paraphrases/data/tasks/*.md", "results/README.md")
PAGES = sorted(page for folder in FOLDERS for page in ROOT.glob(folder))
#: Where Python stands that needs nothing but the models: the page, and the heading before which it stands.
PYTHON = {"README.md": None, "docs/evaluator.md": "\n## The evaluator's numbers\n", "docs/runs.md": None}
#: Pages whose Python runs by itself, with the models that it takes.
ALONE = {"docs/corpus.md": (), "docs/language-model.md": ("smollm2-135m",), "docs/start.md": ("minilm",)}
#: Pages whose Python runs in tests/test_plugin_docs.py.
IN_PLUGIN_DOCS = {"docs/norms.md", "docs/plugin-generator.md", "docs/plugin-model.md", "docs/plugin-probe.md"}
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^ {4}(freqbias .*)$|`(freqbias [^`\n]*)`", re.MULTILINE)  # in an indented block, or in a line
OPTION = re.compile(r"--?[a-z]")


def test_quoted_figures_are_up_to_date():
    done = subprocess.run([sys.executable, "tools/update_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_readme_is_short_and_its_figures_are_rounded():
    """A first page that people read: under 150 lines, and no number of its table with more than two significant digits."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    table = text.partition("<!-- summary:")[2].partition("-->\n")[2].partition("<!-- end")[0]
    rows = [line.strip("| ").split(" | ") for line in table.strip().splitlines()]
    assert {len(row) for row in rows if set(row[0]) != {"-"} and "---" not in row[0]} == {5}
    figures = [figure for row in rows[2:] for cell in row[1:3] for figure in re.findall(r"\d+(?:\.\d+)?", cell)]
    long = [figure for figure in figures if len(figure.replace(".", "").lstrip("0")) > 2 and figure not in {"100"}]
    assert figures
    assert not long


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pictures_and_links_exist(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_the_pair_that_the_docs_show_is_a_pair():
    from freqbias.records import Pair

    (line,) = re.findall(r"```json\n(.*?)\n```", (ROOT / "docs" / "files.md").read_text(encoding="utf-8"), re.S)
    assert Pair.from_dict(json.loads(line)).item == "doctor"


def test_committed_example_is_readable_and_whole():
    from freqbias import read_observations, read_pairs
    from freqbias.files import read_estimates, read_manifest

    folder = ROOT / "results" / "example"
    pairs = {pair.id for pair in read_pairs(folder)}
    assert pairs == {row.pair_id for row in read_observations(folder)}
    # a model that normalises its vectors has no correlation of their lengths
    without = {(row.contrast, *row.flags) for row in read_estimates(folder) if row.value is None}
    assert without <= {("norm_freq_corr", "undefined"), ("zipf_buckets", "empty")}  # a part of the frequencies may hold no document
    assert ("norm_freq_corr", "undefined") in without
    manifest = read_manifest(folder / "manifest.json")
    assert manifest["argv"] == ["freqbias", "run", "--fresh", "--out", "results/example"]


def test_example_follows_from_its_observations(cli, tmp_path):
    """The committed report is what the committed observations give, so a changed analysis needs a new example."""
    import shutil

    from freqbias.files import read_estimates

    committed, folder = ROOT / "results" / "example", tmp_path / "example"
    shutil.copytree(committed, folder)
    for stage in ("audit", "analyze", "report"):
        assert cli(stage, folder).exit_code == 0
    for old, new in zip(read_estimates(committed), read_estimates(folder), strict=True):
        assert old.key == new.key
        assert new.value == pytest.approx(old.value, abs=1e-4)
        assert new.p_value == pytest.approx(old.p_value, abs=1e-4)
    for name in ("report.md", "audit.json"):
        assert (folder / name).read_text(encoding="utf-8") == (committed / name).read_text(encoding="utf-8")


def blocks(page):
    return re.findall(r"```python\n(.*?)\n```", (ROOT / page).read_text(encoding="utf-8"), re.S)


def test_all_python_of_the_docs_runs_somewhere():
    shown = {page.relative_to(ROOT).as_posix() for page in PAGES if "```python" in page.read_text(encoding="utf-8")}
    assert shown == {*PYTHON, *ALONE, *IN_PLUGIN_DOCS}


@pytest.mark.parametrize("page", ALONE)
def test_python_of_a_page_runs_by_itself(page, tmp_path, monkeypatch):
    from freqbias.models.names.aliases import find_alias

    for name in ALONE[page]:
        needed({"minilm": "sentence_transformers", "smollm2-135m": "transformers"}[name])
        if find_alias(name).ready_directory() is None:
            missing(f"model {name}: freqbias models fetch {name}")
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile("\n".join(blocks(page)), page, "exec"), names)  # noqa: S102  # our own page
    if "run" in names:
        assert names["run"].verdicts[0].headline
        assert names["run"].folder.parent.name == "runs"
    else:
        assert names["doctor"]["mean_zipf"] > names["physician"]["mean_zipf"]


def commands(page):
    """Yield the words of every command that a page shows, and the line."""
    text = page.read_text(encoding="utf-8")
    shown = [line for kind, block in FENCE.findall(text) if kind != "python" for line in block.splitlines()]
    shown += [block or quoted for block, quoted in SHOWN.findall(FENCE.sub("", text))]
    for line in shown:
        for part in re.split(r" && | \| | +# ", line):
            if part.startswith("freqbias "):
                yield shlex.split(part), line


def unknown(words):
    """Return the first word of a command that the program does not know; None where it knows all commands and options."""
    command, rest = typer.main.get_command(app), iter(words[1:])
    for word in rest:
        if not hasattr(command, "commands"):
            if OPTION.match(word) and word.partition("=")[0] not in {"--help", *(name for part in command.params for name in part.opts)}:
                return word
        elif word in command.commands:
            command = command.commands[word]
        elif re.fullmatch("[a-z]+", word):
            return word
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_shown_exist(page):
    for words, line in commands(page):
        assert unknown(words) is None, f"{line}: {unknown(words)}"


def test_what_tells_commands_tells_wrong_ones():
    assert unknown(["freqbias", "run", "--embedder", "minilm", "--out=x"]) is None
    assert unknown(["freqbias", "runs", "--out", "x"]) == "runs"
    assert unknown(["freqbias", "run", "--embeder", "minilm"]) == "--embeder"
    assert unknown(["freqbias", "models", "fetched"]) == "fetched"
    assert len([line for page in PAGES for _, line in commands(page)]) > 100


# mteb's own, as in tests/integrations/test_mteb.py
@pytest.mark.filterwarnings("ignore:The fill_missing parameter is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The `get_sentence_embedding_dimension` method:FutureWarning")
def test_python_of_the_docs_runs(tmp_path, monkeypatch):
    """All blocks in one go, the hub id of MiniLM replaced by the place where its package has it."""
    from freqbias.models.names.aliases import find_alias

    for library in ("mteb", "sentence_transformers", "transformers"):
        needed(library)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").symlink_to(ROOT / "results")
    texts = [(ROOT / page).read_text(encoding="utf-8").partition(end or "\0")[0] for page, end in PYTHON.items()]
    code = "\n".join(block for text in texts for block in re.findall(r"```python\n(.*?)\n```", text, re.S)).replace(
        "sentence-transformers/all-MiniLM-L6-v2", str(find_alias("minilm").ready_directory())
    )
    names = {}
    exec(compile(code, "docs", "exec"), names)  # noqa: S102  # our own pages
    assert names["metrics"]["bias_evenness"] == pytest.approx(1 / (1 + abs(names["metrics"]["bias_relative_gap"])), abs=1e-6)
    scores = {task.task_name.split("-")[0].rstrip("0123456789"): task.get_score() for task in names["result"].task_results}
    assert len(scores) == 3
    assert names["vectors"].shape == (1, 384)
    assert len(names["nats"]) == 1
    assert len(names["table"]) > 1000
