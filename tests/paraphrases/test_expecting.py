"""What `substitute` says first: the coverage to expect, what would raise it, and what is too little."""

import pytest

from freqbias.paraphrases import substitute
from freqbias.paraphrases.expecting import expectation, shortfalls, ways_to_raise, without_couple
from freqbias.terms import FREQUENCY, PLACEBO


def counts(frequency, placebo):
    return {FREQUENCY: frequency, PLACEBO: placebo}


def test_expectation_of_all_texts_and_of_the_first():
    assert expectation(60, counts(6, 0), whole=True) == "expected: of 60 texts, 6 in arm frequency, 0 in arm placebo can be changed"
    told = expectation(200, counts(24, 7), whole=False)
    assert told == "expected, by the first 200 texts: 12% in arm frequency, 4% in arm placebo can be changed"


@pytest.mark.parametrize(
    ("frequency", "placebo", "said"),
    [
        (50, 50, []),
        (49, 50, ["frequency"]),
        (120, 60, []),
        (120, 59, ["placebo"]),
        (60, 49, ["placebo"]),
        (0, 0, ["frequency", "placebo"]),
    ],
)
def test_shortfalls(frequency, placebo, said):
    found = shortfalls(counts(frequency, placebo))
    assert [line.split()[1] for line in found] == said


def test_ways_are_those_not_in_use():
    (all_ways,) = ways_to_raise(synonyms=False, rules=True, capped=True, rewrite=True, words=["throat"])
    for way in ("--synonyms FILE", "such as throat", "--tagger hanta", "max_share=1", "--rewrite --lm MODEL"):
        assert way in all_ways
    left = ways_to_raise(synonyms=True, rules=False, capped=False, rewrite=True, words=["throat"])
    assert left == ["more: --rewrite --lm MODEL, by which a language model writes what stays as it is"]
    assert ways_to_raise(synonyms=True, rules=False, capped=False, rewrite=False, words=["throat"]) == []


def test_words_without_a_couple_are_counted_once_a_text():
    texts = ["A throat and a throat.", "The throat, the car.", "A car."]
    assert without_couple(texts, {"car"}) == ["throat"]


def lines(cli, tmp_path, count, *options):
    path, out = tmp_path / "t.txt", tmp_path / "pairs.jsonl"
    path.write_text("".join(f"He was stocky, and the throat of number {k} hurt.\n" for k in range(count)))
    result = cli("pairs", "substitute", path, "--out", out, *options)
    assert result.exit_code == 0, result.stderr
    return result.stderr.splitlines()


def test_the_command_says_it_before_what_it_did(cli, tmp_path):
    said = lines(cli, tmp_path, 60, "-o", "max_share=1")
    assert said[0].startswith("expected: of 60 texts, ")
    assert said[1].startswith("more: --synonyms FILE")
    assert "throat" in said[1]
    assert "arm placebo has 0 changed texts and cannot pass" in "\n".join(said[2:4])
    assert not any(line.startswith("arm frequency has") for line in said)
    few = lines(cli, tmp_path, 10, "-o", "max_share=1")
    assert few[2] == "arm frequency has 10 changed texts: with fewer than 50 only a very large effect can be seen"


def test_of_many_texts_the_first_tell(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(substitute, "SAMPLE", 20)
    said = lines(cli, tmp_path, 21, "-o", "max_share=1")
    assert said[0] == "expected, by the first 20 texts: 100% in arm frequency, 0% in arm placebo can be changed"
    assert sum(line.startswith("expected") for line in said) == 1
    assert lines(cli, tmp_path, 20, "-o", "max_share=1")[0].startswith("expected: of 20 texts, 20 in arm frequency")
