"""Runs in which a model is measured beside itself with remedies, from the command line to the report."""

import json

import pytest
import spaces

import freqbias
from freqbias.analysis.estimate.families import CONFIRMATORY_FAMILY
from freqbias.files import read_estimates
from freqbias.paraphrases.lexicon import generate
from freqbias.remedied import remedied
from freqbias.terms import FREQUENCY

PROBES = ("--probe", "similarity", "--probe", "retrieval")


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """Return a pair file that the spaces know."""
    from freqbias.files import write_records

    path = tmp_path / "sets.jsonl"
    write_records(path, [pair for pair in generate(n=24, seed=1) if pair.arm == FREQUENCY])
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(path))
    return path


def measured(folder):
    rows = [json.loads(line) for line in (folder / "observations.jsonl").read_text(encoding="utf-8").splitlines()]
    return list(dict.fromkeys((row["model"], row["probe"]) for row in rows))


def test_a_run_measures_a_model_and_its_remedies_side_by_side(cli, sets, tmp_path):
    run = ("run", "--pairs", sets, "--embedder", "spaces:shared", *PROBES, "--out", tmp_path / "run")
    alone = cli(*run)
    assert alone.exit_code == 0, alone.output
    before = (tmp_path / "run" / "observations.jsonl").read_bytes()
    estimates = [row.to_dict() for row in read_estimates(tmp_path / "run")]

    result = cli(*run, "--remedy", "frequency-direction", "--remedy", "expand-documents")
    assert result.exit_code == 0, result.output
    names = ["spaces:shared", "spaces:shared+frequency-direction", "spaces:shared+expand-documents"]
    assert measured(tmp_path / "run") == [(name, probe) for name in names for probe in ("similarity", "retrieval")]
    assert (tmp_path / "run" / "observations.jsonl").read_bytes().startswith(before)  # what was there is not measured again
    both = list(read_estimates(tmp_path / "run"))
    assert [row.to_dict() for row in both if row.model == names[0]] == estimates  # nor told otherwise
    assert {row.model for row in both} == set(names)  # and no mean over models counts one of them thrice
    assert all(row.p_adjusted is not None for row in both if row.family == CONFIRMATORY_FAMILY)

    told = {model["name"]: model["details"] for model in json.loads((tmp_path / "run" / "manifest.json").read_text())["models"]}
    direction = told[names[1]]
    assert (direction["remedy"], direction["without"]) == ("frequency-direction", names[0])
    assert direction["fitted_on"] == "the other half of the items"
    assert len(direction["fits"]) == 2
    (advice,) = json.loads((tmp_path / "run" / "report.json").read_text())["advice"]
    assert advice["model"] == names[0]
    assert [remedy["name"] for remedy in advice["remedies"]] == ["none", "frequency-direction", "expand-documents"]
    assert advice["remedies"][1]["sides"]["document"]["removed"]["value"] > 0.9
    assert "`frequency-direction`" in result.stdout
    for page in ("report.html", "findings.md"):
        text = (tmp_path / "run" / page).read_text(encoding="utf-8")
        assert "share of it removed" in text
        assert "the direction of frequency taken out" in text
    assert "nothing to do" in cli(*run, "--remedy", "frequency-direction", "--remedy", "expand-documents").stderr


def test_a_run_that_stopped_goes_on_with_its_remedies(sets, tmp_path, monkeypatch):
    from freqbias.run import probing

    options = {"embedders": "spaces:tied", "probes": ["similarity"], "remedies": ["centre"]}
    whole = freqbias.run(sets, **options, out=tmp_path / "whole")
    real = probing.with_remedy

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(probing, "with_remedy", stop)
    with pytest.raises(KeyboardInterrupt):
        freqbias.run(sets, **options, out=tmp_path / "parts")
    monkeypatch.setattr(probing, "with_remedy", real)
    freqbias.run(sets, **options, out=tmp_path / "parts")
    files = [(tmp_path / name / "observations.jsonl").read_bytes() for name in ("whole", "parts")]
    assert files[0] == files[1]
    assert set(whole.observations["model"]) == {"spaces:tied", "spaces:tied+centre"}


def test_language_models_and_probes_of_the_space_are_measured_without(sets, tmp_path):
    run = freqbias.run(
        sets,
        embedders="spaces:tied",
        lms="synthetic:lm_after",
        probes=["geometry", "similarity", "likelihood"],
        remedies="centre",
        out=tmp_path / "r",
    )
    found = set(run.observations[["model", "probe"]].itertuples(index=False, name=None))
    assert ("spaces:tied+centre", "similarity") in found
    assert not {("spaces:tied+centre", "geometry"), ("synthetic:lm_after+centre", "likelihood")} & found
    assert ("spaces:tied", "geometry") in found


def test_a_remedy_of_ones_own_by_reference(sets, tmp_path):
    run = freqbias.run(sets, embedders="spaces:tied", probes="similarity", remedies="spaces:quiet", out=tmp_path / "own")
    rows = run.observations
    rows = rows[(rows["contrast"] == "gloss") & (rows["arm"] == FREQUENCY)].groupby("model")["high"].mean()
    assert rows["spaces:tied+quiet"] == pytest.approx(rows["spaces:tied"] / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--embedder", "bm25", "--remedy", "centre"), "remedy 'centre' moves vectors, and model 'bm25' has not one a text"),
        (("--embedder", "spaces:tied", "--remedy", "center"), "unknown remedy 'center'; did you mean 'centre'?"),
        (("--lm", "synthetic:lm_after", "--remedy", "centre"), "--remedy is for models that score documents"),
        (("--embedder", "spaces:tied", "--remedy", "centre", "--shard", "0/2"), "--remedy is fitted in one process"),
        (("--embedder", "spaces:tied", "--remedy", "centre", "--probe", "geometry"), "a probe that asks them for scores"),
    ],
)
def test_what_cannot_be_done_is_one_line(cli, sets, tmp_path, options, line):
    result = cli("run", "--pairs", sets, *options, "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert line in result.stderr
    assert not (tmp_path / "run").exists()


def test_too_few_pairs_are_one_line_before_anything_is_measured(cli, tmp_path, sets):
    lines = [line for line in sets.read_text().splitlines() if json.loads(line)["arm"] == FREQUENCY]
    (tmp_path / "few.jsonl").write_text("\n".join(lines[:9]) + "\n")
    run = ("run", "--pairs", tmp_path / "few.jsonl", "--embedder", "spaces:tied", "--probe", "similarity", "--out", tmp_path / "run")
    result = cli(*run, "--remedy", "centre")
    assert (result.exit_code, "each of 8 at least; found" in result.stderr) == (2, True)
    assert not (tmp_path / "run").exists()


def test_a_dry_run_counts_remedies_and_imports_none_of_ones_own(cli, sets, tmp_path):
    result = cli(
        "run",
        "--pairs",
        sets,
        "--embedder",
        "bm25",
        "--remedy",
        "expand-documents",
        "--remedy",
        "nosuch:thing",
        "--dry-run",
        "--json",
        "--out",
        tmp_path,
    )
    assert result.exit_code == 0, result.output
    assert {row["model"] for row in json.loads(result.stdout)} == {"bm25", "bm25+expand-documents"}
    assert "remedy 'nosuch:thing' is code" in result.stderr


def test_a_file_names_no_remedy_that_is_code(cli, sets, tmp_path):
    (tmp_path / "config.yaml").write_text(f"pairs: {sets}\nembedder: bm25\nremedy: spaces:quiet\n")
    result = cli("run", tmp_path / "config.yaml", "--out", tmp_path / "run")
    assert (result.exit_code, "remedy: spaces:quiet runs code" in result.stderr) == (2, True)


def test_a_plus_sign_alone_makes_no_remedy():
    assert remedied(["c++", "a+b", "a", "a+b+centre", "a+centre"]) == {
        "a+b": ("a", "b"),
        "a+b+centre": ("a+b", "centre"),
        "a+centre": ("a", "centre"),
    }
    assert spaces.quiet.name == "quiet"
