"""What is rare in the user's own texts: sides, gaps and arms by their counts, and the line where these are too few."""

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases.local import PRIOR_WORDS, read_local
from freqbias.paraphrases.substitute import generate
from freqbias.terms import FREQUENCY, PLACEBO

TEXT = "The car is free, and the tenant was late.\n"


def table(tmp_path, **counts):
    path = tmp_path / "counts.tsv"
    path.write_text("word\tcount\n" + "".join(f"{word}\t{count}\n" for word, count in {"the": 2_000_000, **counts}.items()))
    return path


def pairs_of(tmp_path, corpus):
    path = tmp_path / "t.txt"
    path.write_text(TEXT)
    return [pair for pair in generate([path], corpus=str(corpus), max_share=1.0) if pair.arm == FREQUENCY]


def test_the_side_and_the_gap_are_those_of_the_corpus(tmp_path):
    (pair,) = pairs_of(tmp_path, table(tmp_path, tenant=20, lessee=2000, car=5000, automobile=5))
    assert "the lessee was" in pair.high
    assert "the tenant was" in pair.low
    assert "The automobile is" in pair.low
    assert pair.meta["zipf_gap_by"] == "counts.tsv"
    assert 2.0 < pair.zipf_gap < 2.6
    assert pair.meta["general_zipf_gap"] != pair.zipf_gap
    assert pair.covariates["sense_share"] is not None


def test_what_is_level_here_is_left_out(tmp_path):
    (pair,) = pairs_of(tmp_path, table(tmp_path, tenant=2000, lessee=2000, car=5000, automobile=5))
    assert pair.meta["swaps"] == ["car-automobile-n"]
    local = read_local(table(tmp_path, tenant=2000, lessee=2000))
    assert "tenant-lessee-n" in local.left_out


def test_an_equal_pair_that_is_not_so_here_is_no_placebo(tmp_path):
    local = read_local(table(tmp_path, each=5000, every=50))
    assert "each" not in local.arms[PLACEBO].couples
    assert "each" in read_local(table(tmp_path, each=5000, every=5000)).arms[PLACEBO].couples


def test_a_small_corpus_changes_little_and_says_so(tmp_path):
    path = tmp_path / "own.txt"
    path.write_text("The dog slept and the car stood.\n")
    local = read_local(path)
    assert local.arms[FREQUENCY].couples["tenant"] == (("tenant", "lessee", "tenant-lessee-n"),)
    assert not local.turned
    assert "too small to tell what is rare here: with 7 words general frequency (wordfreq) weighs 100%" in local.lines()[1]
    large = read_local(table(tmp_path, tenant=20, lessee=2000, car=5000))
    assert large.total > PRIOR_WORDS
    assert len(large.lines()) == 1
    assert "1 are the other way round here (first: tenant-lessee-n)" in large.lines()[0]


def test_folders_and_rows_are_counted(tmp_path):
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("A lessee.")
    (folder / "b.txt").write_text("Two lessees.")
    assert read_local(folder).counts["lessee"] == 1
    rows = tmp_path / "r.jsonl"
    rows.write_text('{"body": "A lessee and a lessee."}\n')
    assert read_local(rows, "body").counts["lessee"] == 2
    with pytest.raises(InputError, match="there is no such file or folder"):
        read_local(tmp_path / "nothere")


def test_the_command_tells_it_first(cli, tmp_path):
    path = tmp_path / "t.txt"
    path.write_text(TEXT)
    result = cli("pairs", "substitute", path, "--corpus", path, "--out", tmp_path / "p.jsonl")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines()[0].startswith("t.txt: 9 words; ")
    missing = cli("pairs", "substitute", path, "--corpus", tmp_path / "nothere", "--out", tmp_path / "p.jsonl")
    assert missing.exit_code == 2
