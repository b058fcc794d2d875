"""`substitute --rewrite`: pairs of both generators in one file, what is asked of the language model, and what is said and refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import rewriting
from rewriting import K, lines_of, rows_of, text

import freqbias
from freqbias.paraphrases import substitute
from freqbias.paraphrases.completing import generate, lacking
from freqbias.paraphrases.rewrite import TEXTS_AT_ONCE
from freqbias.terms import FREQUENCY, PLACEBO

pytestmark = pytest.mark.usefixtures("script")
OWN = "friend,pal,noun\nstreet,road,noun\n"  # text 4 in arm frequency, text 3 in the placebo; a bundled set changes text 0
MODELS = ["--lm", "rewriting:scripted", "--embedder", "rewriting:topics", "-o", "similarity=0.5", "-o", f"k={K}"]


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(OWN)
    return path


def command(source, out, *more):
    return ["pairs", "substitute", source, "-o", "max_share=1", "--rewrite", *MODELS, *more, "--out", out]


def made_by(pairs):
    """Return arm, number of the text and generator of each pair."""
    return [(pair.arm, int(pair.item.partition(":")[2]) - 1, pair.generator) for pair in pairs]


def asked():
    return [name for call in rewriting.scripted.calls for name in call]


def test_what_no_couple_changes_is_rewritten(cli, source, own, tmp_path):
    out = tmp_path / "pairs.jsonl"
    result = cli(*command(source, out, "--synonyms", own))
    assert result.exit_code == 0, result.stderr
    pairs = list(freqbias.read_pairs(out))
    kinds = {True: "substitute", False: "rewrite"}
    expected = [(FREQUENCY, n, kinds[n in (0, 4)]) for n in range(6)]
    assert made_by(pairs) == [*expected, *((PLACEBO, n, kinds[n == 3]) for n in (1, 2, 3, 5))]
    assert asked() == [text(n) for n in (1, 2, 3, 5)]
    assert all(pair.checks["numbers_equal"] and pair.checks["not_a_duplicate"] for pair in pairs)
    rows = rows_of(tmp_path / "pairs.candidates.jsonl")
    assert len(rows) == 4 * 2 * K
    assert {arm for row in rows if row["original"] == text(3) for arm in row["used"]} == {FREQUENCY}
    assert cli("audit", out).exit_code == 0


def test_pairs_are_those_of_either_generator_alone(cli, source, own, tmp_path):
    cli(*command(source, tmp_path / "both.jsonl", "--synonyms", own))
    cli("pairs", "substitute", source, "-o", "max_share=1", "--synonyms", own, "--out", tmp_path / "one.jsonl")
    cli("pairs", "rewrite", source, *MODELS, "--out", tmp_path / "other.jsonl")
    alone = {pair.id: pair for name in ("one", "other") for pair in freqbias.read_pairs(tmp_path / f"{name}.jsonl")}
    both = list(freqbias.read_pairs(tmp_path / "both.jsonl"))
    assert len(both) == 10
    assert [pair.checks for pair in both] == [alone[pair.id].checks for pair in both]
    texts = [(pair.high, pair.low, pair.zipf_gap) for pair in both]
    assert texts == [(alone[pair.id].high, alone[pair.id].low, alone[pair.id].zipf_gap) for pair in both]


def test_a_placebo_that_is_too_small_is_filled_up(source):
    pairs = generate([source], rewrite=True, lm="rewriting:scripted", embedder="rewriting:topics", similarity=0.5, k=K, max_share=1.0)
    assert made_by(pairs)[:2] == [(FREQUENCY, 0, "substitute"), (FREQUENCY, 1, "rewrite")]
    assert (PLACEBO, 0, "rewrite") in made_by(pairs)
    assert asked() == [text(n) for n in range(6)]


@pytest.mark.parametrize(
    ("frequency", "placebo", "found"),
    [
        ("ab", "a", {"c": (FREQUENCY, PLACEBO), "d": (FREQUENCY, PLACEBO)}),
        ("ab", "c", {"c": (FREQUENCY,), "d": (FREQUENCY, PLACEBO)}),
        ("abc", "a", {"b": (PLACEBO,), "c": (PLACEBO,), "d": (FREQUENCY, PLACEBO)}),
        ("abcd", "ab", {}),
    ],
)
def test_a_text_is_rewritten_for_what_it_lacks(frequency, placebo, found):
    assert lacking("abcd", set(frequency), set(placebo)) == found


def test_what_it_adds_is_said_before_and_after(cli, source, own, tmp_path):
    said = cli(*command(source, tmp_path / "pairs.jsonl", "--synonyms", own)).stderr.splitlines()
    expected, most, too_few = (next(k for k, line in enumerate(said) if line.startswith(start)) for start in ("exp", "--rew", "even"))
    written = next(k for k, line in enumerate(said) if line.startswith("scripted: rewrite"))
    assert expected < most < too_few < written
    assert said[expected] == "expected: of 6 texts, 2 in arm frequency, 1 in arm placebo can be changed"
    assert said[most] == (
        "--rewrite: 4 texts go to rewriting:scripted, 8 rewrites each; with all that could pass, 6 in arm frequency, 4 in arm placebo"
    )
    assert said[too_few] == "even so, arm frequency has 6 changed texts: with fewer than 50 only a very large effect can be seen"
    assert not any("--rewrite --lm MODEL" in line for line in said)
    after = said[written:]
    assert "4 texts, rewritten by scripted; meaning by rewriting:topics: cosine of at least 0.5 to the text" in after
    assert any(line.startswith("placebo: 3 of 3 texts give a pair") for line in after)
    assert "frequency, in all: 6 pairs of 6 texts, 2 by substitution and 4 by rewriting" in after
    assert "placebo, in all: 4 pairs of 6 texts, 1 by substitution and 3 by rewriting" in after
    assert any(line.startswith("arm placebo has 4 changed texts and cannot pass") for line in after)


def test_n_limits_each_arm_as_a_whole(source):
    options = {"rewrite": True, "lm": "rewriting:scripted", "embedder": "rewriting:topics", "similarity": 0.5, "k": K, "max_share": 1.0}
    some, other = (generate([source], n=3, seed=seed, **options) for seed in (0, 1))
    for pairs in (some, other):
        assert [pair.arm for pair in pairs] == [FREQUENCY] * 3 + [PLACEBO] * 3
    assert [pair.item for pair in some] != [pair.item for pair in other]


def test_nothing_is_asked_where_nothing_is_left(cli, tmp_path):
    source, own = tmp_path / "t.txt", tmp_path / "own.csv"
    source.write_text("He met a friend in the street.\n")
    own.write_text(OWN)
    result = cli(*command(source, tmp_path / "pairs.jsonl", "--synonyms", own))
    assert result.exit_code == 0, result.stderr
    assert asked() == []
    assert len(list(freqbias.read_pairs(tmp_path / "pairs.jsonl"))) == 2
    assert not (tmp_path / "pairs.candidates.jsonl").exists()


def test_texts_in_another_language_are_not_asked_about(source):
    french = "Il est resté dans la maison car il pleuvait et il ne voulait pas sortir."
    source.write_text(f"{text(2)}\n{french}\n")
    coverage = substitute.Coverage()
    options = {"rewrite": True, "lm": "rewriting:scripted", "embedder": "rewriting:topics", "similarity": 0.5, "k": K}
    assert len(generate([source], coverage=coverage, **options)) == 2
    assert asked() == [text(2)]
    assert sum("not in language" in line for line in coverage.lines()) == 1


def test_a_killed_run_goes_on_to_the_same_bytes(cli, source, tmp_path):
    cli(*command(source, tmp_path / "whole.jsonl"))
    out = tmp_path / "killed.jsonl"
    paths = os.pathsep.join([str(Path(rewriting.__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "FREQBIAS_TEST_DIES_AT": "2"}
    words = [sys.executable, "-m", "freqbias", *map(str, command(source, out))]
    killed = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert killed.returncode == -9, killed.stderr.decode()
    assert not out.exists()
    assert len(rows_of(tmp_path / "killed.candidates.jsonl")) == TEXTS_AT_ONCE * 2 * K
    rewriting.scripted.calls.clear()
    assert cli(*command(source, out)).exit_code == 0
    assert asked() == [text(4), text(5)]
    for ending in (".jsonl", ".candidates.jsonl"):
        assert (tmp_path / f"killed{ending}").read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


def test_a_model_that_writes_nonsense_leaves_the_substitutions(cli, source, tmp_path, script):
    script({text(n): {kind: ["Lorem ipsum dolor sit amet."] for kind in ("common", "uncommon")} for n in range(6)})
    result = cli(*command(source, tmp_path / "pairs.jsonl"))
    assert result.exit_code == 0, result.stderr
    assert made_by(freqbias.read_pairs(tmp_path / "pairs.jsonl")) == [(FREQUENCY, 0, "substitute")]
    assert "no two rewrites by scripted make a pair" in result.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rewrite"], "--rewrite needs a language model that writes; name one with --lm"),
        (["--lm", "rewriting:scripted"], "--lm is for --rewrite; add that, or leave it out"),
        (["--embedder", "rewriting:topics"], "--embedder is for --rewrite; add that, or leave it out"),
        (["-o", "k=3"], "-o k= is for --rewrite; add that, or leave it out"),
        (["--rewrite", "--lm", "nosuch"], "unknown model 'nosuch'"),
        (["--rewrite", "--lm", "bm25"], "model 'bm25' is not a language model"),
        (["--rewrite", "--lm", "rewriting:scripted", "--embedder", "nosuch"], "unknown model 'nosuch'"),
        (["--rewrite", "--lm", "rewriting:scripted", "-o", "k=0"], "-o k=0: must be at least 1"),
        (["--rewrite", "--lm", "rewriting:scripted", "-o", "k=many"], "-o k=many: expected `int`, got `str`"),
        (["--rewrite", "--lm", "rewriting:scripted", "-o", "gap=-1"], "-o gap=-1: must be above 0"),
        (
            ["--rewrite", "--lm", "rewriting:scripted", "-o", "side=both"],
            "-o side=both: judged documents and queries are",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(cli, source, tmp_path, words, said):
    result = cli("pairs", "substitute", source, *words, "--out", tmp_path / "out" / "pairs.jsonl")
    assert result.exit_code == 2, result.stderr
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("out/*"))
    assert asked() == []


@pytest.mark.parametrize("generator", ["rewrite", "lexicon", "wordnet"])
def test_other_generators_take_no_rewrite(cli, source, tmp_path, generator):
    given = [source] if generator == "rewrite" else []
    result = cli("pairs", generator, *given, "--rewrite", "--out", tmp_path / "pairs.jsonl")
    assert result.exit_code == 2
    assert f"generator '{generator}' takes no --rewrite" in result.stderr


def test_order_of_bytes_is_that_of_the_pairs(source, tmp_path, cli):
    out = tmp_path / "pairs.jsonl"
    cli(*command(source, out))
    options = {"rewrite": True, "lm": "rewriting:scripted", "embedder": "rewriting:topics", "similarity": 0.5, "k": K, "max_share": 1.0}
    assert lines_of(generate([source], **options)) == out.read_bytes()
