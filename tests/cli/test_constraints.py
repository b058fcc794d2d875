"""`freqbias constraints` from models to its table: planted and null worlds, what cannot be run, and going on where it stopped."""

import json

import pytest

from freqbias import registry
from freqbias.files import write_records
from freqbias.paraphrases.lexicon import generate

N = 60
PLANTED, NULL = "constraining:embed_strong", "synthetic:embed_close"


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Let the synthetic models know the pairs that the command makes."""
    path = tmp_path / "known.jsonl"
    write_records(path, generate(n=N, seed=0))
    monkeypatch.setenv("FREQBIAS_TEST_PAIRS", str(path))
    return path


def cells(document, claim):
    (row,) = (own for own in document["claims"] if own["claim"] == claim)
    return {cell["model"]: cell for cell in row["cells"]}


def test_planted_and_null_models_have_their_words(cli, tmp_path, planted, monkeypatch):
    monkeypatch.delitem(registry.BUILT_IN["probes"], "geometry")
    out = tmp_path / "out"
    wanted = ("--claim", "exact-loses", "--claim", "frequent-wins", "--claim", "understated", "--claim", "entailment")
    given = ("constraints", "--before", PLANTED, "--after", NULL, "--embedder", "bm25", "--n", N, "--out", out, *wanted)
    first = cli(*given, "--json")
    assert first.exit_code == 0, first.stderr
    found = json.loads(first.stdout)
    assert [model["architecture"] for model in found["models"]] == ["bm25", "dense", "dense"]
    exact, decoy, entails = (cells(found, name) for name in ("exact-loses", "frequent-wins", "entailment"))
    assert exact[PLANTED]["word"] == "still present"
    assert exact[NULL]["word"] != "still present"
    assert "not detected" in [exact[NULL]["word"], *exact[NULL]["words_left"]]
    assert exact["bm25"]["reason"].startswith("it does no better than chance")
    assert exact[PLANTED]["ci_low"] > 10
    assert exact[PLANTED]["frequent_wording"]["value"] > exact[PLANTED]["rare_wording"]["value"] + 10
    assert decoy[PLANTED]["word"] != "still present"
    assert {cell["reason"] for cell in entails.values()} == {"the claim is not about this kind of model"}
    assert found["left_out"] == ["Cosine understates how alike frequent words are: not run, this version has no probe 'geometry' yet."]
    assert found["left_out"][0] in first.stderr
    assert (out / exact[PLANTED]["run"] / "report.html").is_file()
    verifiers, training = found["questions"]
    assert verifiers["answers"][0]["answer"] == "open"
    assert training["command"] is None
    assert training["answers"][0]["answer"] == "the gap"
    page = (out / "constraints.html").read_text(encoding="utf-8")
    assert "still present" in page
    assert all(str(tmp_path) not in (out / name).read_text(encoding="utf-8") for name in ("constraints.html", "constraints.md"))
    before = {path.name: path.read_bytes() for path in out.glob("constraints.*")}
    again = cli(*given)
    assert again.exit_code == 0
    assert again.stderr.count("nothing to do") == 3
    assert {path.name: path.read_bytes() for path in out.glob("constraints.*")} == before
    assert "still present" in again.stdout
    assert again.stdout.splitlines()[-1] == str(out / "constraints.html")


def test_what_fails_on_one_model_is_said_and_costs_the_others_nothing(cli, tmp_path, planted):
    given = ("constraints", "--embedder", "synthetic:nosuch_model", "--embedder", "bm25", "--out", tmp_path / "a")
    done = cli(*given)
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)  # a name that leads nowhere is told before anything is made
    assert not (tmp_path / "a").exists()
    done = cli(
        "constraints",
        "--embedder",
        "constraining:embed_broken",
        "--embedder",
        "bm25",
        "--claim",
        "rank",
        "--n",
        "12",
        "--out",
        tmp_path / "b",
        "--json",
    )
    assert done.exit_code == 0, done.stderr
    found = cells(json.loads(done.stdout), "rank")
    assert found["constraining:embed_broken"]["word"] == "not measured"
    assert "it broke" in found["constraining:embed_broken"]["reason"]
    assert found["bm25"]["value"] is not None
    assert sum("constraining:embed_broken: retrieval: not measured" in line for line in done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--embedder", "bm25", "--claim", "rnk"], "unknown claim 'rnk'; did you mean 'rank'"),
        (["--before", "bm25"], "--before and --after belong together"),
        ([], "no model to ask: give --embedder or --lm"),
        (["--lm", "bm25"], "give it to --embedder, not --lm"),
        (["--embedder", "bm25", "--out", "{folder}"], "not empty, and holds no constraints; give another --out"),
        (["--embedder", "bm25", "--out", "{folder}/file"], "is a file; give a folder"),
    ],
)
def test_bad_input_is_one_line_before_anything_is_made(cli, tmp_path, words, said):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("x")
    own = [word.format(folder=tmp_path / "full") for word in words]
    done = cli("constraints", *([] if "--out" in words else ["--out", tmp_path / "new"]), *own)
    assert done.exit_code == 2
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "new").exists()


def test_other_pairs_are_refused_and_fresh_keeps_what_was_there(cli, tmp_path):
    out = tmp_path / "out"
    given = ("constraints", "--embedder", "bm25", "--claim", "exact-loses", "--out", out)
    assert cli(*given, "--n", "6").exit_code == 0
    done = cli(*given, "--n", "8")
    assert (done.exit_code, "--n was 6 and is 8; give the same, --fresh, or another --out" in done.stderr) == (2, True)
    assert cli(*given, "--n", "8", "--fresh").exit_code == 0
    assert (tmp_path / "out.previous" / "constraints.html").is_file()
    assert json.loads((out / "asked.json").read_text())["n"] == 8
