"""`--holdout half`, `--confirm`, `--again`: what is estimated, what is recorded, what is refused."""

import json

import numpy as np
import pytest
from simulation import markdown_of, simulate, write_run

import freqbias
from freqbias.analysis.estimate.compare import compare
from freqbias.errors import InputError
from freqbias.files import read_estimates, read_json, sha256, write_json, write_records
from freqbias.progress import silent
from freqbias.run import stages
from freqbias.run.holdout import Asked


@pytest.fixture
def folder(tmp_path):
    """Return a run folder without estimates, whose gloss and background were measured."""
    run = tmp_path / "run"
    pairs, rows = simulate(np.random.default_rng(0), {"frequency": 0.05, "placebo": 0.0}, items=12, contrasts=("gloss", "background"))
    run.mkdir()
    write_records(run / "pairs.jsonl", pairs)
    write_records(run / "observations.jsonl", rows)
    write_json(run / "manifest.json", {"schema": 1, "inputs": {"pairs.jsonl": sha256(run / "pairs.jsonl")}})
    return run


def analyze(folder, out="estimates.jsonl", **asked):
    return stages.analyze(folder / "observations.jsonl", folder / "pairs.jsonl", folder / out, 0, silent, asked=Asked(**asked))


def recorded(folder):
    return read_json(folder / "manifest.json").get("holdout")


def mean_of(estimates):
    (row,) = [row for row in estimates if (row.contrast, row.arm, row.term) == ("gloss", "frequency", "mean")]
    return row


def test_two_halves_make_the_whole(folder):
    whole = mean_of(analyze(folder, "whole.jsonl"))
    first = mean_of(analyze(folder, holdout="half"))
    second = mean_of(analyze(folder, confirm=True))
    assert (whole.n_items, first.n_items, second.n_items) == (12, 6, 6)
    assert (first.value + second.value) / 2 == pytest.approx(whole.value)


def test_the_lock_lasts_without_being_asked_for_again(folder):
    first = analyze(folder, holdout="half")
    assert recorded(folder) == {"salt": sha256(folder / "pairs.jsonl"), "shown": "open", "looks": [], "seen_before": False}
    assert analyze(folder) == first


def test_no_kept_observation_has_any_part_in_an_estimate(folder):
    first = analyze(folder, holdout="half")
    kept = {row["item"] for row in _rows(folder)} - _items_shown(folder)
    spoiled = [row | {"high": 0.9, "low": -0.9} if row["item"] in kept else row for row in _rows(folder)]
    (folder / "observations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in spoiled), encoding="utf-8")
    assert analyze(folder) == first
    assert mean_of(analyze(folder, confirm=True)).value == pytest.approx(1.8)


def _rows(folder):
    return [json.loads(line) for line in (folder / "observations.jsonl").read_text(encoding="utf-8").splitlines()]


def _items_shown(folder):
    from freqbias.files import read_pairs
    from freqbias.holdout import open_items

    return open_items(folder, read_pairs(folder))


def test_a_look_is_at_the_claims_only_and_is_recorded(folder):
    analyze(folder, holdout="half")
    found = analyze(folder, confirm=True)
    assert {row.contrast for row in found} == {"gloss"}
    assert not [row for row in found if row.term.startswith("spec:")]
    assert recorded(folder)["shown"] == "kept"
    assert len(recorded(folder)["looks"]) == 1


def test_a_second_look_is_refused_unless_it_is_said(folder):
    analyze(folder, holdout="half")
    once = analyze(folder, confirm=True)
    with pytest.raises(InputError, match=r"the kept half was looked at on .*, and a second look confirms nothing; else give --again"):
        analyze(folder, confirm=True)
    assert len(recorded(folder)["looks"]) == 1
    assert analyze(folder, confirm=True, again=True) == once
    assert len(recorded(folder)["looks"]) == 2
    assert "it was looked at 2 times" in markdown_of(folder)


def test_the_report_shows_the_half_that_was_estimated(folder):
    analyze(folder, holdout="half")
    markdown = markdown_of(folder)
    assert "Shown is one half of the items" in markdown
    assert "which nobody has looked at" in markdown
    assert "Shown is one half of the items" in (folder / "report.html").read_text(encoding="utf-8")
    analyze(folder, confirm=True)
    assert "Shown is the half of the items that was kept out until now; it was looked at once" in markdown_of(folder)
    analyze(folder)
    assert "kept out of every number; it was looked at on" in markdown_of(folder)


def test_the_figures_hold_no_item_of_the_other_half(folder):
    analyze(folder, holdout="half")
    markdown_of(folder)
    text = "".join(path.read_text("utf-8") for path in (folder / "figures").glob("*.csv")) + (folder / "report.md").read_text("utf-8")
    kept = {row["item"] for row in _rows(folder)} - _items_shown(folder)
    assert any(f"{item}," in text for item in _items_shown(folder))
    assert not [item for item in kept if f"{item}," in text or f"| {item} |" in text]


def test_estimates_in_another_file_leave_what_the_folder_shows(folder):
    analyze(folder, holdout="half")
    analyze(folder, "confirmed.jsonl", confirm=True)
    assert recorded(folder)["shown"] == "open"
    assert len(recorded(folder)["looks"]) == 1
    assert "Shown is one half" in markdown_of(folder)


def test_a_half_kept_out_after_the_fact_is_called_that(folder):
    analyze(folder)
    analyze(folder, holdout="half")
    assert recorded(folder)["seen_before"] is True
    assert "the kept half is no blind test" in markdown_of(folder)


def test_what_was_estimated_of_whole_models_rests_on_all_items_and_is_left_out(folder):
    row = mean_of(analyze(folder)).replace(contrast="hubness", term="skewness", p_value=None)
    write_records(folder / "model_estimates.jsonl", [row])
    assert any(row.term == "skewness" for row in analyze(folder))
    assert not any(row.term == "skewness" for row in analyze(folder, holdout="half"))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"confirm": True}, "no half is kept out"),
        ({"again": True}, "--again repeats a look at the kept half; give it with --confirm"),
        ({"holdout": "half", "confirm": True}, "give one of the two"),
        ({"holdout": "third"}, "--holdout must be 'half', found 'third'"),
    ],
)
def test_what_makes_no_sense_is_refused(folder, asked, reason):
    with pytest.raises(InputError, match=reason):
        analyze(folder, **asked)
    assert recorded(folder) is None


def test_a_run_without_manifest_can_keep_nothing_out(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match="nothing can record which half is kept out"):
        analyze(folder, holdout="half")
    assert len(analyze(folder)) > 0


def test_other_pairs_than_those_that_were_split_are_refused(folder):
    analyze(folder, holdout="half")
    lines = (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "pairs.jsonl").write_text("".join(reversed(lines)), encoding="utf-8")
    with pytest.raises(InputError, match="has changed since half of its items were kept out"):
        analyze(folder)


def test_one_item_cannot_be_halved(folder):
    lines = (folder / "pairs.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:2]
    (folder / "pairs.jsonl").write_text("".join(lines), encoding="utf-8")
    rows = (folder / "observations.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:6]
    (folder / "observations.jsonl").write_text("".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="too few items to keep half of them out"):
        analyze(folder, holdout="half")
    assert recorded(folder) is None


def test_plans_and_comparisons_rest_on_the_open_half(cli, folder, tmp_path):
    analyze(folder, holdout="half")
    other = tmp_path / "other"
    write_run(other, items=12)
    write_records(other / "pairs.jsonl", freqbias.read_pairs(folder))
    write_records(other / "observations.jsonl", freqbias.read_observations(folder))
    assert {row.n_items for row in compare(folder, other) if row.arm != "frequency-placebo"} == {6}
    done = cli("power", folder, "--json")
    assert {row["items"] for row in json.loads(done.stdout)} == {6}


def test_the_commands_do_the_same(cli, folder):
    def command(*words):
        return cli("analyze", folder, *words)

    assert command("--holdout", "half").exit_code == 0
    first = list(read_estimates(folder))
    assert command().exit_code == 0
    assert list(read_estimates(folder)) == first
    assert command("--confirm").exit_code == 0
    assert command("--confirm").exit_code == 2
    assert command("--confirm", "--again").exit_code == 0
    assert len(recorded(folder)["looks"]) == 2


def test_a_run_keeps_its_lock_while_models_are_added(cli, pair_file, tmp_path):
    out = tmp_path / "run"
    options = ["--pairs", pair_file, "--probe", "similarity", "--out", out, "--embedder", "synthetic:embed_words"]
    assert cli("run", *options, "--holdout", "half").exit_code == 0
    lock = recorded(out)
    assert (lock["shown"], lock["looks"], lock["seen_before"]) == ("open", [], False)
    assert read_json(out / "manifest.json")["config"]["holdout"] == "half"
    assert "which nobody has looked at" in (out / "report.md").read_text(encoding="utf-8")
    assert cli("run", *options, "--embedder", "synthetic:embed_random").exit_code == 0
    assert recorded(out) == lock
    items = {(row.model, row.arm): row.n_items for row in read_estimates(out) if (row.contrast, row.term) == ("gloss", "mean")}
    assert items["synthetic:embed_words", "frequency"] == items["synthetic:embed_random", "frequency"] == 30


def test_a_complete_run_is_estimated_again_where_a_half_is_asked_for(cli, pair_file, tmp_path):
    out = tmp_path / "run"
    options = ["--pairs", pair_file, "--probe", "similarity", "--out", out, "--embedder", "synthetic:embed_words"]
    assert cli("run", *options).exit_code == 0
    assert cli("run", *options, "--holdout", "half").exit_code == 0
    assert recorded(out)["seen_before"] is True
    assert "no blind test" in (out / "report.md").read_text(encoding="utf-8")
