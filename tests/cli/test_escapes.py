"""What others wrote is shown and obeyed by nothing: no terminal, browser or spreadsheet takes an id or an error for a command."""

import csv
import io
import json
import logging
import re
import shutil
from importlib import import_module
from pathlib import Path

import pandas as pd
import pytest

from freqbias.analysis.report.report import as_csv, write_report
from freqbias.characters import FORMULA, escaped, escaped_json, guarded, unguarded
from freqbias.cli import console
from freqbias.collection.synonym_list import Rule, solr
from freqbias.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "results" / "example"
#: The title of a window, the screen cleared, a colour in one C1 character, a line that overwrites, and a text that reads backwards.
HOSTILE = "m\x1b]0;owned\x07\x1b[2J\x9b31m\rx\u202eevil\u2066"
SHOWN = r"m\x1b]0;owned\x07\x1b[2J\x9b31m\x0dx\u202eevil\u2066"
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("kept", ["", "plain", "naïve 日本 🚗\u200d🔧", "می\u200cشود", "two\nlines\tand a tab"])
def test_ordinary_text_stays(kept):
    assert escaped(kept) == kept


def test_what_is_obeyed_is_named():
    assert escaped(HOSTILE) == SHOWN
    assert escaped("a\ud800b") == r"a\ud800b"  # half a character: no terminal can be written it
    assert escaped("one\nfreqbias: forged", lines=False) == r"one\nfreqbias: forged"
    text = escaped_json(json.dumps({"a": HOSTILE}, ensure_ascii=False))
    assert not OBEYED.search(text)
    assert json.loads(text) == {"a": HOSTILE}


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-5", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_a_spreadsheet_would_compute_is_text(cell):
    assert guarded(cell)[0] not in FORMULA
    assert unguarded(guarded(cell)) == escaped(cell)
    assert unguarded("'quoted'") == "'quoted'"


def test_numbers_of_a_table_stay_numbers():
    table = pd.DataFrame({"=model": ["=cmd|' /C calc'!A0", "plain", None], "value": [-0.5, 1.0, float("nan")], "n": [-1, 2, 3]})
    rows = list(csv.reader(io.StringIO(as_csv(table))))
    assert rows == [["'=model", "value", "n"], ["'=cmd|' /C calc'!A0", "-0.5", "-1"], ["plain", "1", "2"], ["", "", "3"]]


def test_tables_lines_and_json_on_standard_output(capsys):
    console.print_table([HOSTILE], [[HOSTILE], ["[bold]x"]], title=f"[red]{HOSTILE}")
    console.print_table(["a" * 60, "b" * 60], [[HOSTILE, HOSTILE]], title=HOSTILE)
    console.print_lines([HOSTILE])
    console.print_answers(HOSTILE, [(HOSTILE, HOSTILE)])
    text = capsys.readouterr().out
    assert not OBEYED.search(text)
    assert text.count("owned") == 10
    assert r"[red]m\x1b]0;owned\x07" in text  # and no markup either
    console.print_json({"id": HOSTILE})
    text = capsys.readouterr().out
    assert not OBEYED.search(text)
    assert json.loads(text) == {"id": HOSTILE}


def test_messages_are_one_line_each(capsys):
    console.set_up(0)
    console.log.warning("%s", f"the server says: {HOSTILE}\nfreqbias: forged")
    logging.getLogger("freqbias.x").info("%s", HOSTILE)
    first, second = capsys.readouterr().err.splitlines()
    assert first == rf"the server says: {SHOWN}\nfreqbias: forged"
    assert second == SHOWN


def test_an_error_is_one_line(cli, tmp_path):
    result = cli("status", tmp_path / HOSTILE)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert SHOWN in line


def test_a_traceback_keeps_its_lines_and_nothing_else(monkeypatch, capsys):
    program = import_module("freqbias.cli.main")

    def fails():
        raise RuntimeError(HOSTILE)

    monkeypatch.setattr(program, "app", fails)
    monkeypatch.setattr(program, "stop_on_signals", lambda: None)
    with pytest.raises(SystemExit) as ended:
        program.main()
    text = capsys.readouterr().err
    assert ended.value.code == 1
    assert text.startswith("Traceback")
    assert text.rstrip().endswith(f"RuntimeError: {SHOWN}")
    assert not OBEYED.search(text)


def test_a_synonym_list_holds_no_control_character():
    assert not OBEYED.search(solr([Rule(words=(HOSTILE, "car"), cases=1, loss=0.5)]))


def test_reports_and_their_tables(tmp_path):
    """The name of a model comes from a folder, and stands on every page; a pair's texts and ids stand in some."""
    hostile = json.dumps(HOSTILE)[1:-1]
    for name in ("estimates.jsonl", "manifest.json", "pairs.jsonl", "observations.jsonl", "audit.json"):
        text = (EXAMPLE / name).read_text(encoding="utf-8")
        text = re.sub(r'("model": ?|"name": ?)"minilm"', lambda found: f'{found[1]}"={hostile}"', text)
        (tmp_path / name).write_text(text, encoding="utf-8")
    written = write_report(tmp_path)
    names = {path.suffix for path in written}
    assert names == {".html", ".md", ".json", ".csv", ".svg"}
    for path in written:
        text = path.read_text(encoding="utf-8")
        if path.suffix != ".json":
            assert not OBEYED.search(text), path.name
    assert "owned" in (tmp_path / "report.md").read_text(encoding="utf-8")
    rows = list(csv.DictReader((tmp_path / "estimates.csv").read_text(encoding="utf-8").splitlines()))
    assert f"'={SHOWN}" in {row["model"] for row in rows}
    assert any(row["value"].startswith("-") for row in rows)
    shutil.rmtree(tmp_path / "figures")


def test_an_error_with_line_ends_is_one_line(cli, monkeypatch):
    from freqbias.run import stages

    def fails(*given, **options):
        raise InputError(f"a\nb{HOSTILE}")

    monkeypatch.setattr(stages, "make_pairs", fails)
    result = cli("pairs", "lexicon", "--out", "x.jsonl")
    assert (result.exit_code, result.stderr) == (2, f"freqbias: a\\nb{SHOWN}\n")
