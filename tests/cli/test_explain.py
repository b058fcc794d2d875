"""`freqbias explain`: an entry, all entries, the verdicts of a run retraced, and one line for what is neither."""

import json
import shutil
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "results" / "example"


def test_a_term_is_explained_with_what_to_see_and_its_source(cli):
    text = " ".join(cli("explain", "smallest", "effect", "of", "interest").stdout.split())
    assert text.startswith("smallest effect of interest (Words of the report) The size below which an effect does not matter")
    assert "Source: Lakens (2017)" in text
    assert "See also: equivalence, margin" in text
    assert cli("explain", "SESOI").stdout == cli("explain", "smallest effect of interest").stdout


def test_a_name_with_several_meanings_has_them_all(cli):
    text = cli("explain", "gloss").stdout
    assert "gloss (Words of the report)" in text
    assert "gloss (Probe similarity)" in text


def test_a_term_too_long_for_a_file_name_is_one_line(cli):
    result = cli("explain", "x" * 5000)
    assert result.exit_code == 2
    assert "unknown term" in result.stderr
    assert "Traceback" not in result.stderr


def test_json_is_the_entries(cli):
    (entry,) = json.loads(cli("explain", "part:fkgl", "--json").stdout)
    assert entry["term"] == "part:fkgl"
    assert entry["group"] == "terms"
    assert entry["see"] == ["confounder", "fkgl"]
    listed = json.loads(cli("explain", "--json").stdout)
    assert {"gap", "placebo", "exact_form", "ndcg_at_10"} <= {own["term"] for own in listed}


def test_alone_it_lists_all_terms_by_group(cli):
    text = cli("explain").stdout
    assert text.index("Words of the report") < text.index("Flags of estimates") < text.index("Probe geometry")
    assert "part:…" in text
    assert "…_slope" in text


def test_an_unknown_term_is_one_line_with_what_is_near(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = cli("explain", "glos")
    assert result.exit_code == 2
    assert result.stderr == "freqbias: unknown term 'glos'; did you mean 'gloss' or 'no_gloss'?\n"
    assert cli("explain", "qqqqqqqq").stderr == "freqbias: unknown term 'qqqqqqqq'; `freqbias explain` lists all\n"
    (tmp_path / "mine").mkdir()
    result = cli("explain", "mine")
    assert result.exit_code == 2
    assert result.stderr.startswith("freqbias: mine: neither a run folder with estimates.jsonl nor a term; ")


def test_a_run_is_retraced_from_condition_to_sentence(cli):
    text = " ".join(cli("explain", EXAMPLE).stdout.split())
    assert "minilm · similarity and inversion Does rare wording of the right text cost? Yes. 1. The gap has a value: yes" in text
    assert "gloss / frequency-placebo / mean: " in text
    verdicts = json.loads((EXAMPLE / "report.json").read_text(encoding="utf-8"))["verdicts"]
    retraced = json.loads(cli("explain", EXAMPLE, "--json").stdout)
    assert [own["rules"] for own in retraced] == [own["rules"] for own in verdicts]
    for own, verdict in zip(retraced, verdicts, strict=True):
        assert " ".join(step["sentence"] for step in own["steps"] if step["holds"]) == verdict["headline"]
        assert all(step["conditions"] for step in own["steps"] if not step["holds"])


def test_a_folder_that_holds_estimates_is_meant_and_no_other(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gap").mkdir()
    assert cli("explain", "gap").stdout.startswith("gap (Words of the report)")
    for name in ("estimates.jsonl", "manifest.json"):
        shutil.copy(EXAMPLE / name, tmp_path / "gap" / name)
    assert cli("explain", "gap").stdout.startswith("minilm · retrieval")
