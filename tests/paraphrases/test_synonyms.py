"""A user's own synonym table: which arm a row joins, what is left out, and what it does to texts."""

import pytest

from freqbias.errors import InputError
from freqbias.paraphrases import synonyms
from freqbias.paraphrases.substitute import Coverage, generate
from freqbias.paraphrases.synonyms import read_synonyms
from freqbias.terms import FREQUENCY, PLACEBO


def table(tmp_path, *rows, name="own.csv"):
    path = tmp_path / name
    path.write_text("".join(f"{row}\n" for row in rows))
    return path


def used(path):
    return {arm: sorted(own.sets) for arm, own in read_synonyms(path).arms.items()}


def test_a_row_joins_the_arm_that_its_gap_says(tmp_path):
    path = table(tmp_path, "word,word,part of speech", "dyspnea,breath,n", "evening,summer,noun", "", "Buy,Procure,verb")
    assert used(path) == {FREQUENCY: ["own:breath-dyspnea-noun", "own:buy-procure-verb"], PLACEBO: []}


def test_a_level_row_is_placebo_and_its_shorter_word_is_high(tmp_path, monkeypatch):
    found = read_synonyms(table(tmp_path, "physician,surgeon,noun"))
    rule, item = found.arms[PLACEBO].sets["own:surgeon-physician-noun"]
    assert (item.high, item.low, item.oriented_by, rule.takes) == ("surgeon", "physician", "characters", ("*",))
    assert found.arms[PLACEBO].couples["physician"] == (("surgeon", "physician", "own:surgeon-physician-noun"),)
    assert not found.arms[FREQUENCY].sets
    monkeypatch.setattr(synonyms, "mean_zipf_gap", lambda pairs: 0.05)
    monkeypatch.setattr(synonyms, "keeps_gap", lambda *_: True)
    with pytest.raises(InputError, match="1 equally frequent and equally long"):
        read_synonyms(table(tmp_path, "nurse,medic,noun"))


def test_what_is_left_out_is_counted_by_reason(tmp_path):
    path = table(
        tmp_path, "buy,procure,verb", "heart attack,infarction,noun", "car,qqxzzyk,noun", "buy,procure,verb", "evening,summer,noun"
    )
    found = str(read_synonyms(path))
    assert found.startswith("own.csv: word pairs: 1 in arm frequency, 0 in arm placebo; left out: ")
    for reason in (
        "1 not of two single words in plain letters",
        "1 with a word of unknown frequency",
        "1 whose words other rows have, or without a form to swap",
        "1 neither far apart (from 0.7 Zipf) nor level (up to 0.1)",
    ):
        assert reason in found


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("buy,procure", "expected word, word, part of speech; found 2 cells"),
        ("buy,procure,nuon", "part of speech: 'nuon' is not one of noun, verb, adjective, adverb"),
        ("buy,buy,verb", "needs two different words"),
        ("buy,,verb", "needs two different words"),
    ],
)
def test_faults_name_file_and_line(tmp_path, row, reason):
    path = table(tmp_path, "big,sizeable,adj", row)
    with pytest.raises(InputError, match=rf"own\.csv:2: {reason}"):
        read_synonyms(path)
    listed = []
    assert read_synonyms(path, listed).rows[FREQUENCY] == 1
    assert len(listed) == 1


def test_a_table_of_which_nothing_can_be_used_is_an_error(tmp_path):
    for rows in ([], ["a b,c,noun"]):
        with pytest.raises(InputError, match=r"own\.csv: no row can be used: .*; give rows of word, word, part of speech"):
            read_synonyms(table(tmp_path, *rows))


def test_other_separators(tmp_path):
    for separator in ";\t":
        path = table(tmp_path, separator.join(["buy", "procure", "v"]), name=f"own{ord(separator)}.csv")
        assert used(path)[FREQUENCY] == ["own:buy-procure-verb"]


def test_own_words_are_swapped_where_the_bundled_sets_have_none(tmp_path):
    texts = tmp_path / "t.txt"
    texts.write_text("They examined the throat. Later they bought two tickets.\n")
    assert not [pair for pair in generate([texts]) if "throat" in pair.high]
    own = table(tmp_path, "throat,pharynx,noun", "buy,procure,verb")
    coverage = Coverage()
    (pair,) = [pair for pair in generate([texts], synonyms=str(own), coverage=coverage) if pair.arm == FREQUENCY]
    assert pair.high == "They examined the throat. Later they bought two tickets."
    assert pair.low == "They examined the pharynx. Later they procured two tickets."
    assert pair.meta["swaps"] == ["own:throat-pharynx-noun", "own:buy-procure-verb"]
    assert pair.zipf_gap > 0.7
    assert "informal" not in pair.covariates


def test_a_row_goes_before_a_bundled_set_with_its_word(tmp_path):
    from freqbias.paraphrases.swapping import substitutions

    bundled = substitutions(FREQUENCY)
    high = "bought" if "bought" in bundled else sorted(bundled)[0]
    own = read_synonyms(table(tmp_path, "buy,procure,verb"))
    assert own.arms[FREQUENCY].couples["bought"] == (("bought", "procured", "own:buy-procure-verb"),)
    assert bundled.keys() <= own.arms[FREQUENCY].couples.keys()
    assert bundled[high][0][2].partition(":")[0] != "own"


def test_own_placebo_pairs_say_what_orients_them(tmp_path):
    texts = tmp_path / "t.txt"
    texts.write_text("They called the physician.\n")
    own = table(tmp_path, "surgeon,physician,noun")
    (pair,) = [pair for pair in generate([texts], synonyms=str(own)) if pair.arm == PLACEBO]
    assert (pair.high, pair.low, pair.meta["oriented_by"]) == ("They called the surgeon.", "They called the physician.", "characters")


def test_the_command_says_what_the_table_gives(cli, tmp_path):
    texts, out = tmp_path / "t.txt", tmp_path / "pairs.jsonl"
    texts.write_text("They examined the throat.\n")
    own = table(tmp_path, "throat,pharynx,noun")
    result = cli("pairs", "substitute", texts, "--synonyms", own, "--out", out)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[0] == "own.csv: word pairs: 1 in arm frequency, 0 in arm placebo"
    assert "frequency: 1 of 1 texts changed" in result.stderr
    result = cli("pairs", "lexicon", "--synonyms", own, "--out", out)
    assert (result.exit_code, "takes no --synonyms" in result.stderr) == (2, True)
