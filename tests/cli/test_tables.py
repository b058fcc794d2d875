"""Output in the width at hand: no word is cut, no column is a sliver, and nothing is lost."""

import shutil
from pathlib import Path

import pytest
from rich.console import Console

from freqbias.cli import console
from freqbias.cli.summary import MATRIX_FROM, show_summary
from freqbias.cli.tables import READABLE, shared
from freqbias.files import read_estimates

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "results" / "example"
WIDTHS = (60, 80, 100, MATRIX_FROM, 160)


@pytest.fixture
def on_terminal(monkeypatch, capsys):
    """Return a function that says what a call prints on a terminal so many columns wide."""

    def printed(width, call):
        monkeypatch.setattr(console, "out", Console(width=width, force_terminal=True, color_system=None, emoji=False))
        call()
        return capsys.readouterr().out

    return printed


@pytest.mark.parametrize("width", WIDTHS)
def test_the_summary_of_a_run_can_be_read(on_terminal, width):
    estimates = list(read_estimates(EXAMPLE))
    text = on_terminal(width, lambda: show_summary(EXAMPLE, estimates))
    whole = on_terminal(1000, lambda: show_summary(EXAMPLE, estimates))
    assert max(map(len, text.splitlines())) <= width
    words = {word.strip("();:") for word in whole.split()}
    assert {word.strip("();:") for word in text.split()} <= words | {""}
    asked = " ".join(text.split())
    if width < MATRIX_FROM:
        assert "yes Does rare wording of the right text cost? +0." in asked
    assert "It goes with:" in asked


ROW = ["minilm", "embedder", "one two three " * 6, "org/name-of-a-model"]
TABLE = (["alias", "kind", "a long name of a column", "licence"], [ROW, ["x", "y", None, ""]])


def test_a_table_that_fits_is_one(on_terminal):
    text = on_terminal(80, lambda: console.print_table(*TABLE, title="Models"))
    first, heads, *rows = text.splitlines()
    assert first.strip() == "Models"
    assert heads.split() == ["alias", "kind", "a", "long", "name", "of", "a", "column", "licence"]
    assert rows[0].startswith("minilm  embedder  one two three one two three one ")
    assert rows[0].rstrip().endswith("org/name-of-a-model")
    assert rows[-1].split() == ["x", "y", "–"]


def test_one_that_does_not_is_told_row_by_row(on_terminal):
    text = on_terminal(50, lambda: console.print_table(*TABLE, title="Models"))
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[:3] == ["Models", "minilm", "  kind                     embedder"]
    assert lines[-3:] == ["x", "  kind                     y", "  a long name of a column  –"]
    assert text.count("one two") == 6 - sum(line.endswith("one") for line in lines)


def test_markup_and_pictures_in_cells_are_text(on_terminal):
    text = on_terminal(80, lambda: console.print_table(["a", "b"], [["[red]mine[/red]", ":boom:"]]))
    assert text.splitlines()[1].split() == ["[red]mine[/red]", ":boom:"]


def test_room_is_shared_until_all_is_whole():
    assert shared([30, 5, 30], [10, 5, 20], 100) == [30, 5, 30]
    assert shared([30, 5, 30], [10, 5, 20], 45) == [17, 5, 23]
    assert shared([READABLE], [READABLE], 10) == [READABLE]


def test_columns_says_how_wide_a_page_is(monkeypatch, capsys):
    row = [["word " * 30]]
    monkeypatch.delenv("COLUMNS", raising=False)
    console.print_table(["texts"], row)
    assert len(capsys.readouterr().out.splitlines()[1]) <= console.PLAIN_WIDTH
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(console, "out", Console(emoji=False))
    console.print_table(["texts"], row)
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60


@pytest.fixture
def finished(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "run", ignore=shutil.ignore_patterns("report*", "figures"))
    return tmp_path / "run"


def test_a_run_says_its_plan_first_and_its_report_last(cli, tmp_path, pair_file):
    out = tmp_path / "run"
    done = cli("run", "--pairs", pair_file, "--embedder", "bm25", "--probe", "similarity", "--out", out)
    assert done.exit_code == 0, done.output
    said = done.stderr.splitlines()
    assert said[:2] == [f"plan: {out}", "  model: bm25 (embedder), probes: similarity"]
    count = len(pair_file.read_text().splitlines())
    assert said[2].startswith(f"  pairs: {count} (frequency 60, placebo ")
    (writes,) = [line for line in said if line.startswith("  writes: ")]
    names = writes.removeprefix("  writes: ").split(", ")
    assert {path.name for path in out.iterdir() if not path.name.startswith(".")} == {name.rstrip("/") for name in names}
    steps = [line for line in said if f": {count} of {count} pairs, " in line]
    assert [line.split(": ")[:-1] for line in steps] == [["audit"], ["bm25", "similarity"]]
    assert done.stdout.splitlines()[-1] == str(out / "report.html")
    assert [line for line in said if line.startswith("wrote ")] == [said[-1]]
    document = cli("run", "--pairs", pair_file, "--embedder", "bm25", "--probe", "similarity", "--out", out, "--json")
    assert document.stdout.rstrip().endswith("]")
    assert document.stderr.splitlines()[-1] == str(out / "report.html")
    quiet = cli("-q", "run", "--pairs", pair_file, "--embedder", "bm25", "--probe", "similarity", "--out", out)
    assert (quiet.stderr, quiet.stdout.splitlines()[-1]) == ("", str(out / "report.html"))


def test_a_report_is_named_in_the_last_line(cli, finished, tmp_path):
    assert cli("report", finished).stdout == f"{finished / 'report.html'}\n"
    assert cli("report", finished, "--out", tmp_path / "there").stdout == f"{tmp_path / 'there' / 'report.html'}\n"
    assert (tmp_path / "there" / "report.html").is_file()


def test_a_comparison_is_named_where_it_is_written(cli, finished, tmp_path):
    shutil.copytree(finished, tmp_path / "other")
    given = ("compare", finished, tmp_path / "other", "--a", "minilm", "--b", "minilm")
    assert "compare.html" not in cli(*given).stdout
    done = cli(*given, "--out", tmp_path / "both")
    assert done.stdout.splitlines()[-1] == str(tmp_path / "both" / "compare.html")
    assert (tmp_path / "both" / "compare.html").is_file()
